// What became of a call and how it sounded, in words and in a colour. Pure.
import type { Cdr, CdrLeg, Disposition } from "../api/records";

export interface Outcome {
  words: string;
  color: string; // of Mantine's palette
}

const OUTCOMES: Record<Disposition, Outcome> = {
  answered: { words: "Answered", color: "teal" },
  busy: { words: "Busy", color: "orange" },
  "no-answer": { words: "No answer", color: "orange" },
  unavailable: { words: "No phone there", color: "orange" },
  cancelled: { words: "Caller gave up", color: "gray" },
  declined: { words: "Declined", color: "orange" },
  failed: { words: "Failed", color: "red" },
  interrupted: { words: "Cut off", color: "red" },
};

export function outcome(disposition: Disposition): Outcome {
  return OUTCOMES[disposition] ?? { words: disposition, color: "gray" };
}

// The satisfaction classes of ITU-T G.107 annex B, as MOS.
const QUALITIES: readonly (readonly [number, Outcome])[] = [
  [4.03, { words: "Good", color: "teal" }],
  [3.6, { words: "Fair", color: "yellow" }],
  [3.1, { words: "Poor", color: "orange" }],
  [0, { words: "Bad", color: "red" }],
];

/** How a leg with this MOS (1 to 4.5) sounded; null where none was measured. */
export function quality(mos: number | null): Outcome | null {
  return mos === null ? null : (QUALITIES.find(([least]) => mos >= least)?.[1] ?? null);
}

/** A call sounds as its worst leg does. */
export function worstMos(legs: readonly CdrLeg[]): number | null {
  const measured = legs.flatMap(({ media }) => (media?.mos == null ? [] : [media.mos]));
  return measured.length === 0 ? null : Math.min(...measured);
}

const ENDED_BY = { caller: "the caller hung up", callee: "the called party hung up", system: "the system ended it" };

/** How it ended, as one phrase. */
export function ending(cdr: Cdr): string {
  return cdr.reason === "" ? ENDED_BY[cdr.ended_by] : cdr.reason;
}

/** 0.0123 -> "1.2 %". */
export function percent(ratio: number): string {
  return `${(ratio * 100).toFixed(1)} %`;
}
