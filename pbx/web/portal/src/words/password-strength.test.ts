import { describe, expect, it } from "vitest";
import { LENGTH_MIN, strength } from "./password-strength";

describe("a password", () => {
  it("that is too short is refused, and says by how much", () => {
    expect(strength("")).toEqual({ score: 0, words: "Too short: 10 more characters" });
    expect(strength("a".repeat(LENGTH_MIN - 1))).toEqual({ score: 0, words: "Too short: 1 more character" });
  });

  it.each(["aaaaaaaaaaaa", "1234567890", "abcdefghijkl", "abababababab"])(
    "%s is weak, though long enough",
    (password) => {
      expect(strength(password).score).toBe(1);
    },
  );

  it.each(["correct horse battery", "Tr0ub4dor&3-extra", "zażółć gęślą jaźń"])("%s is at least good", (password) => {
    expect(strength(password).score).toBeGreaterThanOrEqual(3);
  });

  it("counts characters, not halves of them", () => {
    expect(strength("😀".repeat(5)).words).toBe("Too short: 5 more characters");
  });
});
