import type { App } from '../app';
import { ALL, type ExchangeRow, type Trade } from '../api/types';
import { el } from '../lib/dom';
import { isoTime, type Format } from '../lib/format';
import { Segmented } from '../ui/controls';
import { panel, scrollRegion } from '../ui/panel';
import { DataTable, exportButtons, type Column } from '../ui/table';

/** Rows of the tape that are drawn, and how often: one that races cannot be read. */
const TAPE_ROWS = 40;
const TAPE_EVERY_MS = 500;

/** The chosen pair, exchange by exchange. */
export function exchangesPanel(app: App): HTMLElement {
  const { format } = app;
  const table = new DataTable<ExchangeRow>({
    caption: 'The chosen pair by exchange',
    key: (row) => row.exchange,
    columns: exchangeColumns(format),
    sort: 'share:descending',
    onPick: (row) =>
      app.setView({ exchange: row.exchange === app.view.exchange ? ALL : row.exchange }),
    empty: 'No exchange has traded yet',
  });
  const shell = panel(
    'exchanges',
    'Exchanges',
    ...exportButtons(
      () => table,
      () => `exchanges-${app.view.pair}`,
    ),
  );
  shell.body.append(el('div.scroll-x', {}, table.element));
  let arrangedAt = -Infinity;
  const draw = () => {
    if (app.view.view !== 'market') return;
    const now = performance.now();
    const arrange = now - arrangedAt > 1_000;
    if (arrange) arrangedAt = now;
    table.set([...app.market.exchanges.values()], arrange);
    shell.setNote(app.view.pair);
  };
  app.on(['exchanges', 'line'], () => app.frames.drawLater('exchanges', draw));
  app.on('view', () => {
    table.select(app.view.exchange);
    app.frames.drawLater('exchanges', draw);
  });
  app.on('format', () => table.refresh());
  return shell.element;
}

function exchangeColumns(format: Format): Column<ExchangeRow>[] {
  const number = (
    key: string,
    label: string,
    width: number,
    value: (row: ExchangeRow) => number | null,
    text: (value: number | null) => string,
    title?: string,
  ): Column<ExchangeRow> => ({
    key,
    label,
    width,
    ...(title ? { title } : {}),
    numeric: true,
    text: (row) => text(value(row)),
    exact: (row) => String(value(row) ?? ''),
    sort: value,
    kind: () => 'num',
  });
  return [
    {
      key: 'exchange',
      label: 'Exchange',
      width: 20,
      text: (row) => row.exchange,
      sort: (row) => row.exchange,
    },
    {
      key: 'last',
      label: 'Last',
      width: 19,
      numeric: true,
      text: (row) => format.price(row.last),
      exact: (row) => row.last ?? '',
      sort: (row) => row.last,
      kind: () => 'num',
    },
    number(
      'deviation',
      'Dev bp',
      13,
      (row) => row.deviation_bp,
      (v) => format.fixed(v, 1),
      'Last price against the VWAP across exchanges',
    ),
    number(
      'age',
      'Age',
      13,
      (row) => row.age_ms,
      (v) => format.duration(v),
      'Since the last trade',
    ),
    {
      key: 'money',
      label: 'Volume',
      title: 'Money traded in 24 hours',
      width: 15,
      numeric: true,
      text: (row) => format.compact(row.money_24h),
      exact: (row) => row.money_24h ?? '',
      sort: (row) => row.money_24h,
      kind: () => 'num',
    },
    number(
      'share',
      'Share',
      13,
      (row) => row.share_24h,
      (v) => format.percent(v, 1),
    ),
    number(
      'trades',
      'n 1 min',
      12,
      (row) => row.trades_1m,
      (v) => format.integer(v),
      'Trades in the last minute',
    ),
    number(
      'spread',
      'Spr bp',
      12,
      (row) => row.spread_bp,
      (v) => format.fixed(v, 1),
    ),
    number(
      'volatility',
      'σ 1 h',
      13,
      (row) => row.volatility_1h,
      (v) => format.percent(v, 0),
      'Realised volatility of the last hour, annualised',
    ),
  ];
}

/** Large trades, newest first. */
export function tapePanel(app: App): HTMLElement {
  const { format } = app;
  let only = 'all';
  const table = new DataTable<Trade>({
    caption: 'Large trades, newest first',
    key: (trade) => trade[7],
    columns: tapeColumns(format),
    onPick: (trade) => app.setView({ pair: trade[1] }),
    empty: 'No large trades yet',
  });
  const which = new Segmented(
    'Trades of',
    [
      { value: 'all', label: 'All pairs' },
      { value: 'pair', label: 'This pair' },
    ],
    (value) => {
      only = value;
      which.set(value);
      draw();
    },
  );
  which.set(only);
  const shell = panel(
    'tape',
    'Large trades',
    which.element,
    ...exportButtons(
      () => table,
      () => 'large-trades',
    ),
  );
  shell.body.append(scrollRegion('Large trades', table.element));
  const draw = () => {
    if (app.view.view !== 'market') return;
    const { pair } = app.view;
    const trades = app.market.tape.filter((trade) => only === 'all' || trade[1] === pair);
    table.set(trades.slice(0, TAPE_ROWS));
  };
  let waiting = 0;
  app.on('tape', () => {
    waiting ||= window.setTimeout(() => {
      waiting = 0;
      app.frames.drawLater('tape', draw);
    }, TAPE_EVERY_MS);
  });
  app.on(['view', 'line'], () => app.frames.drawLater('tape', draw));
  app.on('format', () => table.refresh());
  return shell.element;
}

function tapeColumns(format: Format): Column<Trade>[] {
  const side = (trade: Trade) => (/^b/i.test(trade[3]) ? 'up' : /^s/i.test(trade[3]) ? 'down' : '');
  return [
    {
      key: 'time',
      label: 'Time',
      width: 17,
      text: (trade) => format.time(trade[0] / 1_000),
      exact: (trade) => isoTime(trade[0] / 1_000),
    },
    { key: 'pair', label: 'Pair', width: 19, text: (trade) => trade[1], exact: (t) => t[1] },
    { key: 'exchange', label: 'Exchange', width: 18, text: (trade) => trade[2] },
    {
      key: 'side',
      label: 'Side',
      width: 9,
      text: (trade) => trade[3].toLowerCase(),
      kind: side,
    },
    {
      key: 'price',
      label: 'Price',
      width: 20,
      numeric: true,
      text: (trade) => format.price(trade[4]),
      exact: (trade) => trade[4],
      kind: (trade) => `num ${side(trade)}`,
    },
    {
      key: 'quantity',
      label: 'Qty',
      title: 'Quantity',
      width: 13,
      numeric: true,
      text: (trade) => format.compact(trade[5]),
      exact: (trade) => trade[5],
      kind: () => 'num',
    },
    {
      key: 'money',
      label: 'Money',
      width: 14,
      numeric: true,
      text: (trade) => format.compact(trade[6]),
      exact: (trade) => trade[6],
      kind: () => 'num',
    },
  ];
}
