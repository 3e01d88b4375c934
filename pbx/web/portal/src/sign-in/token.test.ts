import { beforeEach, expect, it } from "vitest";
import { dropToken, takenToken, takeToken } from "./token";

let address: string[];
const history = {
  replaceState: (_data: unknown, _title: string, url: string) => address.push(url),
} as unknown as History;

beforeEach(() => {
  address = [];
  dropToken();
});

it("a link's token is taken, and leaves the address bar at once", () => {
  takeToken({ pathname: "/sign-in", hash: "#demo.abc" }, history);
  expect(takenToken()).toBe("demo.abc");
  expect(address).toEqual(["/sign-in"]);
});

it("a token is taken nowhere but on the sign-in page", () => {
  takeToken({ pathname: "/calls", hash: "#page" }, history);
  takeToken({ pathname: "/sign-in", hash: "#" }, history);
  expect(takenToken()).toBe("");
  expect(address).toEqual([]);
});
