import type { App } from '../app';
import { el } from '../lib/dom';
import { KEYS } from '../keys';
import { openDialog } from '../ui/dialog';

const ATTRIBUTION = ['TradingView Lightweight Charts™', 'Copyright (c) 2023 TradingView, Inc.'];

export function openAbout(app: App): void {
  const { format, status } = app;
  const fact = (name: string, text: string) => [el('dt', {}, name), el('dd', {}, text)];
  openDialog('About Tapelake', () => [
    el(
      'dl.facts',
      {},
      ...fact('Version', status?.version ?? ''),
      ...fact('Running since', format.dateTime(status?.started_ms)),
      ...fact('Table', status?.table ?? ''),
    ),
    el(
      'p',
      {},
      'Only SUCCESS trades make prices and volume; pending and failed ones have counts of their ' +
        'own. Each measure says its source, window and number of observations.',
    ),
    el('h3', {}, 'Charts'),
    el(
      'p',
      {},
      `${ATTRIBUTION.join('. ')} `,
      el(
        'a',
        { href: 'https://www.tradingview.com/', target: '_blank', rel: 'noopener noreferrer' },
        'https://www.tradingview.com/',
      ),
    ),
    el(
      'p',
      {},
      el(
        'a',
        { href: './third-party-notices.txt', target: '_blank' },
        'Licences of what is bundled',
      ),
    ),
  ]);
}

export function openHelp(): void {
  openDialog('Keys', () => [
    el(
      'table.keys',
      {},
      el('caption.visually-hidden', {}, 'Keys and what they do'),
      el(
        'tbody',
        {},
        ...KEYS.map(([keys, what]) =>
          el('tr', {}, el('th', { scope: 'row' }, el('kbd', {}, keys)), el('td', {}, what)),
        ),
      ),
    ),
  ]);
}
