import type { App } from '../app';
import { conePanel } from '../panels/cone-panel';
import { correlationPanel } from '../panels/correlation-panel';
import { sizesPanel } from '../panels/sizes-panel';
import { el } from '../lib/dom';

/** What needs more than a glance: read when it is opened, and again every half minute. */
export function analysisView(app: App): HTMLElement {
  const parts = [correlationPanel(app), conePanel(app), sizesPanel(app)];
  const load = () => {
    if (app.view.view !== 'analysis' || document.hidden || app.line === 'paused') return;
    for (const part of parts) part.load();
  };
  app.on('markets', load);
  let shown = '';
  app.on('view', () => {
    const key = [app.view.view, app.view.pair, app.view.exchange].join('\0');
    if (key !== shown) load();
    shown = key;
  });
  setInterval(load, 30_000);
  return el('div.analysis', {}, ...parts.map((part) => part.element));
}
