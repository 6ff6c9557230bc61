import { INTERVALS, rangeMs, type View } from '../state/view';

const INTERVAL_MS: Record<string, number> = {
  '1s': 1_000,
  '1m': 60_000,
  '5m': 300_000,
  '15m': 900_000,
  '1h': 3_600_000,
  '1d': 86_400_000,
};

export function intervalMs(interval: string): number {
  return INTERVAL_MS[interval] ?? 60_000;
}

/** Bars that a range should not exceed, and not fall below, to be readable. */
const BARS_MOST = 1_500;
const BARS_LEAST = 12;

/** The interval to show a range with: the present one unless it makes too many bars or too few. */
export function intervalFor(
  range: View['range'],
  interval: string,
  width = rangeMs(range),
): string {
  if (width === null) return interval;
  const bars = width / intervalMs(interval);
  if (bars <= BARS_MOST && bars >= BARS_LEAST) return interval;
  if (bars > BARS_MOST) {
    return INTERVALS.find((name) => width / intervalMs(name) <= BARS_MOST) ?? '1d';
  }
  const finer = INTERVALS.filter((name) => width / intervalMs(name) >= BARS_LEAST);
  return finer[finer.length - 1] ?? '1s';
}
