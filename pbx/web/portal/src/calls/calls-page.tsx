// All calls that are over, page by page.
import { Button, Center } from "@mantine/core";
import { useInfiniteQuery } from "@tanstack/react-query";
import { cdrsQuery } from "../api/queries";
import { Card, Loading } from "../shell/card";
import { PageTitle } from "../shell/page-title";
import { CallRows } from "./call-rows";

export function CallsPage() {
  const query = useInfiniteQuery(cdrsQuery);
  const cdrs = query.data?.pages.flatMap((page) => page.cdrs) ?? [];
  return (
    <>
      <PageTitle title="Calls">
        Every call that is over, the newest first. Open one to see why it went where it went.
      </PageTitle>
      <Card title="Call records">
        <Loading query={query}>
          <CallRows cdrs={cdrs} />
          {query.hasNextPage && (
            <Center p="md">
              <Button variant="default" loading={query.isFetchingNextPage} onClick={() => void query.fetchNextPage()}>
                Show older calls
              </Button>
            </Center>
          )}
        </Loading>
      </Card>
    </>
  );
}
