import { svg } from '../lib/dom';
import { niceTicks, scale } from '../lib/ticks';

export type PlotKind = 'line' | 'bar' | 'points';

export interface PlotData {
  kind: PlotKind;
  /** What stands below each point. */
  labels: readonly string[];
  /** Places on the axis; absent: evenly, in order. */
  x?: readonly number[];
  y: readonly number[];
  title: string;
  yText: (value: number) => string;
}

const WIDTH = 720;
const HEIGHT = 260;
const LEFT = 64;
const BOTTOM = 26;
const TOP = 10;
const RIGHT = 12;

export function frame(title: string, width = WIDTH, height = HEIGHT): SVGElement {
  return svg('svg', {
    class: 'plot',
    viewBox: `0 0 ${width} ${height}`,
    role: 'img',
    'aria-label': title,
  });
}

export function label(x: number, y: number, text: string, anchor = 'middle'): SVGElement {
  const element = svg('text', { x, y, 'text-anchor': anchor });
  element.textContent = text;
  return element;
}

/** Lines and words at round places of the vertical axis. */
export function verticalAxis(
  low: number,
  high: number,
  place: (value: number) => number,
  text: (value: number) => string,
  width = WIDTH,
): SVGElement {
  const group = svg('g', { class: 'axis' });
  for (const tick of niceTicks(low, high, 5)) {
    const y = place(tick);
    group.append(
      svg('line', { x1: LEFT, x2: width - RIGHT, y1: y, y2: y }),
      label(LEFT - 8, y + 3.5, text(tick), 'end'),
    );
  }
  return group;
}

export const PLOT = { WIDTH, HEIGHT, LEFT, BOTTOM, TOP, RIGHT };

/** A plain plot of numbers, drawn once. */
export function plot(data: PlotData): SVGElement {
  const count = data.y.length;
  const drawing = frame(data.title);
  if (count === 0) return drawing;
  const low = data.kind === 'bar' ? Math.min(0, ...data.y) : Math.min(...data.y);
  const high = data.kind === 'bar' ? Math.max(0, ...data.y) : Math.max(...data.y);
  const y = scale([low, high], [HEIGHT - BOTTOM, TOP]);
  drawing.append(verticalAxis(low, high, y, data.yText));
  const slot = (WIDTH - LEFT - RIGHT) / count;
  const xs = data.x;
  const across = xs && scale([Math.min(...xs), Math.max(...xs)], [LEFT + 6, WIDTH - RIGHT - 6]);
  const x = (index: number) =>
    across && xs && data.kind !== 'bar' ? across(xs[index] as number) : LEFT + (index + 0.5) * slot;
  if (data.kind === 'line') {
    const path = data.y
      .map((value, i) => `${i === 0 ? 'M' : 'L'}${x(i).toFixed(1)} ${y(value).toFixed(1)}`)
      .join('');
    drawing.append(svg('path', { class: 'plot-line', d: path }));
  } else {
    data.y.forEach((value, index) => drawing.append(mark(data, index, value, x, y, slot)));
  }
  drawing.append(horizontalWords(data.labels, x));
  return drawing;
}

function mark(
  data: PlotData,
  index: number,
  value: number,
  x: (index: number) => number,
  y: (value: number) => number,
  slot: number,
): SVGElement {
  const title = svg('title');
  title.textContent = `${data.labels[index] ?? ''}: ${data.yText(value)}`;
  if (data.kind === 'points') {
    return svg('circle', { class: 'plot-point', cx: x(index), cy: y(value), r: 2.6 }, title);
  }
  const width = Math.max(1, slot * 0.72);
  const top = Math.min(y(value), y(0));
  const height = Math.max(0.5, Math.abs(y(value) - y(0)));
  return svg('rect', { class: 'plot-bar', x: x(index) - width / 2, y: top, width, height }, title);
}

/** Words below the axis, as many as fit. */
function horizontalWords(labels: readonly string[], x: (index: number) => number): SVGElement {
  const group = svg('g', { class: 'axis' });
  let free = 0;
  labels.forEach((text, index) => {
    const short = text.length > 18 ? `${text.slice(0, 17)}…` : text;
    const half = short.length * 3.2;
    const at = Math.min(WIDTH - half, Math.max(half, x(index)));
    if (at - half < free) return;
    free = at + half + 10;
    group.append(label(at, HEIGHT - 8, short));
  });
  return group;
}
