// Records of calls, one row each; a row opens what is known of its call.
import { ActionIcon, Badge, Code } from "@mantine/core";
import { Fragment, type MouseEvent, useId, useState } from "react";
import type { Cdr } from "../api/records";
import { useNow } from "../live/live";
import { Empty } from "../shell/card";
import { CallsIcon, ChevronIcon } from "../shell/icons";
import rows from "../shell/rows.module.css";
import { counted } from "../words/duration";
import { exactMoment, moment } from "../words/moment";
import { outcome, quality, worstMos } from "../words/outcome";
import { caller } from "../words/phone";
import { CallDetails } from "./call-details";
import classes from "./calls.module.css";

const COLUMNS = 7;

export function CallRows({ cdrs }: { cdrs: readonly Cdr[] }) {
  const [openId, setOpenId] = useState<string | null>(null);
  const now = useNow();
  if (cdrs.length === 0) {
    return (
      <Empty icon={<CallsIcon size={24} />} title="No call yet">
        Every call that is over stands here, whether it was answered or not. Dial <Code>600</Code> to make the first.
      </Empty>
    );
  }
  return (
    <div className={rows.scroll}>
      <table className={rows.table}>
        <caption className="unseen">Calls, the newest first</caption>
        <thead>
          <tr>
            <th scope="col">When</th>
            <th scope="col">From</th>
            <th scope="col">To</th>
            <th scope="col">Result</th>
            <th scope="col" className={rows.wide}>
              Sound
            </th>
            <th scope="col" className={`${rows.wide} ${rows.number}`}>
              Talked
            </th>
            <th scope="col">
              <span className="unseen">Details</span>
            </th>
          </tr>
        </thead>
        <tbody>
          {cdrs.map((cdr) => (
            <CallRow
              key={cdr.id}
              cdr={cdr}
              now={now}
              isOpen={cdr.id === openId}
              toggle={() => setOpenId(cdr.id === openId ? null : cdr.id)}
            />
          ))}
        </tbody>
      </table>
    </div>
  );
}

interface CallRowProps {
  cdr: Cdr;
  now: number;
  isOpen: boolean;
  toggle: () => void;
}

function CallRow({ cdr, now, isOpen, toggle }: CallRowProps) {
  const detailsId = useId();
  const { words, color } = outcome(cdr.disposition);
  const sound = quality(worstMos(cdr.legs));
  // The whole row for the mouse, the button for the keyboard and for screen readers; both at once would undo each other.
  const onButton = (event: MouseEvent) => {
    event.stopPropagation();
    toggle();
  };
  return (
    <Fragment>
      <tr className={`${rows.row} ${rows.opens} ${classes.call}`} onClick={toggle} data-call={cdr.id}>
        <td className={`${rows.nowrap} ${classes.when}`} title={exactMoment(cdr.started_at)}>
          {moment(cdr.started_at, now)}
        </td>
        <td className={classes.from}>{caller(cdr.from_number, cdr.from_name)}</td>
        <td className={classes.to}>{cdr.to_number}</td>
        <td className={classes.result}>
          <Badge variant="light" color={color}>
            {words}
          </Badge>
        </td>
        <td className={`${rows.wide} ${rows.nowrap}`}>
          {sound === null ? (
            <span className={rows.quiet}>–</span>
          ) : (
            <span
              className={classes.sound}
              style={{ "--sound": `var(--mantine-color-${sound.color}-6)` } as React.CSSProperties}
            >
              {sound.words}
            </span>
          )}
        </td>
        <td className={`${rows.wide} ${rows.number}`}>
          {cdr.answered_at === null ? <span className={rows.quiet}>–</span> : counted(cdr.talk_s)}
        </td>
        <td className={`${rows.number} ${classes.open}`}>
          <ActionIcon
            variant="subtle"
            color="gray"
            onClick={onButton}
            aria-expanded={isOpen}
            aria-controls={detailsId}
            aria-label={`Details of the call from ${cdr.from_number} to ${cdr.to_number}`}
          >
            <span className={classes.chevron} data-open={isOpen || undefined}>
              <ChevronIcon size={18} />
            </span>
          </ActionIcon>
        </td>
      </tr>
      {isOpen && (
        <tr id={detailsId}>
          <td colSpan={COLUMNS} className={classes.details}>
            <CallDetails cdr={cdr} />
          </td>
        </tr>
      )}
    </Fragment>
  );
}
