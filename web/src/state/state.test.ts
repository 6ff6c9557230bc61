import { describe, expect, test } from 'vitest';

import { backoffMs } from '../api/live';
import {
  B,
  type Bar,
  type ExchangeRow,
  type OverviewRow,
  type Trade,
  type Update,
} from '../api/types';
import { BARS_MAX, BarSeries } from './bars';
import { boardsText, parseBoards, withBoard } from './boards';
import { applyUpdate, MarketState, mergeTape, TAPE_MAX } from './market';
import { withStatement } from './prefs';
import { DEFAULT_VIEW, fieldsOf, hashOf, viewOf, viewOfHash, type View } from './view';

const bar = (start: number, close = '1'): Bar => [
  start,
  '1',
  '1',
  '1',
  close,
  '1',
  '1',
  1,
  0,
  1,
  '1',
  '0',
  0,
  0,
  0,
  0,
];
const trade = (us: number, key: string): Trade => [us, 'A/B', 'x', 'BUY', '1', '1', '1', key];
const update = (version: number, rest: Partial<Update> = {}): Update => ({
  version,
  now_ms: version,
  ...rest,
});
const row = (pair: string, last: string) => ({ pair, quote: 'USD', last }) as OverviewRow;

describe('a series of bars', () => {
  test('puts a bar in the place of one with the same start', () => {
    const series = new BarSeries();
    series.put([bar(1), bar(3)], 1);
    series.put([bar(3, '9')], 2);
    expect(series.items.map((each) => each[B.close])).toEqual(['1', '9']);
  });

  test('is not undone by an answer that was under way', () => {
    const series = new BarSeries();
    series.put([bar(1, 'new')], 7);
    series.put([bar(1, 'old'), bar(0)], 5);
    expect(series.items.map((each) => each[B.close])).toEqual(['1', 'new']);
  });

  test('tells bars that came at the end from a change of the whole', () => {
    const series = new BarSeries();
    series.put([bar(1)], 1);
    series.clean();
    series.put([bar(2), bar(1, '5')], 2);
    expect(series.rebuilt).toBe(false);
    expect([...series.changed]).toEqual([2, 1]);
    series.put([bar(0)], 3);
    expect(series.rebuilt).toBe(true);
  });

  test('stays bounded, and drops old bars many at a time', () => {
    const series = new BarSeries(1_000);
    for (let at = 0; at < 5_000; at++) {
      series.put([bar(at)], at);
      expect(series.items.length).toBeLessThanOrEqual(1_300);
    }
    expect(series.items.length).toBeGreaterThanOrEqual(1_000);
    expect(series.items[series.items.length - 1]?.[B.start]).toBe(4_999);
  });

  test('holds more of what the reader asked for', () => {
    const series = new BarSeries(10);
    series.most = BARS_MAX;
    series.put(
      Array.from({ length: 5_000 }, (_, at) => bar(at)),
      1,
    );
    expect(series.items.length).toBe(5_000);
  });

  test('removes bars', () => {
    const series = new BarSeries();
    series.put([bar(5), bar(6)], 1);
    series.clean();
    series.remove([6, 4]);
    expect(series.indexOf(6)).toBe(-1);
    expect(series.rebuilt).toBe(true);
  });

  test('finds where a time begins', () => {
    const series = new BarSeries();
    series.put([bar(10), bar(20)], 1);
    expect([5, 10, 11, 21].map((at) => series.lowerBound(at))).toEqual([0, 0, 1, 2]);
  });
});

describe('the state of the market', () => {
  test('keeps what an update does not mention', () => {
    const state = new MarketState();
    applyUpdate(state, update(1, { overview: [row('A', '1'), row('B', '2')], bars: [bar(1)] }));
    const touched = applyUpdate(state, update(2, { overview: [row('B', '3')] }));
    expect(state.overview.get('A')?.last).toBe('1');
    expect(state.overview.get('B')?.last).toBe('3');
    expect(state.bars.items.length).toBe(1);
    expect([...touched]).toEqual(['overview']);
  });

  test('drops an update older than what it knows', () => {
    const state = new MarketState();
    applyUpdate(state, update(5, { overview: [row('A', 'new')] }));
    applyUpdate(state, update(4, { overview: [row('A', 'old')] }));
    expect(state.overview.get('A')?.last).toBe('new');
  });

  test('is the same after the same update twice', () => {
    const state = new MarketState();
    const change = update(2, { tape: [trade(5, 'k')], bars: [bar(1)] });
    applyUpdate(state, update(1));
    applyUpdate(state, change);
    applyUpdate(state, change);
    expect(state.tape.length).toBe(1);
    expect(state.bars.items.length).toBe(1);
  });

  test('throws everything away after a reset, versions too', () => {
    const state = new MarketState();
    applyUpdate(state, update(900, { overview: [row('GONE', '1')], tape: [trade(1, 'gone')] }));
    state.awaiting = true;
    applyUpdate(state, update(3, { overview: [row('A', '1')] }));
    expect([...state.overview.keys()]).toEqual(['A']);
    expect(state.tape).toEqual([]);
    expect(state.version).toBe(3);
    expect(state.awaiting).toBe(false);
  });

  test('takes exchanges as a whole', () => {
    const state = new MarketState();
    const at = (exchange: string) => ({ exchange }) as ExchangeRow;
    applyUpdate(state, update(1, { exchanges: [at('kraken'), at('okx')] }));
    applyUpdate(state, update(2, { exchanges: [at('okx')] }));
    expect([...state.exchanges.keys()]).toEqual(['okx']);
  });

  test('removes bars and large trades that are no more', () => {
    const state = new MarketState();
    applyUpdate(state, update(1, { bars: [bar(1), bar(2)], tape: [trade(1, 'a'), trade(2, 'b')] }));
    applyUpdate(state, update(2, { removed_bars: [1], tape_removed: ['b'] }));
    expect(state.bars.items.map((each) => each[B.start])).toEqual([2]);
    expect(state.tape.map((each) => each[7])).toEqual(['a']);
  });
});

test('the tape is newest first, has each key once, and is bounded', () => {
  const many = Array.from({ length: TAPE_MAX + 9 }, (_, at) => trade(at, `k${at}`));
  const tape = mergeTape(many, [trade(50, 'k3'), trade(1e6, 'newest')], ['k7']);
  expect(tape.length).toBe(TAPE_MAX);
  expect(tape[0]?.[7]).toBe('newest');
  expect(tape.filter((each) => each[7] === 'k3').map((each) => each[0])).toEqual([50]);
  expect(tape.some((each) => each[7] === 'k7')).toBe(false);
});

test('tries wait longer each time, within bounds', () => {
  const waits = [0, 1, 2, 3, 20].map((tries) => backoffMs(tries, 0.5));
  expect(waits).toEqual([375, 750, 1_500, 3_000, 11_250]);
  expect(backoffMs(1_000, 0.999)).toBeLessThanOrEqual(15_000);
});

describe('addresses', () => {
  const view: View = {
    ...DEFAULT_VIEW,
    view: 'market',
    pair: `<img src=x onerror=alert(1)>/"'&?#=%`,
    exchange: 'kraken & co',
    interval: '15m',
    everyMs: 60_000,
    range: 'custom',
    fromMs: 1_000,
    toMs: 2_000,
    overlays: ['bollinger'],
    vwap: 'bar',
    sort: 'spread:ascending',
  };

  test('carry any view there and back', () => {
    expect(viewOfHash(hashOf(view))).toEqual(view);
    expect(viewOfHash(hashOf(DEFAULT_VIEW))).toEqual(DEFAULT_VIEW);
    const none = { ...DEFAULT_VIEW, overlays: [] };
    expect(viewOfHash(hashOf(none))).toEqual(none);
  });

  test('fall back where they are malformed', () => {
    const bad = '#/nowhere?interval=7m&every=5&range=custom&from=9&to=3&show=x,vwap&sort=<x>';
    expect(viewOfHash(bad)).toEqual({ ...DEFAULT_VIEW, overlays: ['vwap'] });
    expect(viewOfHash('#/%%%')).toEqual(DEFAULT_VIEW);
    expect(viewOfHash('')).toEqual(DEFAULT_VIEW);
    expect(viewOf({ pair: 'x'.repeat(1_000), from: '1e400', range: 'custom' }).range).toBe('auto');
  });

  test('hold no token', () => {
    const read = viewOfHash('#/market?token=secret&pair=A');
    expect(hashOf(read)).not.toContain('secret');
  });

  test('hold a statement only where it is shown', () => {
    expect(fieldsOf({ ...DEFAULT_VIEW, sql: 'SELECT 1' }).sql).toBeUndefined();
    expect(fieldsOf({ ...DEFAULT_VIEW, view: 'sql', sql: 'SELECT 1' }).sql).toBe('SELECT 1');
  });
});

describe('boards', () => {
  const board = { name: 'Morning', view: { ...DEFAULT_VIEW, pair: 'ETH/EUR', interval: '1h' } };

  test('come back from a file as they were', () => {
    expect(parseBoards(boardsText([board]))).toEqual([board]);
  });

  test('say what is wrong and where', () => {
    const file = (boards: unknown) =>
      JSON.stringify({ format: 'tapelake-boards', version: 1, boards });
    expect(() => parseBoards('{')).toThrow(/not JSON/);
    expect(() => parseBoards('null')).toThrow(/"format"/);
    expect(() => parseBoards('{"format":"tapelake-boards","version":2}')).toThrow(/"version" is 2/);
    expect(() => parseBoards(file([{ name: '' }]))).toThrow(/boards\[0\]\.name/);
    expect(() => parseBoards(file([{ name: 'a', view: 'x' }]))).toThrow(/boards\[0\]\.view/);
    expect(() => parseBoards(file([{ name: 'a', view: 'sql', fields: 3 }]))).toThrow(/fields/);
    expect(() => parseBoards(file(Array(101).fill({})))).toThrow(/at most 100/);
  });

  test('take the place of one of the same name', () => {
    const other = { ...board, view: DEFAULT_VIEW };
    expect(withBoard([board], other)).toEqual([other]);
    expect(withBoard([board], { ...other, name: 'Evening' }).length).toBe(2);
  });
});

test('the history holds each statement once, newest first', () => {
  expect(withStatement(['a', 'b'], 'b')).toEqual(['b', 'a']);
  expect(
    withStatement(
      Array.from({ length: 100 }, (_, at) => `s${at}`),
      'x',
    ).length,
  ).toBe(100);
});
