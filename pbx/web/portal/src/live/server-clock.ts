// The server's time, as far as a browser can tell: a phone whose clock is wrong still shows how long a call lasts.
//
// Taken from the Date header of answers, which says whole seconds; a difference below TRUSTED_S is not a difference.

const TRUSTED_S = 2;

let aheadS = 0;

/** Reckons how far `dateHeader` is ahead of `nowMs`, the browser's clock when the answer came. */
export function differenceS(dateHeader: string | null, nowMs: number): number | null {
  const serverMs = dateHeader === null ? Number.NaN : Date.parse(dateHeader);
  if (Number.isNaN(serverMs)) return null;
  const ahead = (serverMs - nowMs) / 1000;
  return Math.abs(ahead) < TRUSTED_S ? 0 : ahead;
}

export function observeServerTime(dateHeader: string | null, nowMs: number): void {
  aheadS = differenceS(dateHeader, nowMs) ?? aheadS;
}

/** Unix seconds by the server's clock. */
export function serverNow(): number {
  return Date.now() / 1000 + aheadS;
}
