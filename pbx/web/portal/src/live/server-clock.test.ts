import { expect, it } from "vitest";
import { differenceS } from "./server-clock";

const NOW_MS = Date.parse("2026-11-23T09:30:00Z");

it("a browser whose clock is an hour late is an hour behind the server", () => {
  expect(differenceS("Mon, 23 Nov 2026 10:30:00 GMT", NOW_MS)).toBe(3600);
});

it("a second is no difference: the header says no more than whole ones", () => {
  expect(differenceS("Mon, 23 Nov 2026 09:29:59 GMT", NOW_MS)).toBe(0);
});

it("an answer without a date, or with nonsense for one, tells nothing", () => {
  expect(differenceS(null, NOW_MS)).toBeNull();
  expect(differenceS("soon", NOW_MS)).toBeNull();
});
