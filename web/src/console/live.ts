// One event stream from the gateway for all views: connected as long as a view wants something of it.

import { HttpFailure } from "../common/http.ts";
import { serverEvents } from "../common/sse.ts";
import type { Api } from "./api.ts";

export type Topic = "streams" | "log" | "metrics" | "state" | "reload";

type Listener = (data: never) => void;

export class Live {
  /** `false` while the gateway does not answer. */
  onConnection: (connected: boolean) => void = () => undefined;
  private readonly listeners = new Map<string, Set<Listener>>();
  private readonly wanted = new Map<Topic, number>();
  private running: AbortController | null = null;
  private readonly api: Api;
  private readonly offered: readonly Topic[];

  constructor(api: Api, offered: readonly Topic[]) {
    this.api = api;
    this.offered = offered;
  }

  /** `listener` gets the data of each event of this name. */
  on<Data>(event: string, listener: (data: Data) => void): void {
    const all = this.listeners.get(event) ?? new Set();
    this.listeners.set(event, all.add(listener as Listener));
  }

  /** Until the returned function is called, events of a topic arrive, a full picture first. */
  want(topic: Topic): () => void {
    if (!this.offered.includes(topic)) return () => undefined;
    this.wanted.set(topic, (this.wanted.get(topic) ?? 0) + 1);
    this.reconnect();
    let left = false;
    return () => {
      if (left) return;
      left = true;
      this.wanted.set(topic, (this.wanted.get(topic) ?? 1) - 1);
      this.reconnect();
    };
  }

  stop(): void {
    this.wanted.clear();
    this.running?.abort();
    this.running = null;
  }

  /** Several changes in a row, as when one view takes the place of another, are one new connection. */
  private reconnect(): void {
    this.running?.abort();
    const mine = new AbortController();
    this.running = mine;
    queueMicrotask(() => {
      if (!mine.signal.aborted) void this.run(mine.signal);
    });
  }

  private async run(signal: AbortSignal): Promise<void> {
    let pause = SHORTEST;
    while (!signal.aborted) {
      const topics = [...this.wanted].filter(([, count]) => count > 0).map(([topic]) => topic);
      if (topics.length === 0) return;
      try {
        const response = await this.api.events(topics, signal);
        this.onConnection(true);
        pause = SHORTEST;
        for await (const { event, data } of serverEvents(response)) this.tell(event, data);
      } catch (error) {
        if (signal.aborted || (error instanceof HttpFailure && error.status === 401)) return;
      }
      if (signal.aborted) return;
      this.onConnection(false);
      await new Promise((resolve) => setTimeout(resolve, pause));
      pause = Math.min(pause * 2, LONGEST);
    }
  }

  private tell(event: string, data: string): void {
    const listeners = this.listeners.get(event);
    if (!listeners) return;
    const value = JSON.parse(data) as never;
    for (const listener of listeners) listener(value);
  }
}

const SHORTEST = 500;
const LONGEST = 10_000;
