// Takes the pictures of the documentation from a running program, with Debian's Chromium.
//
// usage: node tools/screenshots.mjs URL FOLDER

import { chromium } from '../web/node_modules/playwright-core/index.mjs';

const EXECUTABLE = process.env.TAPELAKE_CHROMIUM ?? '/usr/bin/chromium';
const SETTLE_MS = 6_000;
const SQL =
  'SELECT trading_pair, exchange, count(*) AS trades,\n' +
  '       round(sum(notional), 2) AS money, max(price) AS high\n' +
  "FROM crypto.transactions_enriched\nWHERE trade_status = 'SUCCESS'\n" +
  'GROUP BY ALL\nORDER BY trades DESC\nLIMIT 40';

const PICTURES = [
  { name: 'market-dark', hash: '#/market', width: 1600, height: 1000, theme: 'dark' },
  { name: 'market-light', hash: '#/market', width: 1600, height: 1000, theme: 'light' },
  { name: 'market-phone', hash: '#/market', width: 360, height: 1200, theme: 'dark' },
  { name: 'analysis', hash: '#/analysis', width: 1400, height: 860, theme: 'dark' },
  {
    name: 'sql',
    hash: `#/sql?${new URLSearchParams({ sql: SQL })}`,
    width: 1400,
    height: 860,
    theme: 'dark',
    act: (page) => page.getByRole('button', { name: 'Run', exact: true }).click(),
  },
  { name: 'tables', hash: '#/tables', width: 1400, height: 860, theme: 'dark' },
  { name: 'pipeline', hash: '#/pipeline', width: 1400, height: 860, theme: 'dark' },
];

const [url, folder] = process.argv.slice(2);
if (!url || !folder) throw new Error('usage: node tools/screenshots.mjs URL FOLDER');
const browser = await chromium.launch({
  executablePath: EXECUTABLE,
  args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--disable-background-networking'],
});
for (const { name, hash, width, height, theme, act } of PICTURES) {
  const page = await browser.newPage({ viewport: { width, height }, colorScheme: theme });
  await page.goto(url + hash);
  await page.waitForTimeout(SETTLE_MS);
  if (act) {
    await act(page);
    await page.waitForTimeout(SETTLE_MS);
  }
  await page.screenshot({ path: `${folder}/${name}.png` });
  await page.close();
  console.log(`${name}: ${width} x ${height}, ${theme}`);
}
await browser.close();
