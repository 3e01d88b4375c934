// The calls that are up, and below them all that are over, page by page.
import { Button, Center, Stack } from "@mantine/core";
import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { callsQuery, cdrsQuery } from "../api/queries";
import { Card, Loading } from "../shell/card";
import { PageTitle } from "../shell/page-title";
import { CallRows } from "./call-rows";
import { LiveCalls } from "./live-calls";

export function CallsPage() {
  const live = useQuery(callsQuery);
  const query = useInfiniteQuery(cdrsQuery);
  const cdrs = query.data?.pages.flatMap((page) => page.cdrs) ?? [];
  return (
    <>
      <PageTitle title="Calls">
        What is going on, and every call that is over, the newest first. Open one to see why it went where it went.
      </PageTitle>
      <Stack gap="md">
        <Card title="Live calls">
          <Loading query={live}>
            <LiveCalls calls={live.data} />
          </Loading>
        </Card>
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
      </Stack>
    </>
  );
}
