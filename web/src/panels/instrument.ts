import type { App } from '../app';
import { ALL } from '../api/types';
import { el, setClass, setText } from '../lib/dom';
import { setExact } from '../lib/exact';
import { NONE } from '../lib/format';
import { INTERVALS } from '../state/view';
import { Segmented } from '../ui/controls';
import { announce } from '../ui/dialog';
import { Picker, type Choice } from '../ui/picker';

const ALL_LABEL = 'All exchanges';

/** Which pair, where, by what interval, and what it is worth now. */
export class Instrument {
  readonly element: HTMLElement;
  readonly pairPicker: Picker;
  readonly exchangePicker: Picker;
  private readonly intervals: Segmented;
  private readonly last = el('b.last.num', {}, NONE);
  private readonly facts = new Map<string, HTMLElement>();
  private before = '';

  constructor(private readonly app: App) {
    this.pairPicker = new Picker({
      name: 'Pair',
      choices: () => pairChoices(app),
      onPick: (pair) => app.setView({ pair }),
    });
    this.exchangePicker = new Picker({
      name: 'Exchange',
      choices: () => exchangeChoices(app),
      onPick: (exchange) => app.setView({ exchange }),
    });
    this.intervals = new Segmented(
      'Interval',
      INTERVALS.map((name) => ({ value: name, label: name })),
      (interval) => app.setView({ interval }),
    );
    this.element = el(
      'section.instrument',
      { 'aria-label': 'Instrument' },
      this.pairPicker.button,
      this.exchangePicker.button,
      this.intervals.element,
      this.last,
      el(
        'dl.instrument-facts',
        {},
        this.fact('24 h', 'Change of the last price over 24 hours, across exchanges'),
        this.fact('Volume', 'Money traded in 24 hours, in the quote currency'),
        this.fact('Trades', 'SUCCESS trades in 24 hours'),
        this.fact('Gap', 'Distance of the last prices across exchanges'),
        this.fact('Imbalance', 'Trade imbalance of the last minute: buys less sells, by quantity'),
      ),
    );
    app.on(['view', 'markets'], () => this.drawChoice());
    app.on(['overview', 'exchanges', 'view', 'format', 'line'], () =>
      app.frames.draw('instrument', () => this.draw()),
    );
  }

  private fact(name: string, title: string): HTMLElement {
    const value = el('dd.num', {}, NONE);
    this.facts.set(name, value);
    return el('div', { title }, el('dt', {}, name), value);
  }

  private drawChoice(): void {
    const { pair, exchange, interval } = this.app.view;
    const where = exchange === ALL ? ALL_LABEL : exchange;
    this.pairPicker.show(pair, pair || NONE);
    this.exchangePicker.show(exchange, where);
    this.intervals.set(interval);
    const now = `${pair}, ${where}, ${interval}`;
    if (this.before && now !== this.before) announce(now);
    this.before = now;
  }

  private draw(): void {
    const { app } = this;
    const { format, market, view } = app;
    const row = market.overview.get(view.pair);
    const venue = view.exchange === ALL ? null : market.exchanges.get(view.exchange);
    const last = venue ? venue.last : (row?.last ?? null);
    setText(this.last, format.price(last));
    setExact(this.last, last ?? '');
    const set = (name: string, text: string, exact: string, kind = '') => {
      const element = this.facts.get(name) as HTMLElement;
      setText(element, text);
      setExact(element, exact);
      setClass(element, `num ${kind}`.trim());
    };
    const change = row?.change_24h ?? null;
    const way = change === null || change === 0 ? '' : change > 0 ? 'up' : 'down';
    set('24 h', format.percent(change, 2, true), String(change ?? ''), way);
    const quote = row?.quote ?? '';
    set('Volume', row ? `${format.compact(row.money_24h)} ${quote}` : NONE, row?.money_24h ?? '');
    set('Trades', format.integer(row?.trades_24h), String(row?.trades_24h ?? ''));
    const gap = row?.gap_bp ?? null;
    set('Gap', gap === null ? NONE : `${format.fixed(gap, 1)} bp`, String(gap ?? ''));
    const imbalance = row?.imbalance_1m ?? null;
    set('Imbalance', format.percent(imbalance, 0, true), String(imbalance ?? ''));
    const title = last === null ? 'Tapelake' : `${format.price(last)} ${view.pair} · Tapelake`;
    const stale = app.current ? title : `(${app.line}) ${view.pair} · Tapelake`;
    if (document.title !== stale) document.title = stale;
  }
}

function pairChoices(app: App): Choice[] {
  return [...app.pairs]
    .sort((a, b) => a.quote.localeCompare(b.quote))
    .map((entry) => ({
      value: entry.pair,
      label: entry.pair,
      note: entry.exchanges.length === 1 ? '1 exchange' : `${entry.exchanges.length} exchanges`,
      group: entry.quote,
    }));
}

function exchangeChoices(app: App): Choice[] {
  const known = app.pairInfo()?.exchanges ?? [];
  return [{ value: ALL, label: ALL_LABEL }, ...known.map((name) => ({ value: name, label: name }))];
}
