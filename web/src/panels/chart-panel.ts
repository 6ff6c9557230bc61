import type { App } from '../app';
import { ALL, B, type Bar } from '../api/types';
import { download, downloadCsv } from '../lib/csv';
import { el, setClass, setHidden, setText } from '../lib/dom';
import { isoTime, NONE } from '../lib/format';
import { OVERLAYS, RANGES, rangeMs, type Overlay, type View } from '../state/view';
import { button, Segmented, select, toggleButton } from '../ui/controls';
import { announce } from '../ui/dialog';
import { panel, scrollRegion } from '../ui/panel';
import { DataTable } from '../ui/table';
import { askRange } from './range-dialog';
import { BAR_HEADER, barColumns, barCsv } from './bar-columns';
import { legendText, summaryText } from './chart-text';
import { PriceChart } from './price-chart';
import { intervalFor } from './ranges';

const OVERLAY_NAMES: Record<Overlay, string> = {
  vwap: 'VWAP',
  bands: '±1 sd',
  bollinger: 'Bollinger',
  volume: 'Volume',
};
/** Rows of the table that stands for the chart. */
const TABLE_ROWS = 200;
const TABLE_EVERY_MS = 1_000;
const SUMMARY_EVERY_MS = 15_000;

/** Candles of the chosen pair, with the tools that belong to them. */
export class ChartPanel {
  readonly element: HTMLElement;
  private readonly chart: PriceChart;
  private readonly legend = el('div.chart-legend', { 'aria-hidden': 'true' });
  private readonly summary = el('p.visually-hidden', { id: 'chart-summary' });
  private readonly counts = el('span.chart-counts', {});
  private readonly message = el('div.chart-message', { hidden: true });
  private readonly box: HTMLElement;
  private readonly tableBox: HTMLElement;
  private readonly table: DataTable<Bar>;
  private readonly tableToggle: ReturnType<typeof toggleButton>;
  private pointed: number | null = null;
  private placed = '';
  private summedAt = -Infinity;
  private tabledAt = -Infinity;
  private owed = 0;

  constructor(private readonly app: App) {
    this.box = el('div.chart-box', {
      tabindex: '0',
      role: 'group',
      'aria-roledescription': 'chart',
      'aria-label': 'Candles',
      'aria-describedby': 'chart-summary',
      onkeydown: (event) => this.onKey(event),
    });
    this.table = new DataTable<Bar>({
      caption: 'Bars shown by the chart, newest first',
      key: (bar) => String(bar[B.start]),
      columns: barColumns(app),
      empty: 'No bars yet',
    });
    this.tableToggle = toggleButton('Table', () => this.toggleTable(), 'The bars as a table');
    const shell = panel('chart', 'Price', this.tableToggle.element, ...this.files());
    this.element = shell.element;
    this.tableBox = scrollRegion('Bars', this.table.element);
    this.tableBox.hidden = true;
    const frame = el('div.chart-frame', {}, this.legend, this.box, this.message, this.tableBox);
    shell.body.append(this.tools(), frame, this.summary, this.foot());
    this.chart = new PriceChart(this.box, app.format, app.view);
    this.listen();
  }

  private files(): HTMLElement[] {
    return [
      el(
        'button.quiet',
        { type: 'button', title: 'Save the bars as CSV', onclick: () => this.csv() },
        'CSV',
      ),
      el(
        'button.quiet',
        { type: 'button', title: 'Save the chart as PNG', onclick: () => this.png() },
        'PNG',
      ),
    ];
  }

  private tools(): HTMLElement {
    const { app } = this;
    const ranges = new Segmented(
      'Time range',
      RANGES.filter((name) => name !== 'custom').map((name) => ({
        value: name,
        label: name === 'auto' ? 'Auto' : name === 'all' ? 'All' : name,
      })),
      (value) => this.setRange(value as View['range']),
    );
    const custom = button('From–to…', () => askRange(app), 'Choose a fixed range');
    const vwap = select(
      'VWAP of',
      [
        { value: 'session', label: 'VWAP: day' },
        { value: 'bar', label: 'VWAP: bar' },
      ],
      (value) => app.setView({ vwap: value as View['vwap'] }),
    );
    vwap.input.title = 'Since 00:00 UTC, or of each bar alone';
    const toggles = OVERLAYS.map((name) => ({
      name,
      control: toggleButton(OVERLAY_NAMES[name], () => this.toggle(name)),
    }));
    app.on('view', () => {
      ranges.set(app.view.range);
      custom.classList.toggle('on', app.view.range === 'custom');
      vwap.set(app.view.vwap);
      for (const { name, control } of toggles) control.set(app.view.overlays.includes(name));
    });
    return el(
      'div.tools',
      {},
      ranges.element,
      custom,
      el(
        'div.tools-group',
        { role: 'group', 'aria-label': 'Over the candles' },
        ...toggles.map(({ control }) => control.element),
        vwap.element,
      ),
    );
  }

  private foot(): HTMLElement {
    return el(
      'p.chart-foot',
      {},
      el('span', {}, 'Prices and volume: SUCCESS trades only'),
      this.counts,
      el(
        'a.attribution',
        { href: 'https://www.tradingview.com/', target: '_blank', rel: 'noopener noreferrer' },
        'Charts by TradingView',
      ),
    );
  }

  private listen(): void {
    const { app, chart } = this;
    const draw = () => app.frames.draw('chart', () => this.draw());
    app.on(['bars', 'series', 'history'], draw);
    let settings = '';
    app.on('view', () => {
      const now = JSON.stringify([app.view.overlays, app.view.vwap]);
      if (now !== settings) chart.apply(app.view);
      settings = now;
      draw();
    });
    app.on(['theme', 'format'], () =>
      app.frames.draw('chart-theme', () => {
        chart.recolor();
        this.table.refresh();
        this.draw();
      }),
    );
    app.on('line', draw);
    chart.api.subscribeCrosshairMove((param) => {
      this.pointed = param.time === undefined ? null : Number(param.time) * 1_000;
      app.frames.draw('legend', () => this.drawLegend());
    });
    chart.api.timeScale().subscribeVisibleLogicalRangeChange((range) => {
      const first = app.shownBars.items[0];
      if (range && first && range.from < 20 && app.view.range !== 'custom') {
        void app.loadBars(first[B.start]);
      }
    });
  }

  private toggle(name: Overlay): void {
    const { overlays } = this.app.view;
    const on = overlays.includes(name);
    const next = OVERLAYS.filter((each) => (each === name ? !on : overlays.includes(each)));
    this.app.setView({ overlays: next });
  }

  private setRange(range: View['range']): void {
    const interval = intervalFor(range, this.app.view.interval);
    this.placed = '';
    this.app.setView({ range, interval, fromMs: null, toMs: null });
  }

  private draw(): void {
    const { app } = this;
    if (app.view.view !== 'market') return;
    const bars = app.shownBars;
    // The chart paints in the frame after this one: its work and that of the tables do not add up.
    this.chart.show(bars);
    this.place();
    this.drawLegend();
    this.drawCounts();
    const waiting = app.loadingBars ? 'Reading bars…' : 'No trades here yet';
    const text = bars.items.length > 0 ? '' : app.barsError || waiting;
    setHidden(this.message, text === '');
    setText(this.message, text);
    this.drawWords();
  }

  /** Summary and table change less often; after the last bar of a market gone quiet they still do. */
  private drawWords(): void {
    const { items } = this.app.shownBars;
    const now = performance.now();
    const summaryWait = this.summedAt + SUMMARY_EVERY_MS - now;
    const tableWait = this.tabledAt + TABLE_EVERY_MS - now;
    if (summaryWait <= 0 && items.length > 0) {
      this.summedAt = now;
      setText(this.summary, summaryText(this.app));
    }
    if (tableWait <= 0 && !this.tableBox.hidden) {
      this.tabledAt = now;
      this.table.set(items.slice(-TABLE_ROWS).reverse());
    }
    const owed = [summaryWait, this.tableBox.hidden ? 0 : tableWait].filter((wait) => wait > 0);
    clearTimeout(this.owed);
    if (owed.length === 0) return;
    const draw = () => this.app.frames.draw('chart-words', () => this.drawWords());
    this.owed = window.setTimeout(draw, Math.min(...owed));
  }

  /** Bring the chosen range on the screen, once for each choice and series. */
  private place(): void {
    const { view, shownBars } = this.app;
    if (shownBars.items.length === 0) return;
    const key = [
      view.pair,
      view.exchange,
      view.interval,
      view.range,
      view.fromMs,
      view.toMs,
    ].join();
    if (key === this.placed) return;
    this.placed = key;
    this.summedAt = -Infinity;
    const scale = this.chart.api.timeScale();
    const count = shownBars.items.length;
    const width = rangeMs(view.range);
    if (view.range === 'all' || view.range === 'custom') {
      scale.fitContent();
    } else if (width !== null) {
      const last = shownBars.items[count - 1] as Bar;
      const from = shownBars.lowerBound(last[B.start] - width);
      scale.setVisibleLogicalRange({ from: from - 0.5, to: count + 1 });
    } else {
      scale.applyOptions({ barSpacing: 7 });
      scale.scrollToRealTime();
    }
  }

  private drawLegend(): void {
    const { items } = this.app.shownBars;
    const index =
      this.pointed === null ? items.length - 1 : this.app.shownBars.indexOf(this.pointed);
    const bar = items[index];
    const parts = bar ? legendText(this.app, bar, this.chart.vwapAt(index), this.chart.digits) : [];
    while (this.legend.children.length < parts.length) {
      this.legend.append(el('span', {}, el('i', {}, ''), el('b', {}, '')));
    }
    [...this.legend.children].forEach((span, at) => {
      setText(span.children[0] as Element, parts[at]?.[0] ?? '');
      setText(span.children[1] as Element, parts[at]?.[1] ?? '');
      setClass(span.children[1] as Element, parts[at]?.[2] ?? '');
    });
  }

  private drawCounts(): void {
    let [pending, failed, other, remaking] = [0, 0, 0, 0];
    for (const bar of this.app.shownBars.items.slice(-TABLE_ROWS)) {
      pending += bar[B.pending];
      failed += bar[B.failed];
      other += bar[B.other];
      remaking += bar[B.remaking];
    }
    const { format } = this.app;
    const count = Math.min(TABLE_ROWS, this.app.shownBars.items.length);
    let text =
      `${count} bars: ${format.integer(pending)} pending, ` +
      `${format.integer(failed)} failed trades`;
    if (other > 0) text += `, ${format.integer(other)} others`;
    if (remaking > 0) text += ` · ${remaking} bars are being made anew`;
    setText(this.counts, text);
  }

  private toggleTable(): void {
    const show = this.tableBox.hidden !== false;
    this.tableBox.hidden = !show;
    this.box.hidden = show;
    this.legend.hidden = show;
    this.tableToggle.set(show);
    this.tabledAt = -Infinity;
    this.draw();
  }

  private onKey(event: KeyboardEvent): void {
    const scale = this.chart.api.timeScale();
    const range = scale.getVisibleLogicalRange();
    const { items } = this.app.shownBars;
    if (!range || items.length === 0 || event.ctrlKey || event.metaKey || event.altKey) return;
    const width = range.to - range.from;
    const shift = (by: number) =>
      scale.setVisibleLogicalRange({ from: range.from + by, to: range.to + by });
    const zoom = (by: number) =>
      scale.setVisibleLogicalRange({ from: range.to - width * by, to: range.to });
    const acts: Record<string, () => void> = {
      ArrowLeft: () => (event.shiftKey ? shift(-width / 8) : this.step(-1)),
      ArrowRight: () => (event.shiftKey ? shift(width / 8) : this.step(1)),
      '+': () => zoom(0.8),
      '=': () => zoom(0.8),
      '-': () => zoom(1.25),
      Home: () => scale.setVisibleLogicalRange({ from: 0, to: width }),
      End: () => scale.scrollToRealTime(),
    };
    const act = acts[event.key];
    if (!act) return;
    event.preventDefault();
    event.stopPropagation();
    act();
  }

  /** Move the reading cross by bars and tell what it reads. */
  private step(by: number): void {
    const { shownBars, format } = this.app;
    const last = shownBars.items.length - 1;
    const now = this.pointed === null ? last : shownBars.indexOf(this.pointed);
    const index = Math.max(0, Math.min(last, now + by));
    const bar = shownBars.items[index] as Bar;
    this.pointed = bar[B.start];
    this.chart.pointAt(index);
    this.drawLegend();
    const close = bar[B.close] === null ? 'no trades' : `close ${format.exact(bar[B.close])}`;
    announce(`${format.dateTime(bar[B.start])}: ${close}, ${bar[B.trades]} trades`);
  }

  private name(): string {
    const { pair, exchange, interval } = this.app.view;
    return `${pair}-${exchange === ALL ? 'all' : exchange}-${interval}`;
  }

  private csv(): void {
    downloadCsv(`${this.name()}.csv`, BAR_HEADER, this.app.shownBars.items.map(barCsv));
  }

  private png(): void {
    const picture = this.chart.picture();
    const full = document.createElement('canvas');
    full.width = picture.width;
    full.height = picture.height + 40;
    const context = full.getContext('2d');
    if (!context) return;
    const style = getComputedStyle(document.documentElement);
    context.fillStyle = style.getPropertyValue('--panel');
    context.fillRect(0, 0, full.width, full.height);
    context.fillStyle = style.getPropertyValue('--text');
    context.font = `600 14px ${getComputedStyle(document.body).fontFamily}`;
    const { pair, exchange, interval } = this.app.view;
    const at = isoTime(this.app.market.nowMs) || NONE;
    const where = exchange === ALL ? 'all exchanges' : exchange;
    context.fillText(`${pair} · ${where} · ${interval} · ${at} · Tapelake`, 12, 26);
    context.drawImage(picture, 0, 40);
    full.toBlob((blob) => {
      if (blob) download(`${this.name()}.png`, blob);
    });
  }
}
