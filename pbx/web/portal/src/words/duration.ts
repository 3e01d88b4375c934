// Durations as people read them. Seconds in; never negative out: clocks of two machines differ.

const MINUTE_S = 60;
const HOUR_S = 3600;

const twoDigits = (count: number) => String(count).padStart(2, "0");

/** As a phone's display counts: 0:07, 12:05, 1:02:03. */
export function counted(durationS: number): string {
  const whole = Math.max(0, Math.floor(durationS));
  const hours = Math.floor(whole / HOUR_S);
  const minutes = Math.floor((whole % HOUR_S) / MINUTE_S);
  const seconds = twoDigits(whole % MINUTE_S);
  return hours > 0 ? `${hours}:${twoDigits(minutes)}:${seconds}` : `${minutes}:${seconds}`;
}

/** The two biggest units: 7 s, 2 min 5 s, 1 h 2 min. */
export function roughly(durationS: number): string {
  const whole = Math.max(0, Math.round(durationS));
  if (whole < MINUTE_S) return `${whole} s`;
  if (whole < HOUR_S) return pair(Math.floor(whole / MINUTE_S), "min", whole % MINUTE_S, "s");
  return pair(Math.floor(whole / HOUR_S), "h", Math.floor((whole % HOUR_S) / MINUTE_S), "min");
}

/** The biggest unit alone, for what need not be counted down: 40 s, 29 min, 1 h. */
export function about(durationS: number): string {
  if (durationS < MINUTE_S) return roughly(durationS);
  if (durationS < HOUR_S) return `${Math.floor(durationS / MINUTE_S)} min`;
  return `${Math.floor(durationS / HOUR_S)} h`;
}

function pair(big: number, bigUnit: string, small: number, smallUnit: string): string {
  return small === 0 ? `${big} ${bigUnit}` : `${big} ${bigUnit} ${small} ${smallUnit}`;
}
