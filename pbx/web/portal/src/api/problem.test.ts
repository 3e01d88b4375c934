import { describe, expect, it } from "vitest";
import { ApiProblem, inWords, isSessionOver, problemOf, ServerAway } from "./problem";

const answer = (status: number, body: string, headers: Record<string, string> = {}) =>
  problemOf(new Response(body, { status, headers }));

describe("a problem", () => {
  it("is told in the server's own words, as a sentence", async () => {
    const problem = await answer(410, '{"title":"Gone","status":410,"detail":"this link was used already"}');
    expect(inWords(problem)).toBe("This link was used already.");
    expect(problem.status).toBe(410);
  });

  it("without a detail has its title", async () => {
    expect(inWords(await answer(409, '{"title":"Conflict"}'))).toBe("Conflict.");
  });

  it("that asks for patience says for how long", async () => {
    const problem = await answer(429, '{"title":"Too Many Requests","detail":"Too many tries."}', {
      "Retry-After": "30",
    });
    expect(inWords(problem)).toBe("Too many tries. Try again in 30 s.");
  });

  it.each(["", "<html>Bad Gateway</html>", "null", "[1]", '{"title":7,"detail":{}}'])(
    "of a proxy that answers %j still has words",
    async (body) => {
      expect(inWords(await answer(502, body))).toBe("The server answered 502.");
    },
  );

  it("with a date to wait for, which no server of ours sends, asks for no seconds", async () => {
    const problem = await answer(503, "", { "Retry-After": "Mon, 23 Nov 2026 10:00:00 GMT" });
    expect(problem.retryAfterS).toBeNull();
  });

  it("of status 401 says that the session is over, and no other does", () => {
    expect(isSessionOver(new ApiProblem(401, "Unauthorized", ""))).toBe(true);
    expect(isSessionOver(new ApiProblem(403, "Forbidden", ""))).toBe(false);
    expect(isSessionOver(new ServerAway())).toBe(false);
  });
});

it("whatever is thrown has words", () => {
  expect(inWords(new ServerAway())).toContain("cannot be reached");
  expect(inWords("oops")).toBe("Something went wrong.");
  expect(inWords(new Error(""))).toBe("Something went wrong.");
});
