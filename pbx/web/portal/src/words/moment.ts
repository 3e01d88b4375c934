// Moments in the browser's zone and habits, the day left out where it is clear. Unix seconds in.

/** Whose habits and zone; left out: the browser's. */
export interface Place {
  locale?: string;
  timeZone?: string;
}

function format(at: number, options: Intl.DateTimeFormatOptions, { locale, timeZone }: Place): string {
  return new Intl.DateTimeFormat(locale, timeZone === undefined ? options : { ...options, timeZone }).format(at * 1000);
}

const DAY_S = 86_400;
const HALF_YEAR_S = 180 * DAY_S;

const sameDay = (at: number, other: number, place: Place) =>
  format(at, { dateStyle: "short" }, place) === format(other, { dateStyle: "short" }, place);

export function timeOfDay(at: number, place: Place = {}): string {
  return format(at, { timeStyle: "short" }, place);
}

/** Today 14:03, Yesterday 09:12, Mon 16 Nov 14:03, 16 Nov 2025 14:03. */
export function moment(at: number, now: number, place: Place = {}): string {
  return `${day(at, now, place)} ${timeOfDay(at, place)}`;
}

function day(at: number, now: number, place: Place): string {
  if (sameDay(at, now, place)) return "Today";
  // A day's change of the clocks makes "24 hours ago" the wrong day only within that one hour.
  if (at < now && sameDay(at, now - DAY_S, place)) return "Yesterday";
  if (Math.abs(now - at) < HALF_YEAR_S) {
    return format(at, { weekday: "short", day: "numeric", month: "short" }, place);
  }
  return format(at, { day: "numeric", month: "short", year: "numeric" }, place);
}

/** The whole of it, to the second and with the zone: for whoever compares with a log. */
export function exactMoment(at: number, place: Place = {}): string {
  return format(at, { dateStyle: "full", timeStyle: "long" }, place);
}
