import { describe, expect, it } from "vitest";
import type { LiveCall } from "../api/records";
import { FAREWELL_S, type ShownCall, showCalls } from "./shown-calls";

const call = (id: string, started_at: number, phase = "talking"): LiveCall => ({
  id,
  tenant: "demo",
  from_number: "101",
  to_number: "102",
  phase,
  started_at,
  answered_at: null,
  parties: [],
});

const seen = (shown: ShownCall[]) => shown.map(({ call: { id }, endedAt }) => [id, endedAt]);

describe("live calls", () => {
  it("are shown with the newest first", () => {
    expect(seen(showCalls([], [call("a", 10), call("b", 20)], 30))).toEqual([
      ["b", null],
      ["a", null],
    ]);
  });

  it("that end stay in view for a moment, and then go", () => {
    const before = showCalls([], [call("a", 10)], 30);
    const ended = showCalls(before, [], 31);
    expect(seen(ended)).toEqual([["a", 31]]);
    expect(seen(showCalls(ended, [], 31 + FAREWELL_S - 0.1))).toEqual([["a", 31]]);
    expect(showCalls(ended, [], 31 + FAREWELL_S)).toEqual([]);
  });

  it("that the server calls ended are ended", () => {
    const before = showCalls([], [call("a", 10)], 30);
    expect(seen(showCalls(before, [call("a", 10, "ended")], 31))).toEqual([["a", 31]]);
  });

  it("that were over before they were seen are not shown at all", () => {
    expect(showCalls([], [call("a", 10, "ended")], 31)).toEqual([]);
  });

  it("that come back after a gap in the connection are up again", () => {
    const gone = showCalls(showCalls([], [call("a", 10)], 30), [], 31);
    expect(seen(showCalls(gone, [call("a", 10)], 32))).toEqual([["a", null]]);
  });
});
