// The requests that the portal makes; one function each. The session is a cookie that scripts never see.
import { observeServerTime } from "../live/server-clock";
import { problemOf, ServerAway } from "./problem";
import type { Cdr, CdrPage, LiveCall, Me, Registration, VoicemailMessage } from "./records";

const CHANGING = { "X-Requested-With": "pbx" }; // what a form on a foreign page cannot send

async function send(method: string, path: string, body?: unknown): Promise<Response> {
  const headers: Record<string, string> = { Accept: "application/json" };
  if (method !== "GET") Object.assign(headers, CHANGING);
  if (body !== undefined) headers["Content-Type"] = "application/json";
  const response = await fetch(path, {
    method,
    headers,
    credentials: "same-origin",
    cache: "no-store",
    body: body === undefined ? null : JSON.stringify(body),
  }).catch(() => {
    throw new ServerAway();
  });
  observeServerTime(response.headers.get("Date"), Date.now());
  if (!response.ok) throw await problemOf(response);
  return response;
}

async function read<T>(path: string): Promise<T> {
  const response = await send("GET", path);
  return response.json().catch(() => {
    throw new ServerAway(); // a page of the portal, say, from a server that knows no /api
  });
}

const part = encodeURIComponent;

function messagePath(box: string, id: string): string {
  return `/api/voicemail/${part(box)}/${part(id)}`;
}

export const api = {
  me: () => read<Me>("/api/me"),
  calls: () => read<LiveCall[]>("/api/calls"),
  registrations: () => read<Registration[]>("/api/registrations"),
  voicemail: () => read<VoicemailMessage[]>("/api/voicemail"),
  cdr: (id: string) => read<Cdr>(`/api/cdrs/${part(id)}`),
  cdrs: (limit: number, after: string | null) =>
    read<CdrPage>(`/api/cdrs?limit=${limit}${after === null ? "" : `&after=${part(after)}`}`),

  signInByLink: (token: string) => send("POST", "/api/sign-in/link", { token }),
  signIn: (name: string, password: string) => send("POST", "/api/sign-in", { name, password }),
  signOut: () => send("POST", "/api/sign-out"),
  setPassword: (password: string, current: string | null) => send("PUT", "/api/me/password", { password, current }),

  markMessage: (box: string, id: string, heard: boolean) => send("PUT", messagePath(box, id), { heard }),
  deleteMessage: (box: string, id: string) => send("DELETE", messagePath(box, id)),
  audioAddress: (box: string, id: string) => `${messagePath(box, id)}/audio`,
};
