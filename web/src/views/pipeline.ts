import type { App } from '../app';
import type { Alarm, AlarmChange, PipelineTable } from '../api/types';
import { el, setText } from '../lib/dom';
import { isoTime, NONE, type Format } from '../lib/format';
import { panel, scrollRegion } from '../ui/panel';
import { DataTable, exportButtons, type Column } from '../ui/table';

const RAISED: Record<string, number> = { ALARM: 0, INSUFFICIENT_DATA: 1, OK: 2 };
const STATE_WORDS: Record<string, string> = {
  OK: 'OK',
  ALARM: 'Alarm',
  INSUFFICIENT_DATA: 'Not enough data',
};

/** Alarms with their reasons, and each table's way from source to commit. */
export function pipelineView(app: App): HTMLElement {
  const alarms = alarmTable(app);
  const history = historyTable(app);
  const tables = pipelineTable(app);
  const facts = el('dl.facts.columns', {});
  const fact = (name: string) => {
    const value = el('dd.num', {}, NONE);
    facts.append(el('div', {}, el('dt', {}, name), value));
    return value;
  };
  const cells = {
    fresh50: fact('event→screen, median'),
    fresh99: fact('event→screen, p99'),
    samples: fact('samples'),
    work: fact('page work per frame, p95'),
    bars: fact('bars held'),
    trades: fact('trades held'),
    stale: fact('stretches being made anew'),
    clients: fact('pages connected'),
  };
  const table = <T>(name: string, title: string, content: DataTable<T>) => {
    const shell = panel(
      name,
      title,
      ...exportButtons(
        () => content,
        () => name,
      ),
    );
    shell.body.append(scrollRegion(title, content.element));
    return shell.element;
  };
  const figures = panel('figures', 'Freshness and market');
  figures.body.append(facts);
  const draw = () => {
    if (app.view.view !== 'pipeline') return;
    const { format, frames, market } = app;
    setText(cells.fresh50, format.duration(frames.freshness.quantile(0.5)));
    setText(cells.fresh99, format.duration(frames.freshness.quantile(0.99)));
    setText(cells.samples, format.integer(frames.freshness.length));
    const work = frames.work.quantile(0.95);
    setText(cells.work, work === null ? NONE : `${format.fixed(work, 1)} ms`);
    const held = market.pipeline?.market;
    setText(cells.bars, format.integer(held?.bars));
    setText(cells.trades, format.integer(held?.trades_held));
    setText(cells.stale, format.integer(held?.stale));
    setText(cells.clients, format.integer(market.pipeline?.clients));
    tables.set(market.pipeline?.tables ?? []);
    const list = [...(market.alarms?.alarms ?? [])];
    alarms.set(list.sort((a, b) => (RAISED[a.state] ?? 1) - (RAISED[b.state] ?? 1)));
    history.set(market.alarms?.history ?? []);
  };
  // Figures change all the time; a table that is read is drawn once a second.
  setInterval(() => app.frames.drawLater('pipeline', draw), 1_000);
  app.on(['view', 'alarms'], () => app.frames.drawLater('pipeline', draw));
  app.on('format', () => {
    for (const each of [alarms, history, tables]) (each as DataTable<unknown>).refresh();
  });
  return el(
    'div.pipeline',
    {},
    figures.element,
    table('alarms', 'Alarms', alarms),
    table('pipeline-tables', 'Tables', tables),
    table('alarm-history', 'Changes of alarms', history),
  );
}

function thresholdText(format: Format, threshold: number | null): string {
  const large = threshold !== null && Math.abs(threshold) >= 1e6;
  return large ? format.compact(threshold) : format.telling(threshold);
}

function alarmTable(app: App): DataTable<Alarm> {
  const { format } = app;
  return new DataTable<Alarm>({
    caption: 'Alarms, raised ones first',
    key: (alarm) => alarm.name,
    empty: 'No alarm rules',
    columns: [
      { key: 'name', label: 'Alarm', text: (alarm) => alarm.name },
      {
        key: 'state',
        label: 'State',
        text: (alarm) => STATE_WORDS[alarm.state] ?? alarm.state,
        kind: (alarm) => `state ${alarm.state.toLowerCase()}`,
      },
      {
        key: 'since',
        label: 'Since',
        text: (alarm) => format.dateTime(alarm.since_ms),
        exact: (alarm) => isoTime(alarm.since_ms),
      },
      {
        key: 'latest',
        label: 'Latest',
        numeric: true,
        text: (alarm) => format.telling(alarm.latest),
        exact: (alarm) => String(alarm.latest ?? ''),
      },
      {
        key: 'threshold',
        label: 'Threshold',
        numeric: true,
        text: (alarm) => `${alarm.comparison} ${thresholdText(format, alarm.threshold)}`,
      },
      {
        key: 'metric',
        label: 'Metric',
        text: (alarm) => {
          const labels = Object.entries(alarm.labels ?? {}).map(
            ([name, text]) => `${name}=${text}`,
          );
          return labels.length > 0 ? `${alarm.metric}{${labels.join(', ')}}` : alarm.metric;
        },
      },
      { key: 'reason', label: 'Reason', text: (alarm) => alarm.reason, kind: () => 'wide' },
    ],
  });
}

function historyTable(app: App): DataTable<AlarmChange> {
  const { format } = app;
  return new DataTable<AlarmChange>({
    caption: 'Changes of alarms, newest first',
    key: (change) => `${change.at_ms} ${change.name} ${change.to}`,
    empty: 'No alarm has changed',
    sort: 'at:descending',
    columns: [
      {
        key: 'at',
        label: 'Time',
        text: (change) => format.dateTime(change.at_ms),
        exact: (change) => isoTime(change.at_ms),
        sort: (change) => change.at_ms,
      },
      { key: 'name', label: 'Alarm', text: (change) => change.name },
      {
        key: 'to',
        label: 'To',
        text: (change) => STATE_WORDS[change.to] ?? change.to,
        kind: (change) => `state ${change.to.toLowerCase()}`,
      },
      { key: 'from', label: 'From', text: (change) => STATE_WORDS[change.from] ?? change.from },
      { key: 'reason', label: 'Reason', text: (change) => change.reason, kind: () => 'wide' },
    ],
  });
}

function pipelineTable(app: App): DataTable<PipelineTable> {
  const { format } = app;
  const count = (key: keyof PipelineTable & string, label: string): Column<PipelineTable> => ({
    key,
    label,
    numeric: true,
    text: (row) => format.count(Math.round(row[key] as number)),
    exact: (row) => String(row[key]),
    kind: (row) => (key === 'errors' && row.errors > 0 ? 'warn' : ''),
  });
  const time = (key: keyof PipelineTable & string, label: string): Column<PipelineTable> => ({
    key,
    label,
    numeric: true,
    text: (row) => format.duration(row[key] as number | null),
    exact: (row) => String(row[key] ?? ''),
  });
  return new DataTable<PipelineTable>({
    caption: 'Tables and their pipelines',
    key: (row) => row.table,
    empty: 'No tables yet',
    columns: [
      { key: 'table', label: 'Table', text: (row) => row.table },
      count('changes_per_second', 'Changes/s'),
      time('event_to_commit_ms', 'event→commit'),
      time('event_to_market_ms', 'event→market'),
      time('commit_age_ms', 'Commit age'),
      time('commit_took_ms', 'Commit took'),
      count('backlog_records', 'Lag'),
      count('received', 'Received'),
      count('applied', 'Applied'),
      count('duplicates', 'Duplicates'),
      count('stale', 'Stale'),
      count('errors', 'Errors'),
      count('rescued', 'Rescued'),
      count('retries', 'Retries'),
      {
        key: 'rows',
        label: 'Rows',
        numeric: true,
        text: (row) => `${row.rows_exact ? '' : '≈ '}${format.compact(row.rows)}`,
        exact: (row) => String(row.rows),
      },
      { key: 'failure', label: 'Last failure', text: (row) => row.last_failure || NONE },
    ],
  });
}
