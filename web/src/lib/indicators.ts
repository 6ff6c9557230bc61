import { B, type Bar } from '../api/types';
import { toNumber } from './decimal';

const DAY_MS = 86_400_000;

export interface Band {
  middle: number | null;
  lower: number | null;
  upper: number | null;
}

const NO_BAND: Band = { middle: null, lower: null, upper: null };

/** The bar's own VWAP and one standard deviation to either side. */
export function barBand(bar: Bar): Band {
  const vwap = bar[B.vwap];
  if (vwap === null) return NO_BAND;
  const sd = bar[B.sd] ?? 0;
  return { middle: vwap, lower: vwap - sd, upper: vwap + sd };
}

/** Running sums of a session, about a shift so that large prices lose no digits. */
export interface SessionSums {
  day: number;
  shift: number;
  quantity: number;
  first: number;
  second: number;
}

export const NO_SESSION: SessionSums = { day: -1, shift: 0, quantity: 0, first: 0, second: 0 };

/** The session's sums with one more bar; a session starts at 00:00 UTC. */
export function addToSession(sums: SessionSums, bar: Bar): SessionSums {
  const day = Math.floor(bar[B.start] / DAY_MS);
  const vwap = bar[B.vwap];
  const quantity = toNumber(bar[B.quantity]) ?? 0;
  const base = day === sums.day ? sums : { ...NO_SESSION, day };
  if (vwap === null || quantity <= 0) return base;
  const shift = base.quantity === 0 ? vwap : base.shift;
  const distance = vwap - shift;
  const sd = bar[B.sd] ?? 0;
  return {
    day,
    shift,
    quantity: base.quantity + quantity,
    first: base.first + quantity * distance,
    second: base.second + quantity * (distance * distance + sd * sd),
  };
}

/** VWAP since 00:00 UTC (or since the first bar known) and one standard deviation. */
export function sessionBand(sums: SessionSums): Band {
  if (sums.quantity <= 0) return NO_BAND;
  const mean = sums.first / sums.quantity;
  const sd = Math.sqrt(Math.max(0, sums.second / sums.quantity - mean * mean));
  const middle = sums.shift + mean;
  return { middle, lower: middle - sd, upper: middle + sd };
}

/**
 * Bollinger bands at `index`: mean of the last `length` closes and `width` population standard
 * deviations. Bars without trades have no close and are skipped; too few closes make no band.
 */
export function bollinger(bars: readonly Bar[], index: number, length = 20, width = 2): Band {
  if (!bars[index] || bars[index][B.close] === null) return NO_BAND;
  const closes: number[] = [];
  for (let at = index; at >= 0 && closes.length < length; at--) {
    const close = toNumber(bars[at]?.[B.close] ?? null);
    if (close !== null) closes.push(close);
  }
  if (closes.length < length) return NO_BAND;
  const shift = closes[0] as number;
  let first = 0;
  let second = 0;
  for (const close of closes) {
    first += close - shift;
    second += (close - shift) ** 2;
  }
  const mean = first / length;
  const sd = Math.sqrt(Math.max(0, second / length - mean * mean));
  const middle = shift + mean;
  return { middle, lower: middle - width * sd, upper: middle + width * sd };
}
