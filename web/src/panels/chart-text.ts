import type { App } from '../app';
import { ALL, B, type Bar } from '../api/types';
import { sumTexts, toNumber } from '../lib/decimal';
import type { Band } from '../lib/indicators';

/** Name, value and class of what the legend says of a bar. */
export type LegendPart = readonly [string, string, string];

export function legendText(app: App, bar: Bar, band: Band, digits: number): LegendPart[] {
  const { format } = app;
  const price = (text: string | null) => format.price(text, digits);
  const open = toNumber(bar[B.open]);
  const close = toNumber(bar[B.close]);
  const kind = open === null || close === null ? '' : close >= open ? 'up' : 'down';
  const change = open && close !== null ? format.percent(close / open - 1, 2, true) : '';
  const parts: LegendPart[] = [
    ['', format.dateTime(bar[B.start]), ''],
    ['O', price(bar[B.open]), kind],
    ['H', price(bar[B.high]), kind],
    ['L', price(bar[B.low]), kind],
    ['C', price(bar[B.close]), kind],
    ['', change, kind],
    ['Vol', format.compact(bar[B.quantity]), ''],
    ['n', format.integer(bar[B.trades]), ''],
  ];
  if (band.middle !== null && app.view.overlays.includes('vwap')) {
    const sd = band.upper === null ? '' : ` ± ${format.price(band.upper - band.middle, digits)}`;
    parts.push(['VWAP', format.price(band.middle, digits) + sd, 'vwap']);
  }
  if (bar[B.remaking]) parts.push(['', 'being made anew', 'warn']);
  return parts;
}

/** What the chart shows, in words. */
export function summaryText(app: App): string {
  const { format, view } = app;
  const bars = app.shownBars.items;
  const priced = bars.filter((bar) => bar[B.close] !== null);
  const first = priced[0];
  const last = priced[priced.length - 1];
  if (!first || !last) return 'No trades in the bars shown.';
  let [high, low] = [last, last];
  for (const bar of priced) {
    if ((toNumber(bar[B.high]) ?? 0) > (toNumber(high[B.high]) ?? 0)) high = bar;
    if ((toNumber(bar[B.low]) ?? 0) < (toNumber(low[B.low]) ?? 0)) low = bar;
  }
  const open = toNumber(first[B.open]) ?? 0;
  const change = open > 0 ? (toNumber(last[B.close]) ?? 0) / open - 1 : null;
  const where = view.exchange === ALL ? 'all exchanges' : view.exchange;
  const volume = format.compact(sumTexts(priced.map((bar) => bar[B.quantity])));
  return (
    `${view.pair}, ${where}: ${bars.length} bars of ${view.interval} ` +
    `from ${format.dateTime(first[B.start])} to ${format.dateTime(last[B.start])} ` +
    `${format.zoneName()}. Opened at ${format.exact(first[B.open])}, last ` +
    `${format.exact(last[B.close])}, ${format.percent(change, 2, true)}. ` +
    `High ${format.exact(high[B.high])} at ${format.dateTime(high[B.start])}, ` +
    `low ${format.exact(low[B.low])} at ${format.dateTime(low[B.start])}. Volume ${volume}. ` +
    'Arrow keys read single bars; the button Table shows all numbers.'
  );
}
