import { B, type Bar } from '../api/types';

/** Bars kept of a series that grows by itself. */
export const BARS_LIVE = 1_500;
/** Bars kept of a series that the reader has asked more of. */
export const BARS_MAX = 10_000;
/** Old bars go so many at a time: each time all is drawn anew. */
const BARS_SLACK = 300;

/**
 * The bars of one series, ascending, and what changed since it was drawn.
 *
 * Each bar remembers when it came, counted in updates of the stream. An answer counts as of the
 * time it was asked for, so that it does not undo what the stream brought while it was under way.
 */
export class BarSeries {
  readonly items: Bar[] = [];
  private readonly times: number[] = [];
  /** Starts changed since `clean()`. */
  readonly changed = new Set<number>();
  /** The whole must be drawn anew: bars went, or came before the first. */
  rebuilt = true;

  /** Holds up to `most` bars, for a while some more. */
  constructor(public most: number = BARS_LIVE) {}

  private find(start: number): number {
    let low = 0;
    let high = this.items.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.items[middle] as Bar)[B.start] < start) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  indexOf(start: number): number {
    const index = this.find(start);
    return this.items[index]?.[B.start] === start ? index : -1;
  }

  /** First index whose bar starts at or after `start`. */
  lowerBound(start: number): number {
    return this.find(start);
  }

  put(bars: readonly Bar[], time: number): void {
    for (const bar of bars) {
      const start = bar[B.start];
      const last = this.items.length - 1;
      const index =
        last >= 0 && (this.items[last] as Bar)[B.start] === start ? last : this.find(start);
      if (this.items[index]?.[B.start] === start) {
        if ((this.times[index] as number) > time) continue;
        this.items[index] = bar;
        this.times[index] = time;
      } else {
        if (index < this.items.length) this.rebuilt = true;
        this.items.splice(index, 0, bar);
        this.times.splice(index, 0, time);
      }
      this.changed.add(start);
    }
    const over = this.items.length - this.most;
    if (over > BARS_SLACK) {
      this.items.splice(0, over);
      this.times.splice(0, over);
      this.rebuilt = true;
    }
  }

  remove(starts: readonly number[]): void {
    for (const start of starts) {
      const index = this.indexOf(start);
      if (index < 0) continue;
      this.items.splice(index, 1);
      this.times.splice(index, 1);
      this.rebuilt = true;
    }
  }

  clear(): void {
    this.items.length = 0;
    this.times.length = 0;
    this.changed.clear();
    this.rebuilt = true;
  }

  clean(): void {
    this.changed.clear();
    this.rebuilt = false;
  }
}
