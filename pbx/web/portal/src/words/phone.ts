// What a phone calls itself, short enough for a line. Pure.

const LENGTH_MAX = 40;

/** "baresip v1.1.0 (x86_64/Linux)" -> "baresip v1.1.0"; a phone that says nothing is an unnamed one. */
export function phoneName(userAgent: string): string {
  const short = userAgent.replace(/\s*\([^)]*\)\s*/g, " ").trim();
  if (short === "") return "Unnamed phone";
  return short.length > LENGTH_MAX ? `${short.slice(0, LENGTH_MAX - 1)}…` : short;
}

/** "Ada (101)", or the number or the name alone. */
export function caller(number: string, name: string): string {
  if (number === "") return name || "Unknown";
  return name === "" || name === number ? number : `${name} (${number})`;
}
