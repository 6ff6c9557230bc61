// What the program sends; see docs/internals/live-api.md.

/** A bar as it is sent: an array, read by the names of `B`. */
export type Bar = readonly [
  start: number,
  open: string | null,
  high: string | null,
  low: string | null,
  close: string | null,
  quantity: string,
  money: string,
  vwap: number | null,
  sd: number | null,
  trades: number,
  buy: string,
  sell: string,
  pending: number,
  failed: number,
  other: number,
  remaking: number,
];

export const B = {
  start: 0,
  open: 1,
  high: 2,
  low: 3,
  close: 4,
  quantity: 5,
  money: 6,
  vwap: 7,
  sd: 8,
  trades: 9,
  buy: 10,
  sell: 11,
  pending: 12,
  failed: 13,
  other: 14,
  remaking: 15,
} as const;

/** `[time_us, pair, exchange, side, price, quantity, money, key]` */
export type Trade = readonly [number, string, string, string, string, string, string, string];

export interface MeasureDef {
  name: string;
  label: string;
  unit: string;
  window: string;
  group: string;
  formula: string;
  detail: string;
}

/** `[name, value, reason, note, n, detail]` */
export type MeasureValue = readonly [
  string,
  number | null,
  string | null,
  string | null,
  number,
  number | null,
];

export interface Measures {
  pair: string;
  exchange: string;
  as_of_ms: number;
  values: MeasureValue[];
}

export interface Status {
  version: string;
  now_ms: number;
  started_ms: number;
  login_needed: boolean;
  table: string;
  intervals: string[];
  measures: MeasureDef[];
}

export interface PairInfo {
  pair: string;
  base: string;
  quote: string;
  exchanges: string[];
}

export interface OverviewRow {
  pair: string;
  quote: string;
  exchanges: number;
  last: string | null;
  last_ms: number | null;
  change_24h: number | null;
  money_24h: string | null;
  quantity_24h: string | null;
  trades_24h: number | null;
  volatility_1h: number | null;
  volatility_n: number | null;
  spread_bp: number | null;
  spread_n: number | null;
  gap_bp: number | null;
  imbalance_1m: number | null;
  spark: (number | null)[];
}

export interface ExchangeRow {
  exchange: string;
  last: string | null;
  last_ms: number | null;
  age_ms: number | null;
  money_24h: string | null;
  share_24h: number | null;
  trades_1m: number | null;
  spread_bp: number | null;
  volatility_1h: number | null;
  deviation_bp: number | null;
}

export interface PipelineTable {
  table: string;
  changes_per_second: number;
  received: number;
  applied: number;
  duplicates: number;
  stale: number;
  errors: number;
  rescued: number;
  rows: number;
  rows_exact: boolean;
  commits: number;
  instant: string;
  commit_age_ms: number | null;
  commit_took_ms: number | null;
  event_to_commit_ms: number | null;
  event_to_market_ms: number | null;
  backlog_records: number;
  retries: number;
  last_failure: string;
}

export interface Pipeline {
  now_ms: number;
  tables: PipelineTable[];
  market: { bars: number; trades_held: number; stale: number; version: number };
  clients: number;
}

export interface Alarm {
  name: string;
  state: string;
  since_ms: number;
  reason: string;
  metric: string;
  labels: Record<string, string>;
  threshold: number | null;
  comparison: string;
  latest: number | null;
}

export interface AlarmChange {
  at_ms: number;
  name: string;
  from: string;
  to: string;
  reason: string;
}

export interface Alarms {
  alarms: Alarm[];
  history: AlarmChange[];
}

export interface Update {
  version: number;
  now_ms: number;
  newest_change_us?: number;
  bars?: Bar[];
  removed_bars?: number[];
  measures?: Measures;
  overview?: OverviewRow[];
  exchanges?: ExchangeRow[];
  tape?: Trade[];
  tape_removed?: string[];
  pipeline?: Pipeline;
  alarms?: Alarms;
}

export interface BarsAnswer {
  pair: string;
  exchange: string;
  interval: string;
  version: number;
  bars: Bar[];
}

export interface Correlation {
  pairs: string[];
  n: number[][];
  values: (number | null)[][];
}

export interface ConePoint {
  horizon: string;
  windows: number;
  now: number | null;
  min: number | null;
  lower: number | null;
  median: number | null;
  upper: number | null;
  max: number | null;
}

export interface SizesAnswer {
  from: string[];
  counts: number[];
}

export interface SqlAnswer {
  columns: { name: string; type: string }[];
  rows: (string | null)[][];
  truncated: boolean;
  took_ms: number;
}

export interface TableInfo {
  table: string;
  type: string;
  instant: string;
  rows: number | null;
  bytes: number | null;
  partitions: number | null;
  commits: number | null;
  log_files: number | null;
}

export interface CommitInfo {
  instant: string;
  action: string;
  state: string;
  at_ms: number;
  files: number;
  inserts: number;
  updates: number;
  deletes: number;
  bytes: number;
}

export interface FileInfo {
  partition: string;
  file_group: string;
  base_file: string | null;
  base_bytes: number;
  log_files: number;
  log_bytes: number;
}

export interface SchemaVersion {
  instant: string;
  columns: { name: string; type: string }[];
}

/** `*` stands for all exchanges. */
export const ALL = '*';
