// The calls that are up, each with a timer that runs.
import { Badge, Code } from "@mantine/core";
import { useEffect, useState } from "react";
import type { LiveCall } from "../api/records";
import { useNow } from "../live/live";
import { serverNow } from "../live/server-clock";
import { FAREWELL_S, type ShownCall, showCalls } from "../live/shown-calls";
import { Empty } from "../shell/card";
import { ArrowIcon, PhoneIcon } from "../shell/icons";
import { counted } from "../words/duration";
import { phase, timerStart } from "../words/phase";
import classes from "./live-calls.module.css";

const NO_CALLS: readonly LiveCall[] = [];

export function LiveCalls({ calls = NO_CALLS }: { calls: readonly LiveCall[] | undefined }) {
  const shown = useShownCalls(calls);
  const now = useNow();
  if (shown.length === 0) {
    return (
      <Empty icon={<PhoneIcon size={24} />} title="No call now">
        Dial <Code>600</Code> from a registered phone to hear yourself.
      </Empty>
    );
  }
  return (
    <ul className={classes.calls}>
      {shown.map((each) => (
        <CallLine key={each.call.id} shown={each} now={now} />
      ))}
    </ul>
  );
}

function useShownCalls(calls: readonly LiveCall[]): readonly ShownCall[] {
  const [shown, setShown] = useState<readonly ShownCall[]>([]);
  useEffect(() => {
    const look = () => setShown((before) => showCalls(before, calls, serverNow()));
    look();
    // Once more when the last of those that have just ended has been seen long enough.
    const timer = window.setTimeout(look, FAREWELL_S * 1000 + 100);
    return () => window.clearTimeout(timer);
  }, [calls]);
  return shown;
}

function CallLine({ shown: { call, endedAt }, now }: { shown: ShownCall; now: number }) {
  const isOver = endedAt !== null;
  const { words, color } = phase(isOver ? "ended" : call.phase);
  const others = call.parties.filter((party) => party !== call.to_number);
  return (
    <li
      className={classes.call}
      data-over={isOver || undefined}
      style={{ "--pulse": `var(--mantine-color-${color}-6)` } as React.CSSProperties}
    >
      <span className={classes.pulse} />
      <span className={classes.way}>
        {call.from_number || "Unknown"} <ArrowIcon size={14} /> <span className="unseen">to</span> {call.to_number}
        {others.length > 0 && (
          <span className={classes.parties}>
            {call.phase === "ringing" ? "rings" : "with"} {others.join(", ")}
          </span>
        )}
      </span>
      <Badge variant="light" color={color}>
        {words}
      </Badge>
      <span className={classes.timer} role="timer">
        {counted((endedAt ?? now) - timerStart(call))}
      </span>
    </li>
  );
}
