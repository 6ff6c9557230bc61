import { beforeEach, expect, test, vi } from 'vitest';

import type { Bar } from '../api/types';
import { Format } from '../lib/format';
import { BarSeries } from '../state/bars';
import { PriceChart, type ChartSettings } from './price-chart';

/** Takes data by the rule of the real one: without being told, none before its newest. */
class Series {
  private last = -Infinity;
  applyOptions() {}
  priceScale() {
    return { applyOptions() {} };
  }
  setData(data: { time: number }[]) {
    this.last = data[data.length - 1]?.time ?? -Infinity;
  }
  update({ time }: { time: number }, historical: boolean) {
    if (time < this.last && !historical) throw new Error('Cannot update oldest data');
    this.last = Math.max(this.last, time);
  }
}

vi.mock('lightweight-charts', async (original) => ({
  ...(await original<object>()),
  createChart: () => ({ addSeries: () => new Series(), applyOptions() {} }),
}));

const bar = (start: number): Bar => [
  start,
  '1',
  '1',
  '1',
  '1',
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
const settings = (overlays: ChartSettings['overlays']): ChartSettings => ({
  overlays,
  vwap: 'session',
});

beforeEach(() => {
  vi.stubGlobal('document', {});
  vi.stubGlobal('getComputedStyle', () => ({ getPropertyValue: () => '' }));
});

test('shows bars that came before and after a change of what lies over them', () => {
  const bars = new BarSeries();
  const chart = new PriceChart({} as HTMLElement, new Format('en-US'), settings(['volume']));
  bars.put([bar(0), bar(60_000)], 1);
  chart.show(bars);
  bars.put([bar(120_000), bar(180_000)], 2);
  chart.apply(settings(['volume', 'bollinger']));
  expect(() => chart.show(bars)).not.toThrow();
  bars.put([bar(120_000), bar(240_000)], 3);
  expect(() => chart.show(bars)).not.toThrow();
});
