import { describe, expect, it } from "vitest";
import { AT_START, callProcessChanged, streamChanged, troubleOf } from "./connection";

const open = streamChanged(AT_START, true);

describe("the connection", () => {
  it("is no trouble before the first try has come to an end", () => {
    expect(troubleOf(AT_START)).toBeNull();
  });

  it("is trouble while the server cannot be reached, and none again after", () => {
    const lost = streamChanged(open, false);
    expect(troubleOf(lost)?.title).toContain("No connection");
    expect(troubleOf(streamChanged(lost, true))).toBeNull();
  });

  it("tells the call process's absence from the server's", () => {
    const down = callProcessChanged(open, { call_process: "down" });
    expect(troubleOf(down)?.title).toContain("call process");
    expect(troubleOf(streamChanged(down, false))?.title).toContain("No connection");
    expect(troubleOf(callProcessChanged(down, { call_process: "up" }))).toBeNull();
  });

  it.each([null, 7, "down", {}, { call_process: "sideways" }])("takes nothing from %j", (data) => {
    expect(callProcessChanged(open, data)).toEqual(open);
  });
});
