import type { App } from '../app';
import { el, replace } from '../lib/dom';
import { select } from '../ui/controls';
import { plot } from '../ui/plot';
import { panel, scrollRegion } from '../ui/panel';
import { DataTable, exportButtons } from '../ui/table';
import { asking, type LoadedPanel } from './asked';

interface SizeRow {
  from: string;
  count: number;
  share: number;
}

const HOURS = [
  { value: '1', label: '1 hour' },
  { value: '24', label: '24 hours' },
  { value: '168', label: '7 days' },
];

/** How large trades are: counts by decade of money. */
export function sizesPanel(app: App): LoadedPanel {
  const { format } = app;
  let hours = '24';
  const table = new DataTable<SizeRow>({
    caption: 'Trades by size',
    key: (row) => row.from,
    columns: [
      { key: 'from', label: 'Money from', text: (row) => row.from },
      {
        key: 'count',
        label: 'Trades',
        numeric: true,
        text: (row) => format.integer(row.count),
      },
      {
        key: 'share',
        label: 'Share',
        numeric: true,
        text: (row) => format.percent(row.share, 1),
      },
    ],
  });
  const span = select('Time', HOURS, (value) => {
    hours = value;
    load();
  });
  span.set(hours);
  const shell = panel(
    'sizes',
    'Trade sizes',
    span.element,
    ...exportButtons(
      () => table,
      () => `sizes-${app.view.pair}`,
    ),
  );
  const drawing = el('div.drawing', {});
  shell.body.append(drawing, scrollRegion('Trade sizes, numbers', table.element));
  const load = asking(
    shell,
    (signal) => {
      const { pair, exchange } = app.view;
      return app.client.sizes({ pair, exchange, hours }, signal);
    },
    ({ from, counts }) => {
      const total = counts.reduce((sum, count) => sum + count, 0);
      const rows = from.map((text, index) => {
        const count = counts[index] ?? 0;
        return { from: text, count, share: total > 0 ? count / total : 0 };
      });
      shell.setNote(`${app.view.pair} · ${format.integer(total)} trades`);
      table.set(rows.filter((row) => row.count > 0));
      replace(
        drawing,
        plot({
          kind: 'bar',
          labels: from,
          y: counts,
          title: 'Trades by size: the table below holds the counts',
          yText: (value) => format.count(value),
        }),
      );
    },
  );
  return { element: shell.element, load: () => void (app.view.pair && load()) };
}
