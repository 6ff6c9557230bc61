// What the page shows, as an address: everything that can be shared, and no secret.

import { ALL } from '../api/types';

export const VIEWS = ['market', 'analysis', 'sql', 'tables', 'pipeline'] as const;
export type ViewName = (typeof VIEWS)[number];

export const INTERVALS = ['1s', '1m', '5m', '15m', '1h', '1d'] as const;
export const EVERY = [
  { ms: 0, label: 'Live' },
  { ms: 1_000, label: '1 s' },
  { ms: 60_000, label: '1 min' },
  { ms: 900_000, label: '15 min' },
] as const;
export const RANGES = ['auto', '15m', '1h', '4h', '1d', '7d', 'all', 'custom'] as const;
export const OVERLAYS = ['vwap', 'bands', 'bollinger', 'volume'] as const;
export type Overlay = (typeof OVERLAYS)[number];

const RANGE_MS: Record<string, number> = {
  '15m': 900_000,
  '1h': 3_600_000,
  '4h': 14_400_000,
  '1d': 86_400_000,
  '7d': 604_800_000,
};

export interface View {
  view: ViewName;
  pair: string;
  exchange: string;
  interval: string;
  everyMs: number;
  range: (typeof RANGES)[number];
  fromMs: number | null;
  toMs: number | null;
  overlays: Overlay[];
  vwap: 'session' | 'bar';
  sort: string;
  sql: string;
  table: string;
}

export const DEFAULT_VIEW: View = {
  view: 'market',
  pair: '',
  exchange: ALL,
  interval: '1m',
  everyMs: 0,
  range: 'auto',
  fromMs: null,
  toMs: null,
  overlays: ['vwap', 'bands', 'volume'],
  vwap: 'session',
  sort: 'money:descending',
  sql: '',
  table: '',
};

/** Width of a preset; null where the data or the reader decide. */
export function rangeMs(range: View['range']): number | null {
  return RANGE_MS[range] ?? null;
}

const NAME_MAX = 500;
const SQL_MAX = 20_000;

const oneOf = <T extends string>(list: readonly T[], text: unknown, fallback: T): T =>
  list.includes(text as T) ? (text as T) : fallback;

function timeOf(text: unknown): number | null {
  const value = typeof text === 'string' && text !== '' ? Number(text) : text;
  return typeof value === 'number' && Number.isSafeInteger(value) && Math.abs(value) < 8.64e15
    ? value
    : null;
}

const textOf = (text: unknown, most: number, fallback: string): string =>
  typeof text === 'string' && text.length <= most ? text : fallback;

/** A view of any texts: what is unknown or malformed falls back. */
export function viewOf(fields: Record<string, unknown>): View {
  const base = DEFAULT_VIEW;
  const every = Number(fields.every ?? base.everyMs);
  const fromMs = timeOf(fields.from);
  const toMs = timeOf(fields.to);
  let range = oneOf(RANGES, fields.range, base.range);
  const ordered = fromMs !== null && toMs !== null && fromMs < toMs;
  if (range === 'custom' && !ordered) range = 'auto';
  const overlays =
    typeof fields.show === 'string'
      ? OVERLAYS.filter((name) => (fields.show as string).split(',').includes(name))
      : base.overlays;
  return {
    view: oneOf(VIEWS, fields.view, base.view),
    pair: textOf(fields.pair, NAME_MAX, base.pair),
    exchange: textOf(fields.exchange, NAME_MAX, base.exchange) || ALL,
    interval: oneOf(INTERVALS, fields.interval, '1m'),
    everyMs: EVERY.some((entry) => entry.ms === every) ? every : base.everyMs,
    range,
    fromMs: range === 'custom' ? fromMs : null,
    toMs: range === 'custom' ? toMs : null,
    overlays,
    vwap: oneOf(['session', 'bar'] as const, fields.vwap, base.vwap),
    sort: /^[a-z_]{1,20}:(ascending|descending)$/.test(String(fields.sort ?? ''))
      ? String(fields.sort)
      : base.sort,
    sql: textOf(fields.sql, SQL_MAX, ''),
    table: textOf(fields.table, NAME_MAX, ''),
  };
}

/** The fields that differ from the defaults, as texts. */
export function fieldsOf(view: View): Record<string, string> {
  const fields: Record<string, string> = {};
  const base = DEFAULT_VIEW;
  if (view.pair) fields.pair = view.pair;
  if (view.exchange !== base.exchange) fields.exchange = view.exchange;
  if (view.interval !== base.interval) fields.interval = view.interval;
  if (view.everyMs !== base.everyMs) fields.every = String(view.everyMs);
  if (view.range !== base.range) fields.range = view.range;
  if (view.range === 'custom' && view.fromMs !== null && view.toMs !== null) {
    fields.from = String(view.fromMs);
    fields.to = String(view.toMs);
  }
  if (view.overlays.join() !== base.overlays.join()) fields.show = view.overlays.join(',');
  if (view.vwap !== base.vwap) fields.vwap = view.vwap;
  if (view.sort !== base.sort) fields.sort = view.sort;
  if (view.view === 'sql' && view.sql) fields.sql = view.sql;
  if (view.view === 'tables' && view.table) fields.table = view.table;
  return fields;
}

export function hashOf(view: View): string {
  const query = new URLSearchParams(fieldsOf(view)).toString();
  return `#/${view.view}${query ? `?${query}` : ''}`;
}

export function viewOfHash(hash: string): View {
  const match = /^#\/?([^?]*)(?:\?(.*))?$/s.exec(hash);
  const fields = Object.fromEntries(new URLSearchParams(match?.[2] ?? ''));
  return viewOf({ ...fields, view: match?.[1] ?? '' });
}
