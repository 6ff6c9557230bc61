import type { App } from '../app';
import { ALL, type ConePoint } from '../api/types';
import { el, replace, svg } from '../lib/dom';
import { NONE } from '../lib/format';
import { scale } from '../lib/ticks';
import { frame, label, PLOT, verticalAxis } from '../ui/plot';
import { panel, scrollRegion } from '../ui/panel';
import { DataTable, exportButtons, type Column } from '../ui/table';
import { asking, type LoadedPanel } from './asked';

/** Realised volatility by horizon: where it is now within what it has been. */
export function conePanel(app: App): LoadedPanel {
  const { format } = app;
  const number = (key: keyof ConePoint & string, name: string): Column<ConePoint> => ({
    key,
    label: name,
    numeric: true,
    text: (point) => format.percent(point[key] as number | null, 1),
    exact: (point) => String(point[key] ?? ''),
  });
  const table = new DataTable<ConePoint>({
    caption: 'Volatility cone',
    key: (point) => point.horizon,
    columns: [
      { key: 'horizon', label: 'Horizon', text: (point) => point.horizon },
      number('now', 'Now'),
      number('min', 'Least'),
      number('lower', 'Quarter'),
      number('median', 'Median'),
      number('upper', 'Three quarters'),
      number('max', 'Most'),
      {
        key: 'windows',
        label: 'Windows',
        numeric: true,
        text: (point) => format.integer(point.windows),
      },
    ],
  });
  const shell = panel(
    'cone',
    'Volatility cone',
    ...exportButtons(
      () => table,
      () => `cone-${app.view.pair}`,
    ),
  );
  const drawing = el('div.drawing', {});
  shell.body.append(drawing, scrollRegion('Volatility cone, numbers', table.element));
  const load = asking(
    shell,
    (signal) => app.client.cone({ pair: app.view.pair, exchange: app.view.exchange }, signal),
    ({ points }) => {
      const where = app.view.exchange === ALL ? 'all exchanges' : app.view.exchange;
      shell.setNote(`${app.view.pair} · ${where} · annualised`);
      replace(drawing, cone(app, points));
      table.set(points);
    },
  );
  return { element: shell.element, load: () => void (app.view.pair && load()) };
}

function cone(app: App, points: readonly ConePoint[]): SVGElement | HTMLElement {
  const known = points.filter((point) => point.windows > 0 && point.max !== null);
  if (known.length === 0) return el('p.empty', {}, 'Not enough history for a cone yet');
  const { WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM } = PLOT;
  const high = Math.max(...known.map((point) => Math.max(point.max ?? 0, point.now ?? 0)));
  const y = scale([0, high], [HEIGHT - BOTTOM, TOP]);
  const slot = (WIDTH - LEFT - RIGHT) / known.length;
  const x = (index: number) => LEFT + (index + 0.5) * slot;
  const drawing = frame('Volatility cone: the table below holds its numbers');
  drawing.append(verticalAxis(0, high, y, (value) => app.format.percent(value, 0)));
  const band = (lower: keyof ConePoint, upper: keyof ConePoint, name: string) => {
    const there = known.map((p, i) => `${x(i).toFixed(1)} ${y(Number(p[upper])).toFixed(1)}`);
    const back = known.map((p, i) => `${x(i).toFixed(1)} ${y(Number(p[lower])).toFixed(1)}`);
    return svg('path', { class: name, d: `M${[...there, ...back.reverse()].join('L')}Z` });
  };
  drawing.append(band('min', 'max', 'cone-outer'), band('lower', 'upper', 'cone-inner'));
  const median = known.map((p, i) => `${x(i).toFixed(1)} ${y(Number(p.median)).toFixed(1)}`);
  drawing.append(svg('path', { class: 'cone-median', d: `M${median.join('L')}` }));
  known.forEach((point, index) => {
    drawing.append(label(x(index), HEIGHT - 8, point.horizon));
    if (point.now === null) return;
    const title = svg('title');
    title.textContent = `${point.horizon}: ${app.format.percent(point.now, 1) || NONE}`;
    drawing.append(
      svg('circle', { class: 'cone-now', cx: x(index), cy: y(point.now), r: 4 }, title),
    );
  });
  return drawing;
}
