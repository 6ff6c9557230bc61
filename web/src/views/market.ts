import type { App } from '../app';
import { el } from '../lib/dom';
import { ChartPanel } from '../panels/chart-panel';
import { exchangesPanel, tapePanel } from '../panels/market-tables';
import { MeasuresPanel } from '../panels/measures-panel';
import { OverviewPanel } from '../panels/overview-panel';

/** The first screen. */
export function marketView(app: App): HTMLElement {
  const volatility = new MeasuresPanel(app, 'volatility', 'Volatility', ['volatility'], null);
  const liquidity = new MeasuresPanel(app, 'liquidity', 'Liquidity', ['liquidity'], /^edge/);
  const others = new MeasuresPanel(
    app,
    'activity',
    'Activity and quality',
    ['activity', 'quality'],
    null,
  );
  return el(
    'div.market',
    {},
    el('div.market-left', {}, new OverviewPanel(app).element, tapePanel(app)),
    el('div.market-center', {}, new ChartPanel(app).element, exchangesPanel(app)),
    el('div.market-right', {}, volatility.element, liquidity.element, others.element),
  );
}
