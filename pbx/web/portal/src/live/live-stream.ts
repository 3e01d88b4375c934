// One stream of server-sent events, kept open: after a break it connects again, waiting longer each time.
//
// A browser reconnects by itself after a broken connection, but gives up for good after an HTTP error (a proxy's 502
// while the server restarts): then this opens a new one. Knows nothing of what the events mean.

const FIRST_WAIT_MS = 1000;
const WAIT_MAX_MS = 30_000;

/** What this needs of an EventSource. */
export interface Source {
  readyState: number;
  onopen: ((event: Event) => void) | null;
  onerror: ((event: Event) => void) | null;
  addEventListener(name: string, listener: (event: MessageEvent<string>) => void): void;
  close(): void;
}

export interface StreamOptions {
  open: () => Source;
  /** By event name; given the event's data as read from JSON. */
  handlers: Record<string, (data: unknown) => void>;
  onConnected: (isConnected: boolean) => void;
  /** Runs `later` after `ms`, and returns what takes that back. */
  schedule: (later: () => void, ms: number) => () => void;
}

const CLOSED = 2; // EventSource.CLOSED

/** Connects until the returned function is called. */
export function keepStream(options: StreamOptions): () => void {
  let source: Source | null = null;
  let waitMs = FIRST_WAIT_MS;
  let cancelWait = () => {};

  function connect(): void {
    const opened = options.open();
    source = opened;
    opened.onopen = () => {
      waitMs = FIRST_WAIT_MS;
      options.onConnected(true);
    };
    opened.onerror = () => {
      options.onConnected(false);
      if (opened.readyState === CLOSED) connectLater();
    };
    for (const [name, handle] of Object.entries(options.handlers)) {
      opened.addEventListener(name, (event) => {
        const data = parsed(event.data);
        if (data !== undefined) handle(data);
      });
    }
  }

  function connectLater(): void {
    source?.close();
    source = null;
    cancelWait();
    cancelWait = options.schedule(connect, waitMs);
    waitMs = Math.min(waitMs * 2, WAIT_MAX_MS);
  }

  connect();
  return () => {
    cancelWait();
    source?.close();
    source = null;
  };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined; // an event that cannot be read; the next one carries the whole list again
  }
}
