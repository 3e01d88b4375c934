// The first page: what is going on now.
import { Anchor } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { callsQuery, recentCdrsQuery, registrationsQuery, voicemailQuery } from "../api/queries";
import { CallRows } from "../calls/call-rows";
import { LiveCalls } from "../calls/live-calls";
import { PhoneRows } from "../phones/phone-rows";
import { Card, Loading } from "../shell/card";
import { PageTitle } from "../shell/page-title";
import { Figure } from "./figure";
import classes from "./overview.module.css";

export function Overview() {
  const calls = useQuery(callsQuery);
  const registrations = useQuery(registrationsQuery);
  const voicemail = useQuery(voicemailQuery);
  const recent = useQuery(recentCdrsQuery);
  const registered = registrations.data?.filter(({ contacts }) => contacts.length > 0).length;
  const unheard = voicemail.data?.filter(({ heard }) => !heard).length;
  const up = calls.data?.filter(({ phase }) => phase !== "ended").length;
  return (
    <>
      <PageTitle title="Overview" />
      <div className={classes.figures}>
        <Figure words="Calls now" value={up} isLively={up !== undefined && up > 0} />
        <Figure words="Phones registered" value={registered} of={registrations.data?.length} to="/phones" />
        <Figure words="New voicemail" value={unheard} isLively={unheard !== undefined && unheard > 0} to="/voicemail" />
      </div>
      <div className={classes.cards}>
        <Card title="Live calls">
          <Loading query={calls}>
            <LiveCalls calls={calls.data} />
          </Loading>
        </Card>
        <Card title="Latest calls" aside={<More to="/calls" />}>
          <Loading query={recent}>
            <CallRows cdrs={recent.data?.cdrs ?? []} />
          </Loading>
        </Card>
        <Card title="Phones" aside={<More to="/phones" />}>
          <Loading query={registrations}>
            <PhoneRows registrations={registrations.data ?? []} />
          </Loading>
        </Card>
      </div>
    </>
  );
}

function More({ to }: { to: "/calls" | "/phones" }) {
  return (
    <Anchor component={Link} to={to} size="sm">
      All {to.slice(1)}
    </Anchor>
  );
}
