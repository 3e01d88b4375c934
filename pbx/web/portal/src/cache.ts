// The cache of what the server said, and what happens when it says that the session is over.
import { MutationCache, QueryCache, QueryClient } from "@tanstack/react-query";
import { ApiProblem, isSessionOver } from "./api/problem";
import { KEYS } from "./api/queries";

const RETRIES_MAX = 2;

/** `onSessionOver` is called after everything was forgotten that the last session could see. */
export function createCache(onSessionOver: () => void): QueryClient {
  const forget = (error: unknown) => {
    // Without a known person this is the sign-in page, where a 401 is an answer.
    if (!isSessionOver(error) || cache.getQueryData(KEYS.me) === undefined) return;
    cache.clear();
    onSessionOver();
  };
  const cache: QueryClient = new QueryClient({
    queryCache: new QueryCache({ onError: forget }),
    mutationCache: new MutationCache({ onError: forget }),
    defaultOptions: {
      queries: {
        // What the server understood and refused, it will refuse again.
        retry: (failures, error) => !(error instanceof ApiProblem && error.status < 500) && failures < RETRIES_MAX,
        staleTime: 2000, // ms; live events tell of changes
        networkMode: "always", // "offline" says nothing of a server on this machine
      },
      mutations: { networkMode: "always" },
    },
  });
  return cache;
}
