import type { App } from '../app';
import type { OverviewRow } from '../api/types';
import { sumTexts } from '../lib/decimal';
import { el, setOptional, svg } from '../lib/dom';
import { isoTime, type Format } from '../lib/format';
import { search } from '../lib/sort';
import { panel } from '../ui/panel';
import { DataTable, exportButtons, type Column } from '../ui/table';
import { sparkPath } from './spark';

/** Rows change places at most this often: a calm table. */
const CALM_MS = 1_000;
/** Updates from one drawing of a row's calm cells to the next. */
const TURNS = 8;

/** All pairs, grouped by quote currency: amounts of different currencies are never added. */
export class OverviewPanel {
  readonly element: HTMLElement;
  private readonly table: DataTable<OverviewRow>;
  private readonly filter: HTMLInputElement;
  private readonly turns = new Map<string, number>();
  private turn = 0;
  private arrangedAt = -Infinity;
  private shown = '';

  constructor(private readonly app: App) {
    this.filter = el('input.filter', {
      type: 'search',
      placeholder: 'Filter pairs',
      'aria-label': 'Filter pairs',
      oninput: () => this.draw(true),
    });
    this.table = new DataTable<OverviewRow>({
      caption: 'All pairs across exchanges, grouped by quote currency',
      key: (row) => row.pair,
      columns: overviewColumns(app.format, (cell, row) => this.drawSpark(cell, row)),
      group: (row) => row.quote,
      groupLabel: (quote, rows) => this.groupLabel(quote, rows),
      sort: app.view.sort,
      onSort: (sort) => app.setView({ sort }),
      onPick: (row) => app.setView({ pair: row.pair }),
      empty: 'No pairs yet',
    });
    const shell = panel(
      'overview',
      'Markets',
      this.filter,
      ...exportButtons(
        () => this.table,
        () => 'markets',
      ),
    );
    this.element = shell.element;
    shell.body.classList.add('scroll-y');
    shell.body.append(this.table.element);
    app.on(['overview', 'line'], () => app.frames.drawLater('overview', () => this.draw(false)));
    app.on('view', () => {
      this.table.setSort(app.view.sort);
      this.table.select(app.view.pair);
      app.frames.draw('overview', () => this.draw(false));
    });
    app.on('format', () => this.table.refresh());
    // What is calm in a market that has gone quiet is drawn too.
    setInterval(() => app.frames.drawLater('overview', () => this.draw(false)), CALM_MS);
  }

  private groupLabel(quote: string, rows: readonly OverviewRow[]): string {
    const money = this.app.format.compact(sumTexts(rows.map((row) => row.money_24h)));
    const pairs = rows.length === 1 ? '1 pair' : `${rows.length} pairs`;
    return `${quote} · ${pairs} · ${money} ${quote} in 24 h`;
  }

  private draw(force: boolean): void {
    const { app } = this;
    if (app.view.view !== 'market') return;
    const rows = search([...app.market.overview.values()], this.filter.value, (row) => row.pair);
    const now = performance.now();
    const shown = `${this.filter.value}\0${rows.length}`;
    const arrange = force || shown !== this.shown || now - this.arrangedAt > CALM_MS;
    if (arrange) this.arrangedAt = now;
    this.shown = shown;
    this.turn++;
    this.table.set(rows, arrange, (row) => force || this.isTurnOf(row));
  }

  /** Each row has its calm cells drawn once in a while, and not all rows at once. */
  private isTurnOf(row: OverviewRow): boolean {
    let turn = this.turns.get(row.pair);
    if (turn === undefined) {
      turn = this.turns.size % TURNS;
      this.turns.set(row.pair, turn);
    }
    return this.turn % TURNS === turn;
  }

  private drawSpark(cell: HTMLElement, row: OverviewRow): void {
    let path = cell.querySelector('path');
    if (!path) {
      path = svg('path', {}) as SVGPathElement;
      cell.append(
        svg('svg', { class: 'spark', viewBox: '0 0 60 18', 'aria-hidden': 'true' }, path),
      );
    }
    const known = row.spark.filter((close): close is number => close !== null);
    const rose = (known[known.length - 1] ?? 0) >= (known[0] ?? 0);
    setOptional(path, 'class', rose ? 'up' : 'down');
    setOptional(path, 'd', sparkPath(row.spark, 60, 18));
  }
}

function overviewColumns(
  format: Format,
  drawSpark: (cell: HTMLElement, row: OverviewRow) => void,
): Column<OverviewRow>[] {
  return [
    { key: 'pair', label: 'Pair', width: 21, text: (row) => row.pair, sort: (row) => row.pair },
    {
      key: 'last',
      label: 'Last',
      width: 20,
      numeric: true,
      text: (row) => format.price(row.last),
      exact: (row) => row.last ?? '',
      sort: (row) => row.last,
      kind: () => 'num',
    },
    {
      key: 'change',
      calm: true,
      label: '24 h',
      title: 'Change of the last price over 24 hours',
      width: 15,
      numeric: true,
      text: (row) => format.percent(row.change_24h, 2, true),
      exact: (row) => String(row.change_24h ?? ''),
      sort: (row) => row.change_24h,
      kind: (row) =>
        `num ${(row.change_24h ?? 0) > 0 ? 'up' : (row.change_24h ?? 0) < 0 ? 'down' : ''}`,
    },
    {
      key: 'money',
      calm: true,
      label: 'Volume',
      title: 'Money traded in 24 hours, in the quote currency',
      width: 15,
      numeric: true,
      text: (row) => format.compact(row.money_24h),
      exact: (row) => row.money_24h ?? '',
      sort: (row) => row.money_24h,
      kind: () => 'num',
    },
    {
      key: 'volatility',
      calm: true,
      label: 'σ 1 h',
      title: 'Realised volatility of the last hour, annualised',
      width: 11,
      numeric: true,
      text: (row) => format.percent(row.volatility_1h, 0),
      exact: (row) =>
        row.volatility_1h === null ? '' : `${row.volatility_1h} (n ${row.volatility_n ?? 0})`,
      sort: (row) => row.volatility_1h,
      kind: () => 'num',
    },
    {
      key: 'spread',
      calm: true,
      label: 'Spr bp',
      title: 'EDGE spread in basis points',
      width: 12,
      numeric: true,
      text: (row) => format.fixed(row.spread_bp, 1),
      exact: (row) => (row.spread_bp === null ? '' : `${row.spread_bp} (n ${row.spread_n ?? 0})`),
      sort: (row) => row.spread_bp,
      kind: () => 'num',
    },
    {
      key: 'spark',
      calm: true,
      label: '1 h',
      title: 'Closes of the last hour by minute',
      width: 13,
      text: (row) => (row.last_ms === null ? '' : isoTime(row.last_ms)),
      draw: drawSpark,
      kind: () => 'spark-cell',
    },
  ];
}
