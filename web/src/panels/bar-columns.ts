import type { App } from '../app';
import { B, type Bar } from '../api/types';
import { isoTime } from '../lib/format';
import type { Column } from '../ui/table';

export const BAR_HEADER = [
  'start',
  'open',
  'high',
  'low',
  'close',
  'quantity',
  'money',
  'vwap',
  'sd',
  'trades',
  'buy_quantity',
  'sell_quantity',
  'pending',
  'failed',
  'other',
  'being_made_anew',
];

/** A bar as a line of a file: exact, times in UTC. */
export function barCsv(bar: Bar): (string | number | null)[] {
  return [isoTime(bar[B.start]), ...bar.slice(1)];
}

export function barColumns(app: App): Column<Bar>[] {
  const { format } = app;
  const amount = (key: string, label: string, at: 1 | 2 | 3 | 4 | 5 | 6): Column<Bar> => ({
    key,
    label,
    numeric: true,
    text: (bar) => (at > 4 ? format.compact(bar[at]) : format.exact(bar[at])),
    exact: (bar) => bar[at] ?? '',
  });
  const count = (key: string, label: string, at: 9 | 12 | 13): Column<Bar> => ({
    key,
    label,
    numeric: true,
    text: (bar) => format.integer(bar[at]),
  });
  return [
    {
      key: 'start',
      label: 'Start',
      text: (bar) => format.dateTime(bar[B.start]),
      exact: (bar) => isoTime(bar[B.start]),
    },
    amount('open', 'Open', 1),
    amount('high', 'High', 2),
    amount('low', 'Low', 3),
    amount('close', 'Close', 4),
    amount('quantity', 'Volume', 5),
    amount('money', 'Money', 6),
    {
      key: 'vwap',
      label: 'VWAP',
      numeric: true,
      text: (bar) => format.telling(bar[B.vwap], 8),
      exact: (bar) => String(bar[B.vwap] ?? ''),
    },
    {
      key: 'sd',
      label: 'sd',
      numeric: true,
      text: (bar) => format.telling(bar[B.sd]),
      exact: (bar) => String(bar[B.sd] ?? ''),
    },
    count('trades', 'Trades', 9),
    count('pending', 'Pending', 12),
    count('failed', 'Failed', 13),
  ];
}
