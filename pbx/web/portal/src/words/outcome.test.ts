import { describe, expect, it } from "vitest";
import type { Cdr, CdrLeg, Disposition } from "../api/records";
import { ending, outcome, percent, quality, worstMos } from "./outcome";

const leg = (mos: number | null): CdrLeg =>
  ({ media: mos === null ? null : { codec: "PCMU", mos } }) as unknown as CdrLeg;

describe("a call", () => {
  it("sounds as its worst leg does", () => {
    expect(worstMos([leg(4.3), leg(3.2), leg(null)])).toBe(3.2);
  });

  it("has no sound where none was measured", () => {
    expect(worstMos([leg(null)])).toBeNull();
    expect(worstMos([])).toBeNull();
    expect(quality(null)).toBeNull();
  });

  it.each([
    [4.4, "Good"],
    [4.0, "Fair"],
    [3.3, "Poor"],
    [1.0, "Bad"],
  ])("with a MOS of %d sounds %s", (mos, words) => {
    expect(quality(mos)?.words).toBe(words);
  });

  it("ended for its reason, or else by somebody's hand", () => {
    expect(ending({ reason: "no common codec", ended_by: "system" } as Cdr)).toBe("no common codec");
    expect(ending({ reason: "", ended_by: "callee" } as Cdr)).toBe("the called party hung up");
  });

  it("with an outcome from a newer server is shown by that name", () => {
    expect(outcome("parked" as Disposition).words).toBe("parked");
  });
});

it("a ratio is said in percent, to a tenth", () => {
  expect(percent(0.0123)).toBe("1.2 %");
});
