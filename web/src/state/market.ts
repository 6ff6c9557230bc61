import type {
  Alarms,
  ExchangeRow,
  Measures,
  OverviewRow,
  Pipeline,
  Trade,
  Update,
} from '../api/types';
import { BarSeries } from './bars';

/** Large trades kept in the page. */
export const TAPE_MAX = 200;

export type Part = 'bars' | 'measures' | 'overview' | 'exchanges' | 'tape' | 'pipeline' | 'alarms';

/** All the page knows of the market; filled by updates, thrown away by a reset. */
export class MarketState {
  version = 0;
  /** Updates taken in so far, of all streams. */
  taken = 0;
  nowMs = 0;
  newestChangeUs = 0;
  /** A reset came: what is here is old, and the next update is complete. */
  awaiting = true;
  readonly bars = new BarSeries();
  measures: Measures | null = null;
  readonly overview = new Map<string, OverviewRow>();
  readonly exchanges = new Map<string, ExchangeRow>();
  tape: Trade[] = [];
  pipeline: Pipeline | null = null;
  alarms: Alarms | null = null;
}

/** Throw away what belongs to one pair, exchange and interval. */
export function clearSeries(state: MarketState): void {
  state.bars.clear();
  state.measures = null;
  state.exchanges.clear();
}

/**
 * Put an update into the state; the parts it touched are returned.
 *
 * What is sent is state, so the same update twice changes nothing; an older one is dropped.
 */
export function applyUpdate(state: MarketState, update: Update): Set<Part> {
  const touched = new Set<Part>();
  if (state.awaiting) {
    state.awaiting = false;
    state.bars.clear();
    state.overview.clear();
    state.exchanges.clear();
    state.tape = [];
    state.measures = null;
    for (const part of ['bars', 'overview', 'exchanges', 'tape', 'measures'] as const) {
      touched.add(part);
    }
  } else if (update.version < state.version) {
    return touched;
  }
  state.version = update.version;
  state.taken++;
  state.nowMs = update.now_ms;
  if (update.newest_change_us) {
    state.newestChangeUs = Math.max(state.newestChangeUs, update.newest_change_us);
  }
  if (update.bars) {
    state.bars.put(update.bars, state.taken);
    touched.add('bars');
  }
  if (update.removed_bars) {
    state.bars.remove(update.removed_bars);
    touched.add('bars');
  }
  if (update.measures) {
    state.measures = update.measures;
    touched.add('measures');
  }
  if (update.overview) {
    for (const row of update.overview) state.overview.set(row.pair, row);
    touched.add('overview');
  }
  if (update.exchanges) {
    state.exchanges.clear();
    for (const row of update.exchanges) state.exchanges.set(row.exchange, row);
    touched.add('exchanges');
  }
  if (update.tape || update.tape_removed) {
    state.tape = mergeTape(state.tape, update.tape ?? [], update.tape_removed ?? []);
    touched.add('tape');
  }
  if (update.pipeline) {
    state.pipeline = update.pipeline;
    touched.add('pipeline');
  }
  if (update.alarms) {
    state.alarms = update.alarms;
    touched.add('alarms');
  }
  return touched;
}

/** Newest first, one entry a key, bounded. A trade sent again takes the place of the old one. */
export function mergeTape(
  tape: readonly Trade[],
  added: readonly Trade[],
  removed: readonly string[],
): Trade[] {
  const gone = new Set(removed);
  for (const trade of added) gone.add(trade[7]);
  const kept = tape.filter((trade) => !gone.has(trade[7]));
  return [...added, ...kept].sort((a, b) => b[0] - a[0]).slice(0, TAPE_MAX);
}
