import { beforeEach, describe, expect, it } from "vitest";
import { keepStream, type Source } from "./live-stream";

class FakeSource implements Source {
  readyState = 0;
  onopen: Source["onopen"] = null;
  onerror: Source["onerror"] = null;
  isClosed = false;
  private readonly listeners = new Map<string, (event: MessageEvent<string>) => void>();

  addEventListener(name: string, listener: (event: MessageEvent<string>) => void): void {
    this.listeners.set(name, listener);
  }

  close(): void {
    this.isClosed = true;
  }

  opens(): void {
    this.readyState = 1;
    this.onopen?.({} as Event);
  }

  fails(readyState: number): void {
    this.readyState = readyState;
    this.onerror?.({} as Event);
  }

  sends(name: string, data: string): void {
    this.listeners.get(name)?.({ data } as MessageEvent<string>);
  }
}

const CONNECTING = 0;
const CLOSED = 2;

let sources: FakeSource[];
let waits: { later: () => void; ms: number; isCancelled: boolean }[];
let told: boolean[];
let received: unknown[];

function keep(): () => void {
  return keepStream({
    open: () => {
      sources.push(new FakeSource());
      return sources.at(-1) as FakeSource;
    },
    handlers: { calls: (data) => received.push(data) },
    onConnected: (isConnected) => told.push(isConnected),
    schedule: (later, ms) => {
      const wait = { later, ms, isCancelled: false };
      waits.push(wait);
      return () => {
        wait.isCancelled = true;
      };
    },
  });
}

const newest = () => sources.at(-1) as FakeSource;

beforeEach(() => {
  sources = [];
  waits = [];
  told = [];
  received = [];
});

describe("the live stream", () => {
  it("hands on what each event carries", () => {
    keep();
    newest().opens();
    newest().sends("calls", '[{"id":"a"}]');
    expect(received).toEqual([[{ id: "a" }]]);
    expect(told).toEqual([true]);
  });

  it("passes over an event that cannot be read", () => {
    keep();
    newest().sends("calls", '[{"id":');
    newest().sends("calls", "[]");
    expect(received).toEqual([[]]);
  });

  it("leaves a broken connection to the browser, which connects again by itself", () => {
    keep();
    newest().opens();
    newest().fails(CONNECTING);
    expect(told).toEqual([true, false]);
    expect(waits).toEqual([]);
  });

  it("opens a new one where the browser gave up, waiting longer each time, but never longer than 30 s", () => {
    keep();
    for (let attempt = 0; attempt < 7; attempt++) {
      newest().fails(CLOSED);
      waits.at(-1)?.later();
    }
    expect(waits.map(({ ms }) => ms)).toEqual([1000, 2000, 4000, 8000, 16_000, 30_000, 30_000]);
    expect(sources.filter(({ isClosed }) => !isClosed)).toHaveLength(1);
  });

  it("waits shortly again after it was connected", () => {
    keep();
    newest().fails(CLOSED);
    waits.at(-1)?.later();
    newest().fails(CLOSED);
    waits.at(-1)?.later();
    newest().opens();
    newest().fails(CLOSED);
    expect(waits.at(-1)?.ms).toBe(1000);
  });

  it("ends when it is told to, in the middle of a wait too", () => {
    const stop = keep();
    newest().fails(CLOSED);
    stop();
    expect(waits.at(-1)?.isCancelled).toBe(true);
    const another = keep();
    another();
    expect(newest().isClosed).toBe(true);
  });
});
