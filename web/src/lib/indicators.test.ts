import { expect, test } from 'vitest';

import type { Bar } from '../api/types';
import { addToSession, barBand, bollinger, NO_SESSION, sessionBand } from './indicators';

const DAY = 86_400_000;

function bar(
  start: number,
  close: number | null,
  fields: Partial<{ q: number; vwap: number; sd: number }> = {},
): Bar {
  const text = close === null ? null : String(close);
  const { q = 1, vwap = close, sd = 0 } = fields;
  return [start, text, text, text, text, String(q), '0', vwap, sd, 1, '0', '0', 0, 0, 0, 0];
}

test('the session VWAP equals that of all trades, with their deviation', () => {
  // Trades of 100 x 1, 102 x 1 in one bar and 110 x 2 in the next.
  const sums = [bar(0, 102, { q: 2, vwap: 101, sd: 1 }), bar(60_000, 110, { q: 2 })].reduce(
    addToSession,
    NO_SESSION,
  );
  const mean = (100 + 102 + 220) / 4;
  const variance = (100 ** 2 + 102 ** 2 + 2 * 110 ** 2) / 4 - mean ** 2;
  const band = sessionBand(sums);
  expect(band.middle).toBeCloseTo(mean, 12);
  expect((band.upper as number) - mean).toBeCloseTo(Math.sqrt(variance), 9);
});

test('a session begins at 00:00 UTC', () => {
  const sums = [bar(DAY - 1_000, 50), bar(DAY, 70)].reduce(addToSession, NO_SESSION);
  expect(sessionBand(sums).middle).toBe(70);
});

test('bars without trades leave the session as it was', () => {
  const sums = [bar(0, 50), bar(1_000, null)].reduce(addToSession, NO_SESSION);
  expect(sessionBand(sums).middle).toBe(50);
  expect(sessionBand(addToSession(NO_SESSION, bar(0, null))).middle).toBeNull();
});

test('the deviation survives large prices', () => {
  const sums = [1e9, 1e9 + 0.02]
    .map((close, at) => bar(at * 1_000, close))
    .reduce(addToSession, NO_SESSION);
  const { middle, upper } = sessionBand(sums);
  expect((upper as number) - (middle as number)).toBeCloseTo(0.01, 6);
});

test('a bar band is its VWAP and one deviation', () => {
  expect(barBand(bar(0, 10, { vwap: 9.5, sd: 0.25 }))).toEqual({
    middle: 9.5,
    lower: 9.25,
    upper: 9.75,
  });
});

test('Bollinger bands take the population deviation of the last twenty closes', () => {
  const bars = Array.from({ length: 20 }, (_, at) => bar(at, at + 1));
  const band = bollinger(bars, 19);
  expect(band.middle).toBe(10.5);
  expect((band.upper as number) - 10.5).toBeCloseTo(2 * Math.sqrt((20 ** 2 - 1) / 12), 12);
  expect(bollinger(bars, 18).middle).toBeNull();
});

test('Bollinger bands skip bars without a close', () => {
  const bars = Array.from({ length: 21 }, (_, at) => bar(at, at === 10 ? null : 7));
  expect(bollinger(bars, 20)).toEqual({ middle: 7, lower: 7, upper: 7 });
  expect(bollinger(bars, 10).middle).toBeNull();
});
