// The live connection of a signed-in portal: events go into the query cache, and pages simply show what is there.
import { useQueryClient } from "@tanstack/react-query";
import { createContext, type ReactNode, useContext, useEffect, useState } from "react";
import { KEYS, meQuery } from "../api/queries";
import { AT_START, type Connection, callProcessChanged, streamChanged } from "./connection";
import { keepStream, type Source } from "./live-stream";
import { serverNow } from "./server-clock";

const TICK_MS = 1000;

const ConnectionContext = createContext<Connection>(AT_START);

export const useConnection = () => useContext(ConnectionContext);

/** Holds the stream open as long as it is mounted. */
export function Live({ children }: { children: ReactNode }) {
  const cache = useQueryClient();
  const [connection, setConnection] = useState(AT_START);

  useEffect(() => {
    const put = (key: readonly string[]) => (data: unknown) => {
      if (Array.isArray(data)) cache.setQueryData(key, data);
    };
    // What changed while the server or its call process was away was not told, and what was asked then had no answer.
    const lookAgain = () => void cache.invalidateQueries({ predicate: ({ queryKey }) => queryKey[0] !== KEYS.me[0] });
    return keepStream({
      open: () => new EventSource("/api/live") as Source,
      handlers: {
        calls: put(KEYS.calls),
        registrations: put(KEYS.registrations),
        voicemail: put(KEYS.voicemail),
        cdrs: () => void cache.invalidateQueries({ queryKey: KEYS.cdrs }),
        connection: (data) => {
          setConnection((now) => callProcessChanged(now, data));
          lookAgain();
        },
      },
      onConnected: (isOpen) => {
        setConnection((now) => streamChanged(now, isOpen));
        // A stream is refused when the session is over, and does not say why: this asks.
        if (!isOpen) void cache.refetchQueries({ queryKey: meQuery.queryKey });
      },
      schedule: (later, ms) => {
        const timer = window.setTimeout(later, ms);
        return () => window.clearTimeout(timer);
      },
    });
  }, [cache]);

  return <ConnectionContext value={connection}>{children}</ConnectionContext>;
}

/** Unix seconds by the server's clock, anew every second. */
export function useNow(): number {
  const [now, setNow] = useState(serverNow);
  useEffect(() => {
    const timer = window.setInterval(() => setNow(serverNow()), TICK_MS);
    return () => window.clearInterval(timer);
  }, []);
  return now;
}
