import { downloadCsv } from '../lib/csv';
import { arrangeChildren, el, replace, setClass, setOptional, setText } from '../lib/dom';
import { setExact } from '../lib/exact';
import { groupedBy, sortedBy, type Direction, type SortValue } from '../lib/sort';
import { tablePng } from './table-png';

export interface Column<T> {
  key: string;
  label: string;
  title?: string;
  numeric?: boolean;
  /** What is shown. */
  text: (row: T) => string;
  /** What is copied, hovered and exported; the shown text if absent. */
  exact?: (row: T) => string;
  sort?: (row: T) => SortValue;
  kind?: (row: T) => string;
  /** Fill the cell by hand, on each change; `text` stays for files. */
  draw?: (cell: HTMLElement, row: T) => void;
  /** Of a row that `calm` names only now and then: what need not change ten times a second. */
  calm?: boolean;
  /** Share of the table's width, in any unit; absent in all columns: as wide as the texts. */
  width?: number;
}

export interface TableOptions<T> {
  caption: string;
  columns: readonly Column<T>[];
  key: (row: T) => string;
  group?: (row: T) => string;
  groupLabel?: (group: string, rows: readonly T[]) => string;
  sort?: string;
  onSort?: (sort: string) => void;
  onPick?: (row: T) => void;
  pickLabel?: (row: T) => string;
  empty?: string;
}

/** Characters that any cell of text has room for. */
const ROOM = 9;

interface Place {
  body: HTMLElement;
  head: HTMLElement | null;
}

interface Line<T> {
  row: T;
  /** The row as it was last drawn. */
  drawn: T | null;
  /** The same of its calm cells. */
  drawnCalm: T | null;
  element: HTMLTableRowElement;
  cells: HTMLElement[];
  pick: HTMLButtonElement | null;
}

/**
 * A table that is kept, not made anew: a change costs the cells it changes.
 *
 * The first column heads its row; with `onPick` it is a button, and arrows move between rows.
 */
export class DataTable<T> {
  readonly element: HTMLTableElement;
  private readonly lines = new Map<string, Line<T>>();
  private readonly bodies = new Map<string, Place>();
  private readonly heads = new Map<string, HTMLTableCellElement>();
  private rows: readonly T[] = [];
  private order = '';
  private selected = '';
  sort: string;

  constructor(private readonly options: TableOptions<T>) {
    this.sort = options.sort ?? '';
    const head = el('tr', { role: 'row' });
    for (const column of options.columns) head.append(this.headCell(column));
    const kinds = [
      'data',
      options.columns.some((column) => column.width) ? 'fixed' : 'free',
      options.onPick ? 'pickable' : '',
    ];
    this.element = el(
      'table',
      { class: kinds.join(' ').trim(), role: 'table' },
      el('caption.visually-hidden', {}, options.caption),
      el('thead', { role: 'rowgroup' }, head),
    );
    this.setWidths();
    this.showSort();
    this.element.addEventListener('keydown', (event) => this.onKey(event));
  }

  /** Rows of fixed height are boxes of their own: a changed number lays out its row and no more. */
  private setWidths(): void {
    const widths = this.options.columns.map((column) => `minmax(0, ${column.width ?? 1}fr)`);
    this.element.style.setProperty('--columns', widths.join(' '));
  }

  private headCell(column: Column<T>): HTMLTableCellElement {
    const cell = el('th', {
      scope: 'col',
      role: 'columnheader',
      class: column.numeric ? 'numeric' : null,
    });
    if (column.title) cell.title = column.title;
    if (column.sort) {
      cell.append(
        el(
          'button.sort',
          { type: 'button', onclick: () => this.sortBy(column) },
          column.label,
          el('span.sort-mark', { 'aria-hidden': 'true' }),
        ),
      );
    } else {
      cell.textContent = column.label;
    }
    this.heads.set(column.key, cell);
    return cell;
  }

  private sortBy(column: Column<T>): void {
    const [key, direction] = this.sort.split(':');
    const first: Direction = column.numeric ? 'descending' : 'ascending';
    const other: Direction = first === 'ascending' ? 'descending' : 'ascending';
    this.setSort(`${column.key}:${key === column.key && direction === first ? other : first}`);
    this.options.onSort?.(this.sort);
  }

  setSort(sort: string): void {
    if (sort === this.sort) return;
    this.sort = sort;
    this.showSort();
    this.set(this.rows);
  }

  private showSort(): void {
    const [key, direction] = this.sort.split(':');
    for (const [name, cell] of this.heads) {
      setOptional(cell, 'aria-sort', name === key ? (direction ?? null) : null);
    }
  }

  private sorted(rows: readonly T[]): readonly T[] {
    const [key, direction] = this.sort.split(':');
    const column = this.options.columns.find((entry) => entry.key === key);
    return column?.sort ? sortedBy(rows, column.sort, direction as Direction) : rows;
  }

  /** Draw all again: the way numbers and times are written has changed. */
  refresh(): void {
    for (const line of this.lines.values()) line.drawn = line.drawnCalm = null;
    this.set(this.rows);
  }

  /**
   * Show these rows. With `reorder` false, rows that are there keep their places; calm cells change
   * only in rows that `due` names, or that are new.
   */
  set(rows: readonly T[], reorder = true, due: (row: T) => boolean = () => true): void {
    this.rows = rows;
    const known = rows.every((row) => this.lines.has(this.options.key(row)));
    if (reorder || !known || rows.length !== this.lines.size) this.arrange();
    for (const row of rows) {
      const line = this.lines.get(this.options.key(row));
      if (!line) continue;
      const calm = line.drawnCalm !== row && (line.drawnCalm === null || due(row));
      if (line.drawn !== row || calm) this.fill(line, row, calm);
    }
  }

  private arrange(): void {
    const { group, groupLabel, key } = this.options;
    const groups: [string, readonly T[]][] = group
      ? groupedBy(this.rows, group).map(([name, rows]) => [name, this.sorted(rows)])
      : [['', this.sorted(this.rows)]];
    this.drop(groups);
    const order = JSON.stringify(groups.map(([name, rows]) => [name, rows.map(key)]));
    const bodies: HTMLElement[] = [];
    for (const [name, rows] of groups) {
      const place = this.bodyOf(name);
      if (place.head && groupLabel) setText(place.head, groupLabel(name, rows));
      bodies.push(place.body);
      if (order !== this.order) this.putInOrder(place, rows);
    }
    if (order !== this.order) this.keepOrder(bodies);
    this.order = order;
  }

  private putInOrder(place: Place, rows: readonly T[]): void {
    const head = place.head?.parentElement;
    const lines = rows.map((row) => this.lineOf(row).element);
    arrangeChildren(place.body, head ? [head, ...lines] : lines);
  }

  /** The bodies, behind what else the table holds. */
  private keepOrder(bodies: readonly HTMLElement[]): void {
    const others = [...this.element.children].filter(
      (child) => !bodies.includes(child as HTMLElement),
    );
    arrangeChildren(this.element, [...others, ...bodies]);
  }

  private drop(groups: readonly [string, readonly T[]][]): void {
    const kept = new Set(this.rows.map(this.options.key));
    for (const [key, line] of this.lines) {
      if (kept.has(key)) continue;
      line.element.remove();
      this.lines.delete(key);
    }
    const names = new Set(groups.map(([name]) => name));
    for (const [name, place] of this.bodies) {
      if (names.has(name) && this.rows.length > 0) continue;
      place.body.remove();
      this.bodies.delete(name);
      this.order = '';
    }
    if (this.rows.length > 0) return;
    const columns = this.options.columns.length;
    const body = el('tbody', { role: 'rowgroup' });
    const text = this.options.empty ?? 'Nothing yet';
    const cell = el('td.empty', { role: 'cell', colspan: columns }, text);
    body.append(el('tr', { role: 'row' }, cell));
    this.element.append(body);
    this.bodies.set('\0empty', { body, head: null });
  }

  private bodyOf(name: string): Place {
    let place = this.bodies.get(name);
    if (place) return place;
    const body = el('tbody', { role: 'rowgroup' });
    let head: HTMLElement | null = null;
    if (this.options.group) {
      head = el('th', {
        scope: 'rowgroup',
        role: 'rowheader',
        colspan: this.options.columns.length,
      });
      body.append(el('tr.group', { role: 'row' }, head));
    }
    place = { body, head };
    this.bodies.set(name, place);
    if (this.rows.length > 0) this.element.append(body);
    return place;
  }

  private lineOf(row: T): Line<T> {
    const key = this.options.key(row);
    const found = this.lines.get(key);
    if (found) return found;
    const element = el('tr', { role: 'row' });
    const cells: HTMLElement[] = [];
    let pick: HTMLButtonElement | null = null;
    const line: Line<T> = { row, drawn: null, drawnCalm: null, element, cells, pick };
    this.options.columns.forEach((column, index) => {
      const kind = column.numeric ? 'numeric' : null;
      const cell =
        index === 0
          ? el('th', { scope: 'row', role: 'rowheader', class: kind })
          : el('td', { role: 'cell', class: kind });
      let holder: HTMLElement = cell;
      if (index === 0 && this.options.onPick) {
        pick = el('button.pick', { type: 'button', tabindex: '-1' });
        cell.append(pick);
        holder = pick;
      }
      cells.push(holder);
      element.append(cell);
    });
    line.pick = pick;
    const onPick = this.options.onPick;
    if (onPick) element.addEventListener('click', () => onPick(line.row));
    if (pick && this.lines.size === 0) (pick as HTMLButtonElement).tabIndex = 0;
    this.lines.set(key, line);
    this.showSelected(key, line);
    return line;
  }

  private fill(line: Line<T>, row: T, calm: boolean): void {
    line.row = row;
    line.drawn = row;
    if (calm) line.drawnCalm = row;
    this.options.columns.forEach((column, index) => {
      if (column.calm && !calm) return;
      const cell = line.cells[index] as HTMLElement;
      const text = column.draw ? '' : column.text(row);
      if (column.draw) column.draw(cell, row);
      else setText(cell, text);
      if (column.exact) setExact(cell, column.exact(row));
      const names = [
        cell.tagName === 'BUTTON' ? 'pick' : '',
        column.numeric ? 'numeric' : '',
        column.kind?.(row) ?? '',
        // Each clipped box costs every frame: only what may be too long is one.
        !column.numeric && text.length > ROOM ? 'long' : '',
      ];
      setClass(cell, names.filter((name) => name !== '').join(' '));
    });
    const label = line.pick && this.options.pickLabel?.(row);
    if (line.pick && label) setOptional(line.pick, 'aria-label', label);
  }

  select(key: string): void {
    this.selected = key;
    for (const [name, line] of this.lines) this.showSelected(name, line);
  }

  private showSelected(key: string, line: Line<T>): void {
    const on = key === this.selected;
    line.element.classList.toggle('selected', on);
    if (!line.pick) return;
    setOptional(line.pick, 'aria-current', on ? 'true' : null);
    if (!on) return;
    for (const other of this.lines.values()) if (other.pick) other.pick.tabIndex = -1;
    line.pick.tabIndex = 0;
  }

  private onKey(event: KeyboardEvent): void {
    if (event.key !== 'ArrowDown' && event.key !== 'ArrowUp') return;
    const picks = [...this.element.querySelectorAll<HTMLButtonElement>('button.pick')];
    const index = picks.indexOf(document.activeElement as HTMLButtonElement);
    if (index < 0) return;
    event.preventDefault();
    picks[index + (event.key === 'ArrowDown' ? 1 : -1)]?.focus();
  }

  private exactCell(column: Column<T>, row: T): string {
    return column.exact ? column.exact(row) : column.text(row);
  }

  csv(name: string): void {
    const rows = this.sorted(this.rows).map((row) =>
      this.options.columns.map((column) => this.exactCell(column, row)),
    );
    downloadCsv(
      `${name}.csv`,
      this.options.columns.map((column) => column.label),
      rows,
    );
  }

  png(name: string): void {
    const rows = this.sorted(this.rows);
    const { columns, caption } = this.options;
    tablePng(
      `${name}.png`,
      caption,
      columns,
      rows.map((row) => columns.map((c) => c.text(row))),
    );
  }
}

/** Buttons that hand a table out as a file. */
export function exportButtons<T>(table: () => DataTable<T>, name: () => string): HTMLElement[] {
  const make = (label: string, act: () => void) =>
    el('button.quiet', { type: 'button', title: `Save as ${label}`, onclick: act }, label);
  return [make('CSV', () => table().csv(name())), make('PNG', () => table().png(name()))];
}

export function emptyMessage(parent: Element, text: string): void {
  replace(parent, el('p.empty', {}, text));
}
