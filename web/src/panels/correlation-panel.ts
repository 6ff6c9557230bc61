import type { App } from '../app';
import type { Correlation } from '../api/types';
import { downloadCsv } from '../lib/csv';
import { el, replace } from '../lib/dom';
import { NONE } from '../lib/format';
import { select } from '../ui/controls';
import { panel, scrollRegion } from '../ui/panel';
import { tablePng } from '../ui/table-png';
import { asking, type LoadedPanel } from './asked';

const SPANS = [
  { value: '1m:240', label: '1m, 4 hours' },
  { value: '5m:288', label: '5m, a day' },
  { value: '15m:672', label: '15m, a week' },
  { value: '1h:720', label: '1h, 30 days' },
];

/** How strongly a cell is tinted: the size of the correlation, on a scale the eye can tell. */
export function tint(value: number): { sign: 'plus' | 'minus'; percent: number } {
  const size = Math.min(1, Math.abs(value));
  return { sign: value < 0 ? 'minus' : 'plus', percent: Math.round(size * 62) };
}

/** Correlations of returns, pair by pair, of one quote currency. */
export function correlationPanel(app: App): LoadedPanel {
  let span = '5m:288';
  let quote = '';
  let answer: Correlation = { pairs: [], n: [], values: [] };
  const quotes = select('Quote currency', [], (value) => {
    quote = value;
    load();
  });
  const spans = select('Returns', SPANS, (value) => {
    span = value;
    load();
  });
  spans.set(span);
  const rows = () =>
    answer.pairs.map((pair, i) => [
      pair,
      ...answer.pairs.map((_, j) => String(answer.values[i]?.[j] ?? '')),
    ]);
  const csv = () => downloadCsv('correlation.csv', ['pair', ...answer.pairs], rows());
  const png = () =>
    tablePng(
      'correlation.png',
      `Correlation of returns, ${quote}`,
      ['Pair', ...answer.pairs].map((label) => ({ label })),
      rows().map((row) =>
        row.map((text, at) => (at === 0 || !text ? text : Number(text).toFixed(2))),
      ),
    );
  const quiet = (label: string, act: () => void) =>
    el('button.quiet', { type: 'button', title: `Save as ${label}`, onclick: act }, label);
  const shell = panel(
    'correlation',
    'Correlation of returns',
    quotes.element,
    spans.element,
    quiet('CSV', csv),
    quiet('PNG', png),
  );
  const box = scrollRegion('Correlation');
  shell.body.append(
    box,
    el(
      'p.hint',
      {},
      'Close-to-close returns over adjacent bars that both pairs have. ' +
        'A cell without a number has too few.',
    ),
  );
  const ask = asking(
    shell,
    (signal) => {
      const [interval, bars] = span.split(':');
      return app.client.correlation({ interval, bars, quote }, signal);
    },
    (next) => {
      answer = next;
      replace(box, heatmap(app, next));
    },
  );
  const load = () => {
    if (!app.view.pair) return;
    const known = [...new Set(app.pairs.map((pair) => pair.quote))].sort();
    if (known.join('\0') !== [...quotes.input.options].map((o) => o.value).join('\0')) {
      replace(quotes.input, ...known.map((name) => el('option', { value: name }, name)));
    }
    if (!known.includes(quote)) quote = app.pairInfo()?.quote ?? known[0] ?? '';
    quotes.set(quote);
    if (quote) ask();
  };
  return { element: shell.element, load };
}

function heatmap(app: App, answer: Correlation): HTMLElement {
  const { format } = app;
  const short = (pair: string) => app.pairInfo(pair)?.base ?? pair;
  const head = el('tr', {}, el('td', {}));
  for (const pair of answer.pairs)
    head.append(el('th', { scope: 'col', title: pair }, short(pair)));
  const body = el('tbody', {});
  answer.pairs.forEach((pair, i) => {
    const row = el('tr', {}, el('th', { scope: 'row', title: pair }, short(pair)));
    answer.pairs.forEach((other, j) => {
      const value = answer.values[i]?.[j] ?? null;
      const n = answer.n[i]?.[j] ?? 0;
      const title = `${pair} and ${other}: ${value ?? 'too few'} (n ${n})`;
      const cell = el('td', { title }, value === null ? NONE : format.fixed(value, 2));
      if (value !== null) {
        const { sign, percent } = tint(value);
        cell.className = sign;
        cell.style.setProperty('--tint', `${percent}%`);
      }
      row.append(cell);
    });
    body.append(row);
  });
  return el(
    'table.heatmap',
    {},
    el('caption.visually-hidden', {}, 'Correlation of returns, pair by pair'),
    el('thead', {}, head),
    body,
  );
}
