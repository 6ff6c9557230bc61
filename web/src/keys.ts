import type { App } from './app';
import type { Shell } from './shell';
import { INTERVALS, VIEWS } from './state/view';
import { openHelp } from './views/about';
import { openBoards } from './views/boards';

/** Keys that work everywhere but in fields; see docs/dashboard.md. */
export const KEYS: readonly [string, string][] = [
  ['/', 'Search a pair'],
  ['e', 'Choose an exchange'],
  ['1 – 6', 'Interval: 1s, 1m, 5m, 15m, 1h, 1d'],
  ['p', 'Pause, resume'],
  ['u', 'UTC or local time'],
  ['t', 'Light or dark'],
  ['b', 'Boards'],
  ['m, a, q, l, i', 'Market, Analysis, SQL, Tables, Pipeline'],
  ['← →', 'In the chart: read bar by bar'],
  ['Shift ← →', 'In the chart: move'],
  ['+ −', 'In the chart: zoom'],
  ['Home, End', 'In the chart: first bars, newest bars'],
  ['↑ ↓', 'In tables and lists: move between rows'],
  ['Ctrl Enter', 'In the SQL editor: run'],
  ['Esc', 'Close what is open'],
  ['?', 'These keys'],
];

const VIEW_KEYS = ['m', 'a', 'q', 'l', 'i'];

/** What was closed a moment ago still has the focus, but takes no keys any more. */
function takesKeys(target: HTMLElement): boolean {
  const box = target.closest('dialog, [popover]');
  if (box) return box.matches('[open], :popover-open');
  return target.closest('input, textarea, select') !== null;
}

export function installKeys(app: App, shell: Shell): void {
  const acts: Record<string, () => void> = {
    '/': () => shell.instrument.pairPicker.open(''),
    e: () => shell.instrument.exchangePicker.open(''),
    p: () => app.togglePause(),
    u: () => app.toggleZone(),
    t: () => app.setTheme(app.dark ? 'light' : 'dark'),
    b: () => openBoards(app),
    '?': () => openHelp(),
  };
  INTERVALS.forEach((interval, index) => {
    acts[String(index + 1)] = () => app.setView({ interval });
  });
  VIEW_KEYS.forEach((key, index) => {
    const view = VIEWS[index];
    if (view) acts[key] = () => app.setView({ view });
  });
  document.addEventListener('keydown', (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
    if (takesKeys(event.target as HTMLElement)) return;
    const act = acts[event.key];
    if (!act) return;
    if (shell.instrument.element.hidden && (event.key === '/' || event.key === 'e')) return;
    event.preventDefault();
    act();
  });
}
