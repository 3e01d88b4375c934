import { expect, it } from "vitest";
import type { VoicemailMessage } from "../api/records";
import { boxesOf, inBox, withHeard, without } from "./boxes";

const message = (id: string, box: string, at: number): VoicemailMessage => ({
  id,
  box,
  from_number: "101",
  from_name: "",
  at,
  duration_s: 3,
  heard: false,
});

const OLD = message("m1", "101", 10);
const NEW = message("m1", "99", 30);
const MIDDLE = message("m2", "101", 20);
const ALL = [OLD, NEW, MIDDLE];

it("boxes are named once, in the order of their numbers", () => {
  expect(boxesOf(ALL)).toEqual(["99", "101"]);
});

it("a box shows its own messages, and no box all of them; the newest first", () => {
  expect(inBox(ALL, "101")).toEqual([MIDDLE, OLD]);
  expect(inBox(ALL, "")).toEqual([NEW, MIDDLE, OLD]);
});

it("a message is told by its box and its id: two boxes may have the same id", () => {
  expect(withHeard(ALL, OLD, true).map(({ heard }) => heard)).toEqual([true, false, false]);
  expect(without(ALL, OLD)).toEqual([NEW, MIDDLE]);
});
