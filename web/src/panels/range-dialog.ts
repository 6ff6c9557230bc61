import type { App } from '../app';
import { el } from '../lib/dom';
import { openDialog } from '../ui/dialog';
import { intervalFor, intervalMs } from './ranges';

const BARS_MOST = 5_000;

/** `2026-01-31T10:20:30` in the zone that is shown. */
export function fieldText(ms: number, utc: boolean): string {
  const date = new Date(ms);
  const shifted = utc ? ms : ms - date.getTimezoneOffset() * 60_000;
  return new Date(shifted).toISOString().slice(0, 19);
}

export function fieldTime(text: string, utc: boolean): number | null {
  const ms = Date.parse(utc ? `${text}Z` : text);
  return Number.isFinite(ms) ? ms : null;
}

/** Ask for a fixed range, in the zone that is shown. */
export function askRange(app: App): void {
  openDialog('Fixed time range', (dialog) => {
    const utc = app.format.zone === 'utc';
    const now = app.market.nowMs || Date.now();
    const field = (label: string, ms: number) => {
      const input = el('input', {
        type: 'datetime-local',
        step: '1',
        required: true,
        value: fieldText(ms, utc),
      });
      return { input, element: el('label.field', {}, el('span', {}, label), input) };
    };
    const from = field(`From (${app.format.zoneName()})`, app.view.fromMs ?? now - 3_600_000);
    const to = field(`To (${app.format.zoneName()})`, app.view.toMs ?? now);
    const problem = el('p.problem', { role: 'alert' });
    const form = el(
      'form.form',
      {
        onsubmit: (event) => {
          event.preventDefault();
          const fromMs = fieldTime(from.input.value, utc);
          const toMs = fieldTime(to.input.value, utc);
          if (fromMs === null || toMs === null || fromMs >= toMs) {
            problem.textContent = 'The beginning must lie before the end.';
            return;
          }
          const width = toMs - fromMs;
          const many = width / intervalMs(app.view.interval) > BARS_MOST;
          const interval = many
            ? intervalFor('custom', app.view.interval, width)
            : app.view.interval;
          app.setView({ range: 'custom', fromMs, toMs, interval });
          dialog.close();
        },
      },
      from.element,
      to.element,
      el('p.hint', {}, 'A range of more than 5,000 bars is shown with a coarser interval.'),
      problem,
      el('div.form-actions', {}, el('button.primary', { type: 'submit' }, 'Show')),
    );
    return [form];
  });
}
