import { describe, expect, it } from "vitest";
import { exactMoment, moment } from "./moment";

const LONDON = { locale: "en-GB", timeZone: "Europe/London" };
const NEW_YORK = { locale: "en-GB", timeZone: "America/New_York" };
const unix = (iso: string) => Date.parse(iso) / 1000;
const NOW = unix("2026-11-23T09:30:00Z");

describe("a moment", () => {
  it.each([
    ["2026-11-23T09:05:00Z", "Today 09:05"],
    ["2026-11-22T23:59:00Z", "Yesterday 23:59"],
    ["2026-11-16T14:03:00Z", "Mon 16 Nov 14:03"],
    ["2025-11-16T14:03:00Z", "16 Nov 2025 14:03"],
    ["2026-11-23T11:00:00Z", "Today 11:00"],
  ])("%s is said as %s", (iso, said) => {
    // Some versions of the language data put a comma behind the weekday.
    expect(moment(unix(iso), NOW, LONDON).replace(",", "")).toBe(said);
  });

  it("belongs to the day of the browser's zone", () => {
    expect(moment(unix("2026-11-23T03:00:00Z"), NOW, LONDON)).toBe("Today 03:00");
    expect(moment(unix("2026-11-23T03:00:00Z"), NOW, NEW_YORK)).toBe("Yesterday 22:00");
  });

  it("says its zone where it is exact", () => {
    expect(exactMoment(NOW, LONDON)).toContain("GMT");
    expect(exactMoment(NOW, LONDON)).toContain("09:30:00");
  });
});
