import { describe, expect, it } from "vitest";
import { about, counted, roughly } from "./duration";

describe("a duration", () => {
  it.each([
    [0, "0:00"],
    [7.9, "0:07"],
    [65, "1:05"],
    [725, "12:05"],
    [3599, "59:59"],
    [3723, "1:02:03"],
    [360_000, "100:00:00"],
  ])("of %d s counts as a phone's display does: %s", (durationS, shown) => {
    expect(counted(durationS)).toBe(shown);
  });

  it.each([
    [0, "0 s"],
    [59.4, "59 s"],
    [59.6, "1 min"],
    [125, "2 min 5 s"],
    [3600, "1 h"],
    [3720, "1 h 2 min"],
  ])("of %d s is said in its two biggest units: %s", (durationS, said) => {
    expect(roughly(durationS)).toBe(said);
  });

  it.each([
    [40, "40 s"],
    [119, "1 min"],
    [3599, "59 min"],
    [7300, "2 h"],
  ])("of %d s is about %s", (durationS, said) => {
    expect(about(durationS)).toBe(said);
  });

  it("is never negative, though two clocks differ", () => {
    expect([counted(-5), roughly(-5), about(-5)]).toEqual(["0:00", "0 s", "0 s"]);
  });
});
