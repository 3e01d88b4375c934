// Which phones are registered, from where, and until when.
import { Text } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { registrationsQuery } from "../api/queries";
import { Card, Loading } from "../shell/card";
import { PageTitle } from "../shell/page-title";
import { PhoneRows } from "./phone-rows";

export function PhonesPage() {
  const registrations = useQuery(registrationsQuery);
  const registered = registrations.data?.filter(({ contacts }) => contacts.length > 0).length ?? 0;
  const of = registrations.data?.length ?? 0;
  return (
    <>
      <PageTitle title="Phones">
        Who can be called now. A phone renews its registration by itself before it ends.
      </PageTitle>
      <Card
        title="Extensions"
        aside={
          <Text size="sm" c="var(--quiet)">
            {registered} of {of} registered
          </Text>
        }
      >
        <Loading query={registrations}>
          <PhoneRows registrations={registrations.data ?? []} />
        </Loading>
      </Card>
    </>
  );
}
