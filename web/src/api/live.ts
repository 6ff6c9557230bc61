import { address } from './client';
import type { Update } from './types';

export interface Subscription {
  pair: string;
  exchange: string;
  interval: string;
  everyMs: number;
}

/** `connecting` until the first event; `behind` when nothing was heard for too long. */
export type LineState = 'connecting' | 'live' | 'behind' | 'paused';

export interface LiveHandlers {
  /** The client's knowledge is void; the next update is complete. */
  reset(): void;
  update(update: Update): void;
  /** Any event: the line is alive. */
  heard(nowMs: number): void;
  state(state: LineState): void;
  /** The stream was refused, so that a token may be asked for. */
  refused(): void;
}

const SILENCE_MS = 3_000;
/** A stream as silent as this is taken for dead, though nobody closed it. */
const DEAD_MS = 10_000;
const RETRY_FIRST_MS = 500;
const RETRY_MOST_MS = 15_000;

/** Wait before try `n` (from 0): doubling, bounded, spread by `random` in [0, 1). */
export function backoffMs(tries: number, random: number): number {
  const most = Math.min(RETRY_MOST_MS, RETRY_FIRST_MS * 2 ** Math.min(tries, 10));
  return most * (0.5 + random / 2);
}

/**
 * The one stream of the page.
 *
 * While the browser itself reconnects it sends Last-Event-ID and gets only what changed. A changed
 * subscription opens a new stream, which starts with everything.
 */
export class Live {
  private source: EventSource | null = null;
  private subscription: Subscription | null = null;
  private retry = 0;
  private tries = 0;
  private lastHeard = 0;
  private openedAt = 0;
  private state: LineState = 'connecting';
  private paused = false;

  constructor(private readonly handlers: LiveHandlers) {
    setInterval(() => this.checkSilence(), 250);
  }

  /** Milliseconds since anything was heard. */
  silenceMs(): number {
    return performance.now() - this.lastHeard;
  }

  subscribe(subscription: Subscription): void {
    this.subscription = subscription;
    this.tries = 0;
    if (!this.paused) this.open();
  }

  pause(paused: boolean): void {
    if (paused === this.paused) return;
    this.paused = paused;
    if (paused) {
      this.close();
      this.setState('paused');
    } else if (this.subscription) {
      this.tries = 0;
      this.open();
    }
  }

  private close(): void {
    clearTimeout(this.retry);
    this.source?.close();
    this.source = null;
  }

  private open(): void {
    const subscription = this.subscription;
    if (!subscription) return;
    this.close();
    this.setState(this.state === 'behind' ? 'behind' : 'connecting');
    if (this.state !== 'behind') this.lastHeard = performance.now();
    const { pair, exchange, interval, everyMs } = subscription;
    const source = new EventSource(
      address('/live', { pair, exchange, interval, every_ms: everyMs }),
      { withCredentials: false },
    );
    this.source = source;
    this.openedAt = performance.now();
    const on = (name: string, act: (data: string) => void) =>
      source.addEventListener(name, (event) => {
        if (this.source === source) act((event as MessageEvent<string>).data);
      });
    // A new stream knows nothing, whatever the last one knew.
    this.handlers.reset();
    on('hello', (data) => this.hear((JSON.parse(data) as { now_ms: number }).now_ms));
    on('reset', () => {
      this.hear(0);
      this.handlers.reset();
    });
    on('update', (data) => {
      const update = JSON.parse(data) as Update;
      this.hear(update.now_ms);
      this.handlers.update(update);
    });
    on('idle', (data) => this.hear((JSON.parse(data) as { now_ms: number }).now_ms));
    on('bye', () => this.again(source));
    source.onerror = () => {
      // While the browser reconnects there is nothing to do; a refusal it takes as final.
      if (this.source === source && source.readyState === EventSource.CLOSED) {
        this.handlers.refused();
        this.again(source);
      }
    };
  }

  private again(source: EventSource): void {
    if (this.source !== source) return;
    this.close();
    const wait = backoffMs(this.tries++, Math.random());
    this.retry = window.setTimeout(() => {
      if (!this.paused) this.open();
    }, wait);
  }

  private hear(nowMs: number): void {
    this.lastHeard = performance.now();
    this.tries = 0;
    this.setState('live');
    if (nowMs > 0) this.handlers.heard(nowMs);
  }

  private checkSilence(): void {
    if (this.paused || !this.subscription) return;
    if (this.silenceMs() > SILENCE_MS) this.setState('behind');
    const dead = this.silenceMs() > DEAD_MS && performance.now() - this.openedAt > DEAD_MS;
    if (dead && this.source?.readyState === EventSource.OPEN) this.open();
  }

  private setState(state: LineState): void {
    if (state === this.state && state !== 'connecting') return;
    this.state = state;
    this.handlers.state(state);
  }
}
