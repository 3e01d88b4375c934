// Whether what the portal shows is live, and if not, why, in words. Pure.

export interface Connection {
  /** The event stream to the web process is open; null: it was never open yet. */
  isStreamOpen: boolean | null;
  isCallProcessUp: boolean;
}

export const AT_START: Connection = { isStreamOpen: null, isCallProcessUp: true };

export function streamChanged(connection: Connection, isOpen: boolean): Connection {
  // A first attempt that fails is an answer too. Of the call process nothing is known while the stream is away.
  return isOpen
    ? { ...connection, isStreamOpen: true }
    : { isStreamOpen: false, isCallProcessUp: connection.isCallProcessUp };
}

/** Takes in the data of a `connection` event; what cannot be understood changes nothing. */
export function callProcessChanged(connection: Connection, data: unknown): Connection {
  const state = data !== null && typeof data === "object" ? (data as Record<string, unknown>).call_process : null;
  if (state !== "up" && state !== "down") return connection;
  return { ...connection, isCallProcessUp: state === "up" };
}

export interface Trouble {
  title: string;
  advice: string;
}

/** What a person has to know about the connection, or null when all is well. */
export function troubleOf({ isStreamOpen, isCallProcessUp }: Connection): Trouble | null {
  if (isStreamOpen === false) {
    return { title: "No connection to the server.", advice: "What you see may be out of date. Trying again…" };
  }
  if (!isCallProcessUp) {
    return {
      title: "The call process is away.",
      advice: "Phones cannot call at the moment. This page goes on by itself when it is back.",
    };
  }
  return null;
}
