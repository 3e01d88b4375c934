// What the pages show, by the key under which it is cached; live events write to the same keys.
import { infiniteQueryOptions, queryOptions } from "@tanstack/react-query";
import { api } from "./client";

const CDRS_PER_PAGE = 50;
const RECENT_CDRS = 6;

export const KEYS = {
  me: ["me"],
  calls: ["calls"],
  registrations: ["registrations"],
  voicemail: ["voicemail"],
  cdrs: ["cdrs"], // and all below it
} as const;

export const meQuery = queryOptions({ queryKey: KEYS.me, queryFn: api.me, staleTime: Number.POSITIVE_INFINITY });
export const callsQuery = queryOptions({ queryKey: KEYS.calls, queryFn: api.calls });
export const registrationsQuery = queryOptions({ queryKey: KEYS.registrations, queryFn: api.registrations });
export const voicemailQuery = queryOptions({ queryKey: KEYS.voicemail, queryFn: api.voicemail });

export const recentCdrsQuery = queryOptions({
  queryKey: [...KEYS.cdrs, "recent"],
  queryFn: () => api.cdrs(RECENT_CDRS, null),
});

export const cdrsQuery = infiniteQueryOptions({
  queryKey: [...KEYS.cdrs, "pages"],
  queryFn: ({ pageParam }) => api.cdrs(CDRS_PER_PAGE, pageParam),
  initialPageParam: null as string | null,
  getNextPageParam: (page) => page.next,
});

export const cdrQuery = (id: string) =>
  queryOptions({ queryKey: [...KEYS.cdrs, "one", id], queryFn: () => api.cdr(id) });
