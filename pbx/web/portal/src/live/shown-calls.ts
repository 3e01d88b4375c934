// Which calls the portal shows: those that are up, and for a moment those that have just ended, so that an end is seen
// and not guessed from a gap. Pure.
import type { LiveCall } from "../api/records";

export const FAREWELL_S = 4; // how long a call that is over stays in view

export interface ShownCall {
  call: LiveCall;
  endedAt: number | null; // unix seconds; null: it is up
}

/** What to show at `now` after the server said that `live` are all calls that are up. The newest call first. */
export function showCalls(shown: readonly ShownCall[], live: readonly LiveCall[], now: number): ShownCall[] {
  const up = live.filter((call) => call.phase !== "ended");
  const upIds = new Set(up.map((call) => call.id));
  const gone = shown
    .filter(({ call }) => !upIds.has(call.id))
    .map(({ call, endedAt }) => ({ call, endedAt: endedAt ?? now }))
    .filter(({ endedAt }) => now - endedAt < FAREWELL_S);
  return [...up.map((call) => ({ call, endedAt: null })), ...gone].sort(
    (a, b) => b.call.started_at - a.call.started_at || a.call.id.localeCompare(b.call.id),
  );
}
