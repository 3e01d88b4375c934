import { expect, it } from "vitest";
import { caller, phoneName } from "./phone";

it("a phone is called by its name, without the machine it was built for", () => {
  expect(phoneName("baresip v1.1.0 (x86_64/Linux)")).toBe("baresip v1.1.0");
});

it("a phone that says nothing of itself is an unnamed one", () => {
  expect(phoneName("")).toBe("Unnamed phone");
  expect(phoneName("(x86_64)")).toBe("Unnamed phone");
});

it("a phone that says too much is cut short", () => {
  expect(phoneName("x".repeat(500))).toHaveLength(40);
});

it("a caller has a name and a number, or what there is of them", () => {
  expect(caller("101", "Ada")).toBe("Ada (101)");
  expect(caller("101", "")).toBe("101");
  expect(caller("101", "101")).toBe("101");
  expect(caller("", "self-test")).toBe("self-test");
  expect(caller("", "")).toBe("Unknown");
});
