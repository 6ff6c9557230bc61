import type { App } from '../app';
import type { MeasureDef, MeasureValue } from '../api/types';
import { el, setHidden, setText, type Child } from '../lib/dom';
import { setExact } from '../lib/exact';
import { isoTime, NONE, type Format } from '../lib/format';
import { toggleInfo } from '../ui/info';
import { panel, type Panel } from '../ui/panel';
import { DataTable, exportButtons, type Column } from '../ui/table';

/** Characters of a label that the column has room for. */
const LABEL_ROOM = 15;

export interface MeasureRow {
  def: MeasureDef;
  value: MeasureValue | null;
  /** Size among the measures of the same unit and group, 0 to 1. */
  share: number;
}

const REASONS: Record<string, string> = {
  too_few: 'too few observations',
  gap: 'gaps leave too little that is adjacent',
  undefined: 'the formula has no answer',
  stale: 'all last prices are too old',
  single: 'needs two exchanges',
};
const REASONS_SHORT: Record<string, string> = {
  too_few: 'too few',
  gap: 'gap',
  undefined: 'undefined',
  stale: 'stale',
  single: 'one exchange',
};
const NOTES: Record<string, string> = {
  floored: 'the formula gave a negative number; shown is 0',
  not_significant: '|t| < 2: may be chance',
  thin: 'fewer than 100 trades a bar: range estimators understate',
  gaps: 'some returns span empty bars',
};
const NOTES_SHORT: Record<string, string> = { not_significant: 'n.s.' };

/** Units that are understood from the number itself. */
const PLAIN_UNITS = new Set(['annualised', 'ratio', 'seconds', 'trades', 'quote^(-1/3)', '']);

export function reasonText(reason: string | null): string {
  return reason === null ? 'no value' : (REASONS[reason] ?? reason);
}

/** Order flow is read beside the spread, whatever else it tells of. */
function groupOf(def: MeasureDef): string {
  return /^(imbalance|vpin)/.test(def.name) ? 'liquidity' : def.group;
}

/** Rows of a group in the order of the catalog, each with its size beside its like. */
export function measureRows(
  defs: readonly MeasureDef[],
  values: readonly MeasureValue[],
  groups: readonly string[],
): MeasureRow[] {
  const byName = new Map(values.map((value) => [value[0], value]));
  const chosen = defs.filter((def) => groups.includes(groupOf(def)));
  const most = new Map<string, number>();
  for (const def of chosen) {
    const value = byName.get(def.name)?.[1];
    if (value == null) continue;
    most.set(def.unit, Math.max(most.get(def.unit) ?? 0, Math.abs(value)));
  }
  return chosen.map((def) => {
    const value = byName.get(def.name) ?? null;
    const number = value?.[1];
    const widest = most.get(def.unit) ?? 0;
    const comparable = def.unit === 'annualised' || def.unit === 'bp';
    const share = comparable && number != null && widest > 0 ? Math.abs(number) / widest : 0;
    return { def, value, share };
  });
}

/** Units of the catalog in short, beside the value; the explanation has them in full. */
export function unitText(unit: string, quote: string): string {
  if (unit === '1e6/quote') return '/M';
  if (unit === 'bp per 1e6 quote') return 'bp/M';
  if (unit === 'quote') return quote || unit;
  return PLAIN_UNITS.has(unit) ? '' : unit;
}

/** The panel says what its measures are: `Spread, EDGE` is `EDGE` there. */
export function shortLabel(label: string): string {
  return label.replace(/^Spread, /, '');
}

export function valueText(format: Format, row: MeasureRow, quote = ''): string {
  if (!row.value) return NONE;
  const [, value, reason] = row.value;
  if (value === null) return REASONS_SHORT[reason ?? ''] ?? reason ?? NONE;
  const text = format.measure(value, row.def.unit);
  return `${text} ${unitText(row.def.unit, quote)}`.trim();
}

/** The second number where it belongs to reading the first: significance, age. */
export function detailText(format: Format, row: MeasureRow): string {
  const detail = row.value?.[5];
  if (detail == null) return '';
  if (row.def.detail === 't') return `t ${format.telling(detail, 2)}`;
  if (row.def.detail.startsWith('age')) return format.duration(detail * 1_000);
  return '';
}

function explain(app: App, row: MeasureRow): Child[] {
  const { def, value } = row;
  const { format } = app;
  const item = (name: string, text: string) => [el('dt', {}, name), el('dd', {}, text)];
  const list = el('dl.facts', {}, ...item('Source', def.formula), ...item('Window', def.window));
  list.append(...item('Unit', def.unit));
  if (value) {
    list.append(...item('Exactly', value[1] === null ? NONE : String(value[1])));
    list.append(...item('Observations', format.integer(value[4])));
    if (value[1] === null) list.append(...item('No value', reasonText(value[2])));
    if (value[3]) list.append(...item('Note', NOTES[value[3]] ?? value[3]));
    if (def.detail) {
      list.append(...item(def.detail, value[5] === null ? NONE : format.telling(value[5])));
    }
  }
  return [el('h3', {}, def.label), list];
}

/** Estimators side by side: value, note, what it rests on, over what window. */
export class MeasuresPanel {
  readonly element: HTMLElement;
  private readonly table: DataTable<MeasureRow>;
  private readonly shell: Panel;
  private readonly head = el('div.headline', { hidden: true });
  private readonly headLabel = el('span.headline-label', {});
  private readonly headValue = el('span.headline-value.num', {});
  private readonly headNote = el('span.headline-note', {});

  constructor(
    private readonly app: App,
    name: string,
    title: string,
    private readonly groups: readonly string[],
    private readonly headline: RegExp | null,
  ) {
    this.table = new DataTable<MeasureRow>({
      caption: `${title}: measures of the chosen pair and exchange`,
      key: (row) => row.def.name,
      columns: this.columns(),
      empty: 'No measures yet',
    });
    this.shell = panel(
      name,
      title,
      ...exportButtons(
        () => this.table,
        () => `${name}-${app.view.pair}`,
      ),
    );
    this.element = this.shell.element;
    this.head.append(this.headLabel, this.headValue, this.headNote);
    this.shell.body.append(this.head, el('div.scroll-x', {}, this.table.element));
    const draw = () => app.frames.drawLater(name, () => this.draw());
    app.on(['measures', 'view', 'line'], draw);
    app.on('format', () => {
      this.table.refresh();
      draw();
    });
  }

  private columns(): Column<MeasureRow>[] {
    const { format } = this.app;
    return [
      {
        key: 'name',
        label: 'Measure',
        width: 32,
        text: (row) => row.def.label,
        draw: (cell, row) => this.drawName(cell, row),
      },
      {
        key: 'value',
        label: 'Value',
        width: 23,
        numeric: true,
        text: (row) => valueText(format, row, this.quote()),
        exact: (row) => String(row.value?.[1] ?? ''),
        kind: (row) => (row.value && row.value[1] === null ? 'value none' : 'value'),
        draw: (cell, row) => this.drawValue(cell, row),
      },
      {
        key: 'note',
        label: 'Note',
        width: 12,
        text: (row) => {
          const note = row.value?.[3];
          return (note ? (NOTES_SHORT[note] ?? note) : '') || detailText(format, row);
        },
        kind: (row) => (row.value?.[3] ? 'note warn' : 'note'),
      },
      {
        key: 'n',
        label: 'n',
        title: 'Observations the value rests on',
        width: 15,
        numeric: true,
        text: (row) => (row.value ? format.count(row.value[4]) : NONE),
        exact: (row) => String(row.value?.[4] ?? ''),
      },
      {
        key: 'window',
        label: 'Window',
        width: 18,
        text: (row) => row.def.window,
        exact: (row) => row.def.window,
        kind: () => 'window',
      },
    ];
  }

  private drawName(cell: HTMLElement, row: MeasureRow): void {
    if (cell.firstChild) return;
    const name = row.def.name;
    const anchor: HTMLButtonElement = el(
      'button',
      {
        type: 'button',
        class: shortLabel(row.def.label).length > LABEL_ROOM ? 'link long' : 'link',
        'aria-expanded': 'false',
        title: row.def.formula,
        onclick: (event) => {
          event.stopPropagation();
          const now = this.rows().find((each) => each.def.name === name) ?? row;
          toggleInfo(anchor, () => explain(this.app, now));
        },
      },
      shortLabel(row.def.label),
    );
    cell.append(anchor);
  }

  private drawValue(cell: HTMLElement, row: MeasureRow): void {
    const text = cell.firstElementChild ?? cell.appendChild(el('span.num', {}));
    setText(text, valueText(this.app.format, row, this.quote()));
    setExact(text, String(row.value?.[1] ?? reasonText(row.value?.[2] ?? null)));
    // A background: a box that is scaled would have the whole page layered anew at each change.
    const size = `${(100 * row.share).toFixed(1)}% 100%`;
    if (cell.style.backgroundSize !== size) cell.style.backgroundSize = size;
  }

  private quote(): string {
    return this.app.pairInfo()?.quote ?? '';
  }

  private rows(): MeasureRow[] {
    const { status, market } = this.app;
    return measureRows(status?.measures ?? [], market.measures?.values ?? [], this.groups);
  }

  private draw(): void {
    const { app } = this;
    if (app.view.view !== 'market') return;
    const rows = this.rows();
    this.table.set(rows);
    const asOf = app.market.measures?.as_of_ms;
    this.shell.setNote(asOf ? `${app.format.time(asOf)} ${app.format.zoneName()}` : '');
    if (asOf) setExact(this.shell.note, isoTime(asOf));
    this.drawHeadline(rows);
  }

  private drawHeadline(rows: readonly MeasureRow[]): void {
    const row = this.headline && rows.find((each) => this.headline?.test(each.def.name));
    setHidden(this.head, !row);
    if (!row) return;
    setText(this.headLabel, `${row.def.label} · ${row.def.window}`);
    setText(this.headValue, valueText(this.app.format, row, this.quote()));
    setExact(this.headValue, String(row.value?.[1] ?? ''));
    const note = row.value?.[3];
    const n = row.value ? `n ${this.app.format.integer(row.value[4])}` : '';
    setText(this.headNote, note ? `${n} · ${NOTES[note] ?? note}` : n);
  }
}
