// An answer that is not what was asked for, and what a person reads of it (RFC 9457).

const SESSION_OVER = 401;

/** The server said no; `message` is in its own words. */
export class ApiProblem extends Error {
  constructor(
    readonly status: number,
    readonly title: string,
    readonly detail: string,
    readonly retryAfterS: number | null = null,
  ) {
    super(detail || title);
    this.name = "ApiProblem";
  }
}

/** The server could not be reached at all, or something that is not our server answered. */
export class ServerAway extends Error {
  constructor() {
    super("The server cannot be reached. Is it running, and are you connected?");
    this.name = "ServerAway";
  }
}

/** Reads an answer with an error status. Anything may stand in its body: a proxy's page is no problem+json. */
export async function problemOf(response: Response): Promise<ApiProblem> {
  const body: unknown = await response.json().catch(() => null);
  const field = (name: string): string => {
    const value = body !== null && typeof body === "object" ? (body as Record<string, unknown>)[name] : undefined;
    return typeof value === "string" ? value : "";
  };
  const title = field("title") || response.statusText || `The server answered ${response.status}`;
  return new ApiProblem(response.status, title, field("detail"), seconds(response.headers.get("Retry-After")));
}

function seconds(header: string | null): number | null {
  return header !== null && /^\d{1,6}$/.test(header) ? Number(header) : null;
}

/** What to tell a person about `error`, in one or two sentences. */
export function inWords(error: unknown): string {
  if (error instanceof ApiProblem) {
    const wait = error.retryAfterS === null ? "" : ` Try again in ${error.retryAfterS} s.`;
    return `${sentence(error.message)}${wait}`;
  }
  if (error instanceof Error) return sentence(error.message);
  return "Something went wrong.";
}

function sentence(text: string): string {
  const trimmed = text.trim();
  if (trimmed === "") return "Something went wrong.";
  const begun = trimmed[0]?.toUpperCase() + trimmed.slice(1);
  return /[.!?…]$/.test(begun) ? begun : `${begun}.`;
}

/** Whether the session is over, so that only signing in again helps. */
export function isSessionOver(error: unknown): boolean {
  return error instanceof ApiProblem && error.status === SESSION_OVER;
}
