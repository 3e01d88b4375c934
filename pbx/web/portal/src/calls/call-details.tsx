// All that is known of one call: how it ended, why it went where it went, and how each leg sounded.
import { Anchor, Badge, Text, Timeline } from "@mantine/core";
import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";
import type { Cdr, CdrLeg, PathStep } from "../api/records";
import rows from "../shell/rows.module.css";
import { counted, roughly } from "../words/duration";
import { exactMoment } from "../words/moment";
import { ending, percent, quality } from "../words/outcome";
import classes from "./calls.module.css";

export function CallDetails({ cdr, isWholePage = false }: { cdr: Cdr; isWholePage?: boolean }) {
  return (
    <div className={classes.inside}>
      <dl className={classes.facts}>
        <Fact name="Started">{exactMoment(cdr.started_at)}</Fact>
        <Fact name="Rang">{rang(cdr)}</Fact>
        <Fact name="Talked">{cdr.answered_at === null ? "not answered" : counted(cdr.talk_s)}</Fact>
        <Fact name="Ended">
          {ending(cdr)}
          {cdr.sip_status !== null && <span className={rows.quiet}> (SIP {cdr.sip_status})</span>}
        </Fact>
      </dl>
      <section aria-label="Path">
        <h3 className={classes.heading}>Why it went there</h3>
        <Path steps={cdr.path} />
      </section>
      <section aria-label="Legs">
        <h3 className={classes.heading}>Legs</h3>
        {cdr.legs.length === 0 ? (
          <Text size="sm" c="var(--quiet)">
            No leg was set up.
          </Text>
        ) : (
          <div className={classes.legs}>
            {cdr.legs.map((leg) => (
              <Leg key={leg.leg} leg={leg} callStartedAt={cdr.started_at} />
            ))}
          </div>
        )}
      </section>
      <Text size="xs" c="var(--quiet)" className={classes.ids}>
        {!isWholePage && (
          <Anchor component={Link} to={`/calls/${encodeURIComponent(cdr.id)}`} size="xs">
            Link to this call
          </Anchor>
        )}
        <span>Call-ID {cdr.sip_call_id}</span>
      </Text>
    </div>
  );
}

function rang(cdr: Cdr): string {
  if (cdr.ringing_at === null) return "not at all";
  return roughly((cdr.answered_at ?? cdr.ended_at) - cdr.ringing_at);
}

function Fact({ name, children }: { name: string; children: ReactNode }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}

function Path({ steps }: { steps: readonly PathStep[] }) {
  if (steps.length === 0) {
    return (
      <Text size="sm" c="var(--quiet)">
        It never came to the plan.
      </Text>
    );
  }
  return (
    <Timeline bulletSize={14} lineWidth={2} active={steps.length - 1}>
      {steps.map((step, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: a record never changes, and its steps have no name of their own
        <Timeline.Item key={index} title={step.outcome === "" ? step.node : `${step.node}: ${step.outcome}`}>
          <Text size="sm" c="var(--quiet)">
            {step.reason}
          </Text>
        </Timeline.Item>
      ))}
    </Timeline>
  );
}

function Leg({ leg, callStartedAt }: { leg: CdrLeg; callStartedAt: number }) {
  const sound = quality(leg.media?.mos ?? null);
  return (
    <article className={classes.leg} aria-label={`${leg.role} ${leg.party}`}>
      <header className={classes.legHead}>
        <span>
          <b>{leg.party}</b> <span className={rows.quiet}>{leg.role === "caller" ? "called" : "was called"}</span>
        </span>
        {sound !== null && (
          <Badge variant="light" color={sound.color}>
            {sound.words}
          </Badge>
        )}
      </header>
      <Text size="xs" c="var(--quiet)" truncate title={leg.uri}>
        {leg.uri}
      </Text>
      <dl className={classes.figures}>
        <Fact name="Codec">{leg.media?.codec || "–"}</Fact>
        <Fact name="Lost">{figure(leg.media?.lost_ratio, percent)}</Fact>
        <Fact name="Jitter">{figure(leg.media?.jitter_ms, (ms) => `${ms.toFixed(1)} ms`)}</Fact>
        <Fact name="MOS">{figure(leg.media?.mos, (mos) => mos.toFixed(2))}</Fact>
        <Fact name="Packets in">{figure(leg.media?.packets_received, String)}</Fact>
        <Fact name="Packets out">{figure(leg.media?.packets_sent, String)}</Fact>
        <Fact name="Joined after">{roughly(leg.started_at - callStartedAt)}</Fact>
        <Fact name="On hold">{leg.held_s > 0 ? roughly(leg.held_s) : "never"}</Fact>
      </dl>
      {(leg.reason !== "" || leg.status !== null) && (
        <Text size="sm">
          {leg.reason || "Ended"}
          {leg.status !== null && <span className={rows.quiet}> (SIP {leg.status})</span>}
        </Text>
      )}
    </article>
  );
}

/** A figure that was never measured is a dash, not a zero. */
function figure(value: number | null | undefined, words: (value: number) => string): string {
  return value == null ? "–" : words(value);
}
