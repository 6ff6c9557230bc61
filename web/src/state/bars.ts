import { B, type Bar } from '../api/types';

/** Bars kept in the page at most: two screens of the most the program sends at once. */
export const BARS_MAX = 10_000;

/**
 * The bars of one series, ascending, and what changed since it was drawn.
 *
 * Each bar remembers the version it came with, so that an answer that was under way does not undo
 * what the stream brought meanwhile.
 */
export class BarSeries {
  readonly items: Bar[] = [];
  private readonly versions: number[] = [];
  /** Starts changed since `clean()`. */
  readonly changed = new Set<number>();
  /** The whole must be drawn anew: bars went, or came before the first. */
  rebuilt = true;

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

  put(bars: readonly Bar[], version: number): void {
    for (const bar of bars) {
      const start = bar[B.start];
      const last = this.items.length - 1;
      const index =
        last >= 0 && (this.items[last] as Bar)[B.start] === start ? last : this.find(start);
      if (this.items[index]?.[B.start] === start) {
        if ((this.versions[index] as number) > version) continue;
        this.items[index] = bar;
        this.versions[index] = version;
      } else {
        if (index < this.items.length) this.rebuilt = true;
        this.items.splice(index, 0, bar);
        this.versions.splice(index, 0, version);
      }
      this.changed.add(start);
    }
    const over = this.items.length - BARS_MAX;
    if (over > 0) {
      this.items.splice(0, over);
      this.versions.splice(0, over);
      this.rebuilt = true;
    }
  }

  remove(starts: readonly number[]): void {
    for (const start of starts) {
      const index = this.indexOf(start);
      if (index < 0) continue;
      this.items.splice(index, 1);
      this.versions.splice(index, 1);
      this.rebuilt = true;
    }
  }

  clear(): void {
    this.items.length = 0;
    this.versions.length = 0;
    this.changed.clear();
    this.rebuilt = true;
  }

  clean(): void {
    this.changed.clear();
    this.rebuilt = false;
  }
}
