import type { App } from '../app';
import { el, setClass, setText } from '../lib/dom';
import { setExact } from '../lib/exact';
import { isoTime, NONE } from '../lib/format';

/** Samples the figures of the strip rest on. */
const RECENT = 200;

interface Item {
  element: HTMLElement;
  value: HTMLElement;
}

function item(label: string, title: string): Item {
  const value = el('b.num', {}, NONE);
  const element = el('span.strip-item', { title }, el('i', {}, label), value);
  return { element, value };
}

/** The pipeline in one line: is it fresh, is it whole, does it keep up. */
export class Strip {
  readonly element: HTMLElement;
  private readonly line = el('span.strip-line', {}, NONE);
  private readonly screen = item('event→screen', 'Median and 99th percentile, measured here');
  private readonly commit = item('event→commit', 'From the change to its commit in the lake');
  private readonly rate = item('changes/s', 'Changes applied a second, all tables');
  private readonly backlog = item('lag', 'Records read but not yet applied');
  private readonly errors = item('errors', 'Changes that could not be taken, since the start');
  private readonly age = item('last commit', 'Age of the newest commit');
  private readonly alarms: HTMLButtonElement;
  private readonly clock = item('as of', 'Time of the program at the newest update');

  constructor(private readonly app: App) {
    this.alarms = el(
      'button.strip-alarms',
      { type: 'button', onclick: () => app.setView({ view: 'pipeline' }) },
      'no alarms',
    );
    const items = [this.screen, this.commit, this.rate, this.backlog, this.errors, this.age];
    this.element = el(
      'footer.strip',
      { 'aria-label': 'Pipeline' },
      this.line,
      this.alarms,
      ...items.map((each) => each.element),
      this.clock.element,
    );
    const draw = () => app.frames.drawLater('strip', () => this.draw());
    app.on(['pipeline', 'alarms', 'line', 'format'], draw);
    setInterval(draw, 1_000);
  }

  private draw(): void {
    const { app } = this;
    const { format, market } = app;
    setText(this.line, lineText(app));
    setClass(this.line, `strip-line ${app.line}`);
    const { freshness } = app.frames;
    const half = format.duration(freshness.quantile(0.5, RECENT));
    const slow = format.duration(freshness.quantile(0.99, RECENT));
    setText(this.screen.value, freshness.length > 0 ? `${half} · p99 ${slow}` : NONE);
    this.drawTables();
    setText(this.clock.value, market.nowMs ? format.time(market.nowMs) : NONE);
    setExact(this.clock.value, isoTime(market.nowMs || null));
    this.drawAlarms();
  }

  private drawTables(): void {
    const { format, market } = this.app;
    const tables = market.pipeline?.tables ?? [];
    if (tables.length === 0) return;
    const sum = (value: (table: (typeof tables)[number]) => number) =>
      tables.reduce((total, table) => total + value(table), 0);
    const most = (value: (table: (typeof tables)[number]) => number | null) =>
      tables.reduce<number | null>((max, table) => {
        const next = value(table);
        return next === null ? max : Math.max(max ?? next, next);
      }, null);
    const errors = sum((table) => table.errors);
    setText(this.commit.value, format.duration(most((table) => table.event_to_commit_ms)));
    setText(this.rate.value, format.count(Math.round(sum((table) => table.changes_per_second))));
    setText(this.backlog.value, format.count(sum((table) => table.backlog_records)));
    setText(this.errors.value, format.count(errors));
    setExact(this.errors.value, String(errors));
    setClass(this.errors.value, errors > 0 ? 'num warn' : 'num');
    setText(this.age.value, format.duration(most((table) => table.commit_age_ms)));
  }

  private drawAlarms(): void {
    const alarms = this.app.market.alarms?.alarms ?? [];
    const raised = alarms.filter((alarm) => alarm.state === 'ALARM');
    const names = raised.map((alarm) => alarm.name);
    const text =
      raised.length === 0
        ? alarms.length === 0
          ? 'no alarm rules'
          : 'no alarms'
        : `${raised.length} alarm${raised.length > 1 ? 's' : ''}: ${names.slice(0, 2).join(', ')}`;
    setText(this.alarms, text);
    setClass(this.alarms, raised.length > 0 ? 'strip-alarms raised' : 'strip-alarms');
    this.alarms.title = raised.map((alarm) => `${alarm.name}: ${alarm.reason}`).join('\n');
  }
}

export function lineText(app: App): string {
  switch (app.line) {
    case 'live':
      if (app.market.awaiting) return 'Loading';
      return app.view.everyMs > 0 ? `Every ${app.format.duration(app.view.everyMs)}` : 'Live';
    case 'behind':
      return `Behind ${app.format.duration(Math.max(3_000, app.silenceMs()))}`;
    case 'paused':
      return `Paused ${app.format.time(app.heardAtMs || Date.now())}`;
    default:
      return 'Connecting';
  }
}
