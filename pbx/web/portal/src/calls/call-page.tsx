// One call on a page of its own, for a link that someone sends.
import { Anchor, Badge } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { cdrQuery } from "../api/queries";
import { Card, Loading } from "../shell/card";
import { PageTitle } from "../shell/page-title";
import { outcome } from "../words/outcome";
import { caller } from "../words/phone";
import { CallDetails } from "./call-details";
import classes from "./calls.module.css";

export function CallPage({ id }: { id: string }) {
  const query = useQuery(cdrQuery(id));
  const cdr = query.data;
  const found = cdr === undefined ? null : outcome(cdr.disposition);
  return (
    <>
      <Anchor component={Link} to="/calls" size="sm">
        All calls
      </Anchor>
      <PageTitle title="Call" />
      <Card
        title={cdr === undefined ? "Call record" : `${caller(cdr.from_number, cdr.from_name)} to ${cdr.to_number}`}
        aside={
          found !== null && (
            <Badge variant="light" color={found.color}>
              {found.words}
            </Badge>
          )
        }
      >
        <Loading query={query}>
          {cdr !== undefined && (
            <div className={classes.whole}>
              <CallDetails cdr={cdr} isWholePage />
            </div>
          )}
        </Loading>
      </Card>
    </>
  );
}
