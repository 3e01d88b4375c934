// How hard a password is to guess, roughly, and in words. Pure. It advises; the server decides.
//
// An estimate by length and variety: what repeats or runs on (aaaa, 1234, abcd) counts as if it were hardly there.

export const LENGTH_MIN = 10; // characters; the server refuses fewer

export interface Strength {
  /** 0 (refused) to 4 (strong). */
  score: 0 | 1 | 2 | 3 | 4;
  words: string;
}

const CLASSES: readonly (readonly [RegExp, number])[] = [
  [/[a-z]/, 26],
  [/[A-Z]/, 26],
  [/[0-9]/, 10],
  [/[ -/:-@[-`{-~]/, 33],
  [/[^ -~]/, 100],
];

const RUN_WORTH = 0.2; // of a character that can be foretold from the one before it

/** Characters that say something new. */
function surprises(characters: readonly string[]): number {
  const codes = characters.map((character) => character.codePointAt(0) ?? 0);
  const steps = codes.map((code, index) => (index === 0 ? Number.NaN : code - (codes[index - 1] ?? 0)));
  const counts = steps.map((step) => (Math.abs(step) <= 1 ? RUN_WORTH : 1));
  const variety = new Set(characters).size;
  return Math.min(
    counts.reduce((sum, count) => sum + count, 0),
    variety * 2,
  );
}

export function strength(password: string): Strength {
  const characters = [...password];
  const missing = LENGTH_MIN - characters.length;
  if (missing > 0)
    return { score: 0, words: `Too short: ${missing} more ${missing === 1 ? "character" : "characters"}` };
  const pool = CLASSES.reduce((sum, [members, size]) => sum + (members.test(password) ? size : 0), 0);
  const bits = surprises(characters) * Math.log2(Math.max(pool, 2));
  if (bits < 40) return { score: 1, words: "Weak: easily guessed. Longer is better than stranger" };
  if (bits < 60) return { score: 2, words: "Fair: one more word would make it good" };
  if (bits < 80) return { score: 3, words: "Good" };
  return { score: 4, words: "Strong" };
}
