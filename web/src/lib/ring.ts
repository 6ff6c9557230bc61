/** The newest samples, at most `capacity`; memory is taken once. */
export class Ring {
  private readonly values: Float64Array;
  private next = 0;
  private filled = 0;
  /** Samples ever added. */
  total = 0;

  constructor(readonly capacity: number) {
    this.values = new Float64Array(capacity);
  }

  get length(): number {
    return this.filled;
  }

  add(value: number): void {
    this.values[this.next] = value;
    this.next = (this.next + 1) % this.capacity;
    this.filled = Math.min(this.capacity, this.filled + 1);
    this.total++;
  }

  clear(): void {
    this.next = 0;
    this.filled = 0;
  }

  /** Oldest first. */
  toArray(): number[] {
    const start = (this.next - this.filled + this.capacity) % this.capacity;
    return Array.from(
      { length: this.filled },
      (_, index) => this.values[(start + index) % this.capacity] as number,
    );
  }

  /** The newest `count` only, for what is shown. */
  quantile(share: number, count = this.filled): number | null {
    return quantile(this.toArray().slice(-count), share);
  }
}

/** The nearest-rank quantile, or null of nothing. */
export function quantile(values: readonly number[], share: number): number | null {
  if (values.length === 0) return null;
  const sorted = [...values].sort((a, b) => a - b);
  const rank = Math.min(sorted.length - 1, Math.max(0, Math.ceil(share * sorted.length) - 1));
  return sorted[rank] as number;
}
