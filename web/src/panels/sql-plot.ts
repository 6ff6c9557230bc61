import type { SqlAnswer } from '../api/types';
import { el, replace } from '../lib/dom';
import type { Format } from '../lib/format';
import { select } from '../ui/controls';
import { panel } from '../ui/panel';
import { plot, type PlotKind } from '../ui/plot';
import { cellNumber } from './sql-text';

const POINTS_MAX = 2_000;
const KINDS = [
  { value: 'line', label: 'Line' },
  { value: 'bar', label: 'Bars' },
  { value: 'points', label: 'Points' },
];

const numberShare = (answer: SqlAnswer, at: number): number => {
  const type = answer.columns[at]?.type ?? '';
  const some = answer.rows.slice(0, 100);
  const numbers = some.filter((row) => cellNumber(row[at] ?? null, type) !== null).length;
  return some.length > 0 ? numbers / some.length : 0;
};

/** The columns to begin with: the first that is a time or text across, the first number up. */
export function firstChoice(answer: SqlAnswer): { x: number; y: number } | null {
  const times = answer.columns.findIndex((column) => /DATE|TIME/i.test(column.type));
  const isNumber = answer.columns.map(
    (column, at) => !/DATE|TIME/i.test(column.type) && numberShare(answer, at) > 0.5,
  );
  const x = times >= 0 ? times : Math.max(0, isNumber.indexOf(false));
  const y = isNumber.findIndex((is, at) => is && at !== x);
  if (y < 0) return isNumber[x] ? { x, y: x } : null;
  return { x, y };
}

/** A chart of any result: pick what goes across, what goes up, and how it is drawn. */
export class SqlPlot {
  readonly element: HTMLElement;
  private answer: SqlAnswer = { columns: [], rows: [], truncated: false, took_ms: 0 };
  private readonly drawing = el('div.drawing', {}, el('p.empty', {}, 'Run a statement'));
  private readonly x = select('Across', [], () => this.draw());
  private readonly y = select('Up', [], () => this.draw());
  private readonly kind = select('Kind of chart', KINDS, () => this.draw());

  constructor(private readonly format: Format) {
    const shell = panel(
      'sql-plot',
      'Chart of the result',
      this.kind.element,
      this.x.element,
      this.y.element,
    );
    this.element = shell.element;
    this.element.hidden = true;
    shell.body.append(this.drawing);
  }

  show(answer: SqlAnswer): void {
    this.answer = answer;
    this.element.hidden = answer.columns.length === 0;
    const first = firstChoice(answer);
    const names = (prefix: string) =>
      answer.columns.map((column, at) => el('option', { value: at }, `${prefix} ${column.name}`));
    replace(this.x.input, ...names('x:'));
    replace(this.y.input, ...names('y:'));
    if (first) {
      this.x.set(String(first.x));
      this.y.set(String(first.y));
      const type = answer.columns[first.x]?.type ?? '';
      this.kind.set(/CHAR|BOOL|ENUM/i.test(type) ? 'bar' : 'line');
    }
    this.draw();
  }

  private draw(): void {
    const { columns, rows } = this.answer;
    const at = { x: Number(this.x.input.value), y: Number(this.y.input.value) };
    const [xType, yType] = [columns[at.x]?.type ?? '', columns[at.y]?.type ?? ''];
    const points = rows.slice(0, POINTS_MAX).flatMap((row) => {
      const y = cellNumber(row[at.y] ?? null, yType);
      if (y === null) return [];
      return [{ label: row[at.x] ?? 'NULL', x: cellNumber(row[at.x] ?? null, xType), y }];
    });
    if (points.length === 0) {
      replace(this.drawing, el('p.empty', {}, 'No numbers to draw'));
      return;
    }
    const placed = points.every((point) => point.x !== null);
    const kind = this.kind.input.value as PlotKind;
    if (placed && kind === 'line') points.sort((a, b) => (a.x ?? 0) - (b.x ?? 0));
    const left = rows.length > POINTS_MAX ? `, the first ${POINTS_MAX} rows` : '';
    replace(
      this.drawing,
      plot({
        kind,
        labels: points.map((point) => point.label),
        ...(placed ? { x: points.map((point) => point.x ?? 0) } : {}),
        y: points.map((point) => point.y),
        title: `${columns[at.y]?.name ?? ''} by ${columns[at.x]?.name ?? ''}${left}`,
        yText: (value) => this.format.compact(value),
      }),
    );
  }
}
