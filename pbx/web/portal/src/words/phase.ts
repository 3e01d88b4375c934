// A live call's phase, as a person would say it. Pure.
import type { LiveCall } from "../api/records";
import type { Outcome } from "./outcome";

const PHASES: Record<string, Outcome> = {
  routing: { words: "Starting", color: "gray" },
  ringing: { words: "Ringing", color: "yellow" },
  talking: { words: "Talking", color: "teal" },
  application: { words: "With the PBX", color: "indigo" },
  ended: { words: "Ended", color: "gray" },
};

export function phase(name: string): Outcome {
  return PHASES[name] ?? { words: name, color: "gray" };
}

/** What the call's running timer counts from: the answer, or the start until then. */
export function timerStart(call: LiveCall): number {
  return call.answered_at ?? call.started_at;
}
