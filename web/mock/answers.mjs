// What the mock says of its market, in the shapes of docs/internals/live-api.md.

import { EXCHANGES, INTERVAL_MS } from './market.mjs';
import { MEASURES } from './measures.mjs';
import { randomOf } from './random.mjs';

export function status(market, loginNeeded) {
  return {
    version: '0.1.0',
    now_ms: market.now(),
    started_ms: market.startedMs,
    login_needed: loginNeeded,
    table: 'crypto.transactions',
    intervals: Object.keys(INTERVAL_MS),
    measures: MEASURES.map(({ base, spread, ...definition }) => definition),
  };
}

export const markets = (market) => ({
  pairs: market.pairs.map(({ pair, base, quote }) => ({ pair, base, quote, exchanges: EXCHANGES })),
});

export function bars(market, query) {
  const [pair, exchange, interval] = ['pair', 'exchange', 'interval'].map((n) => query.get(n));
  const entry = market.find(pair);
  if (!entry) return null;
  const from = Number(query.get('from_ms') ?? 0);
  const to = Number(query.get('to_ms') ?? Number.MAX_SAFE_INTEGER);
  const limit = Math.min(5_000, Number(query.get('limit') ?? 1_500));
  const inside = market
    .seriesOf(pair, exchange, interval)
    .filter((bar) => bar.start >= from && bar.start < to);
  return {
    pair,
    exchange,
    interval,
    version: market.version,
    bars: inside.slice(-limit).map((bar) => bar.wire(entry.digits)),
  };
}

export const overviewRow = (entry) => ({
  pair: entry.pair,
  quote: entry.quote,
  exchanges: 6,
  last: entry.last.toFixed(entry.digits),
  last_ms: entry.lastMs,
  change_24h: entry.last / entry.opened - 1,
  money_24h: entry.money.toFixed(4),
  quantity_24h: entry.quantity.toFixed(8),
  trades_24h: entry.trades,
  volatility_1h: 0.3 + 0.5 * (1 - entry.weight) + noise(entry) * 0.02,
  volatility_n: 60,
  spread_bp: 1 + 6 * (1 - entry.weight) + noise(entry),
  spread_n: 60,
  gap_bp: 1.2 + noise(entry),
  imbalance_1m: noise(entry) - 0.5,
  spark: entry.spark,
});

const noise = (entry) => Math.abs(Math.sin(entry.trades / 40));

export function overview(market) {
  return {
    as_of_ms: market.now(),
    version: market.version,
    rows: market.pairs.map(overviewRow),
  };
}

export function exchanges(market, pair) {
  const entry = market.find(pair);
  if (!entry) return { rows: [] };
  return {
    rows: entry.venues.map((venue) => ({
      exchange: venue.exchange,
      last: venue.last.toFixed(entry.digits),
      last_ms: venue.lastMs,
      age_ms: market.now() - venue.lastMs,
      money_24h: (entry.money * venue.share).toFixed(4),
      share_24h: venue.share,
      trades_1m: venue.recent,
      spread_bp: 1.4 + venue.share * 6,
      volatility_1h: 0.42 + venue.share / 5,
      deviation_bp: (venue.last / entry.price - 1) * 1e4,
    })),
  };
}

export function measures(market, pair, exchange) {
  const entry = market.find(pair);
  const wave = entry ? noise(entry) : 0;
  return {
    pair,
    exchange,
    as_of_ms: market.now(),
    values: MEASURES.map((definition, index) => {
      const { name, base, spread, detail } = definition;
      if (exchange !== '*' && /^exchange_/.test(name)) return [name, null, 'single', null, 1, null];
      if (name === 'roll_24h') return [name, null, 'undefined', null, 1439, null];
      if (name === 'yang_zhang_24h') return [name, null, 'too_few', null, 4, null];
      const value = base * (1 + spread * Math.sin(index + wave));
      const note =
        {
          parkinson_1h: 'thin',
          corwin_schultz_1h: 'floored',
          realized_24h: 'gaps',
          kyle_lambda_1h: 'not_significant',
        }[name] ?? null;
      return [name, value, null, note, 20 + index * 13, detail ? 1.4 + wave : null];
    }),
  };
}

export function correlation(market, query) {
  const pairs = market.pairs.filter((p) => p.quote === query.get('quote')).map((p) => p.pair);
  const random = randomOf(pairs.length);
  const values = pairs.map(() => pairs.map(() => 1));
  for (let i = 0; i < pairs.length; i++) {
    for (let j = 0; j < i; j++) {
      const value = i === 4 && j === 2 ? null : Math.round((random.next() * 1.5 - 0.5) * 1e4) / 1e4;
      values[i][j] = values[j][i] = value;
    }
  }
  return { pairs, n: pairs.map(() => pairs.map(() => Number(query.get('bars')) || 0)), values };
}

export const cone = () => ({
  points: ['1h', '4h', '1d', '7d', '30d'].map((horizon, index) => ({
    horizon,
    windows: [700, 170, 30, 4, 0][index],
    now: index < 4 ? 0.52 - index * 0.03 : null,
    min: 0.18 + index * 0.05,
    lower: 0.34 + index * 0.02,
    median: 0.46,
    upper: 0.62 - index * 0.03,
    max: 1.1 - index * 0.15,
  })),
});

export const sizes = () => ({
  from: [
    '<0.00001',
    '0.00001',
    '0.0001',
    '0.001',
    '0.01',
    '0.1',
    '1',
    '10',
    '100',
    '1000',
    '10000',
    '100000',
  ],
  counts: [0, 0, 2, 9, 31, 160, 1_204, 8_410, 21_800, 9_020, 1_130, 61],
});

export function pipeline(market, clients, rate) {
  const now = market.now();
  return {
    now_ms: now,
    tables: [
      {
        table: 'crypto.transactions',
        changes_per_second: rate,
        received: market.counts.received,
        applied: market.counts.received,
        duplicates: 12,
        stale: 3,
        errors: market.counts.errors,
        rescued: 0,
        rows: 1_204_331 + market.counts.received,
        rows_exact: false,
        commits: 412,
        instant: '20261126201946123',
        commit_age_ms: now % 1_500,
        commit_took_ms: 84,
        event_to_commit_ms: 1_240 + (now % 300),
        event_to_market_ms: 38,
        backlog_records: now % 90,
        retries: 0,
        last_failure: '',
      },
    ],
    market: { bars: market.counts.bars, trades_held: 48_200, stale: 0, version: market.version },
    clients,
  };
}

export function alarms(market) {
  const since = market.startedMs - 600_000;
  const alarm = (name, state, metric, threshold, latest, reason) => ({
    name,
    state,
    since_ms: since,
    reason,
    metric,
    labels: { table: 'crypto.transactions' },
    threshold,
    comparison: '>',
    latest,
  });
  return {
    alarms: [
      alarm(
        'freshness',
        'OK',
        'tapelake_ingest_freshness_seconds',
        5,
        0.4,
        '0.4 is not above 5 in 3 of 3 periods of 10 s',
      ),
      alarm('commit failures', 'OK', 'tapelake_hudi_commit_failures_total', 0, 0, 'none failed'),
      alarm('disk', 'INSUFFICIENT_DATA', 'tapelake_io_disk_free_bytes', 1e9, null, 'no data yet'),
      alarm(
        'gap BTC/USD',
        'ALARM',
        'tapelake_market_gap_bp',
        10,
        14.2,
        '14.2 is above 10 in 3 of 5 periods of 1 min',
      ),
    ],
    history: [
      {
        at_ms: since,
        name: 'gap BTC/USD',
        from: 'OK',
        to: 'ALARM',
        reason: '14.2 is above 10 in 3 of 5 periods of 1 min',
      },
    ],
  };
}

export const tables = () => ({
  tables: [
    ['crypto.transactions', 'MERGE_ON_READ', 1_204_331, 412_000_000, 9, 412, 18],
    ['crypto.market_bars', 'MERGE_ON_READ', 88_210, 9_400_000, 7, 96, 4],
    ['crypto.market_measures', 'COPY_ON_WRITE', 12_004, 1_250_000, 7, 31, 0],
  ].map(([table, type, rows, bytes, partitions, commits, logs]) => ({
    table,
    type,
    instant: '20261126201946123',
    rows,
    bytes,
    partitions,
    commits,
    log_files: logs,
  })),
});

export function tablePart(market, part) {
  if (part === 'commits') {
    return {
      commits: Array.from({ length: 60 }, (_, index) => ({
        instant: String(20261126201946123 - index * 2000),
        action: index % 9 === 4 ? 'commit' : 'deltacommit',
        state: index === 0 ? 'inflight' : 'completed',
        at_ms: market.startedMs - index * 2_000,
        files: 4,
        inserts: 900 - index,
        updates: 140,
        deletes: index % 3,
        bytes: 340_000 + index,
      })),
    };
  }
  if (part === 'files') {
    return {
      files: Array.from({ length: 24 }, (_, index) => ({
        partition: `event_date=2026-11-${String(20 + (index % 7)).padStart(2, '0')}`,
        file_group: `0000000${index % 4}-7b1f-4c1e-9d5a-${String(index).padStart(12, '0')}`,
        base_file: index % 5 === 3 ? null : `0000000${index}-0_0-1-0_20261126201946123.parquet`,
        base_bytes: 14_000_000 + index * 90_000,
        log_files: index % 4,
        log_bytes: index * 41_000,
      })),
    };
  }
  const old = [
    ['transaction_id', 'string'],
    ['trading_pair', 'string'],
    ['price', 'decimal(38,18)'],
    ['quantity', 'decimal(38,18)'],
    ['event_timestamp', 'timestamp'],
  ].map(([name, type]) => ({ name, type }));
  return {
    schemas: [
      { instant: '20261126201946123', columns: [...old, { name: 'fee', type: 'decimal(38,18)' }] },
      { instant: '20261120101010000', columns: old },
    ],
  };
}
