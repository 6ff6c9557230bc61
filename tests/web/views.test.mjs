// The other views, boards, addresses.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { downloadOf, picture, real, startWorld } from './support/page.mjs';

let world;
before(async () => {
  world = await startWorld();
});
after(() => world.close());

const hash = (page) => new URL(page.url()).hash;

test('goes from view to view by tab, key and back', async () => {
  const { page, close } = await world.open();
  for (const name of ['Analysis', 'SQL', 'Tables', 'Pipeline', 'Market']) {
    await page.getByRole('link', { name, exact: true }).click();
    assert.equal(await page.locator('.tab[aria-current=page]').innerText(), name);
  }
  await page.goBack();
  await page.waitForFunction(() => location.hash.startsWith('#/pipeline'));
  assert.equal(await page.locator('.tab[aria-current=page]').innerText(), 'Pipeline');
  await page.goForward();
  await page.waitForFunction(() => location.hash.startsWith('#/market'));
  assert.equal(await page.locator('.tab[aria-current=page]').innerText(), 'Market');
  await page.keyboard.press('a');
  await page.waitForFunction(() => location.hash.startsWith('#/analysis'));
  await close();
});

test('shows correlations, the cone and trade sizes', async () => {
  const { page, close } = await world.open({ hash: '#/analysis' });
  await page.waitForSelector('.heatmap td');
  await page.waitForSelector('.panel-sizes .plot-bar');
  await page.waitForSelector('.panel-cone table, .panel-cone .empty');
  await page.getByLabel('Returns', { exact: true }).selectOption('15m:672');
  await page.getByLabel('Time', { exact: true }).selectOption('168');
  const csv = await downloadOf(page, () =>
    page.locator('.panel-correlation').getByRole('button', { name: 'CSV' }).click(),
  );
  assert.match(csv.content.toString(), /^pair,/);
  await picture(page, 'analysis');
  if (!real) {
    await page.getByLabel('Quote currency', { exact: true }).selectOption('EUR');
    await page.waitForFunction(() => document.querySelectorAll('.heatmap tbody tr').length === 3);
  }
  await close();
});

test('runs a statement, remembers it, draws its result', async () => {
  const { page, close } = await world.open({ hash: '#/sql' });
  const editor = page.getByLabel('SQL statement');
  await editor.fill(
    "SELECT TIMESTAMPTZ '2026-01-01 00:00:00+00' + INTERVAL (i) HOUR AS at, i AS n FROM range(20) t(i)",
  );
  await editor.press('Control+Enter');
  await page.waitForSelector('.panel-result tbody tr:nth-child(20)');
  await page.waitForSelector('.panel-sql-plot .plot-line');
  await page.getByLabel('Kind of chart').selectOption('bar');
  await page.waitForSelector('.panel-sql-plot .plot-bar');
  await page.getByLabel('Kind of chart').selectOption('points');
  await page.waitForSelector('.panel-sql-plot .plot-point');
  await page.locator('.panel-result thead button').first().click();
  await page.waitForSelector('.panel-result th[aria-sort=ascending]');
  assert.equal(await page.locator('.history .link').count(), 1);
  await picture(page, 'sql');
  for (const kind of ['csv', 'parquet']) {
    const name = kind === 'csv' ? 'Export CSV' : 'Export Parquet';
    const file = await downloadOf(page, () => page.getByRole('button', { name }).click());
    assert.equal(file.name, `result.${kind}`);
  }
  await page.reload();
  await page.waitForSelector('.history .link');
  await page.getByRole('button', { name: 'Clear' }).click();
  assert.equal(await page.locator('.history .link').count(), 0);
  await close();
});

test('leads to the place of a mistake in a statement', async () => {
  const { page, close } = await world.open({ hash: '#/sql' });
  const editor = page.getByLabel('SQL statement');
  await editor.fill('SELECT 1,\n  2 FRM nowhere x');
  await page.getByRole('button', { name: 'Run', exact: true }).click();
  await page.waitForFunction(() => document.querySelector('.sql .problem').textContent !== '');
  const chosen = await editor.evaluate((e) => e.value.slice(e.selectionStart, e.selectionEnd));
  assert.equal(chosen, 'nowhere');
  await close();
});

test('browses tables, commits, files and schema versions', async () => {
  const { page, close } = await world.open({ hash: '#/tables' });
  await page.waitForSelector('.panel-tables tr.selected');
  await page.waitForSelector('.panel-table-detail tbody tr:nth-child(2), .panel-table-detail td');
  await picture(page, 'tables');
  await page.getByRole('radio', { name: 'Files' }).click();
  await page.waitForFunction(() =>
    document.querySelector('.panel-table-detail table').textContent.includes('File group'),
  );
  await page.getByRole('radio', { name: 'Schema' }).click();
  await page.waitForSelector('.schemas h3');
  if (!real) assert.match(await page.locator('.schemas').innerText(), /fee.*new/s);
  await page.locator('.panel-tables .pick', { hasText: 'crypto.market_bars' }).click();
  assert.match(hash(page), /table=crypto.market_bars/);
  await close();
});

test('shows the pipeline and the reasons of alarms', async () => {
  const { page, close } = await world.open({ hash: '#/pipeline' });
  await page.waitForSelector('.panel-pipeline-tables tbody th');
  if (!real) {
    await page.waitForSelector('.panel-alarms .state.alarm');
    assert.match(
      await page.locator('.panel-alarms tbody tr').first().innerText(),
      /14\.2 is above 10/,
    );
    assert.match(await page.locator('.strip-alarms').innerText(), /1 alarm: gap/);
  }
  for (const name of ['event→screen', 'event→commit', 'changes/s', 'lag', 'errors']) {
    assert.ok((await page.locator('.strip').innerText()).includes(name), name);
  }
  await picture(page, 'pipeline');
  await close();
});

test('shows the same to whoever gets the address', async () => {
  const first = await world.open();
  await first.page.getByRole('radio', { name: '15m', exact: true }).nth(0).click();
  await first.page.getByRole('radio', { name: '1h', exact: true }).nth(0).click();
  await first.page.locator('.tools').getByRole('button', { name: 'Bollinger' }).click();
  const address = hash(first.page);
  await first.close();
  const second = await world.open({ hash: address });
  assert.equal(hash(second.page), address);
  const pressed = await second.page.locator('.tools [aria-pressed=true]').allInnerTexts();
  assert.ok(pressed.includes('Bollinger'));
  await second.close();
});

test('saves, opens, exports, imports and removes boards', async () => {
  const { page, close } = await world.open({ hash: '#/market?interval=5m' });
  await page.keyboard.press('b');
  await page.getByLabel('Save what is shown as').fill('<b>Mine</b>');
  await page.getByRole('button', { name: 'Save', exact: true }).click();
  assert.match(await page.locator('.boards').innerText(), /<b>Mine<\/b>/);
  await picture(page, 'boards');
  const file = await downloadOf(page, () =>
    page.getByRole('button', { name: 'Export JSON' }).click(),
  );
  const boards = JSON.parse(file.content.toString());
  assert.equal(boards.boards[0].fields.interval, '5m');
  await page.getByRole('button', { name: 'Remove <b>Mine</b>' }).click();
  assert.match(await page.locator('.boards').innerText(), /No boards/);
  const give = (text) =>
    page.locator('dialog input[type=file]').setInputFiles({
      name: 'b.json',
      mimeType: 'application/json',
      buffer: Buffer.from(text),
    });
  await give('{"format":"other"}');
  await page.waitForFunction(() => document.querySelector('dialog .problem').textContent !== '');
  assert.match(await page.locator('dialog .problem').innerText(), /format/);
  await give(file.content.toString());
  await page.waitForSelector('.boards .link');
  await page.keyboard.press('Escape');
  await page.keyboard.press('1');
  await page.keyboard.press('b');
  await page.locator('.boards .link').click();
  await page.waitForFunction(() => location.hash.includes('interval=5m'));
  await close();
});

test('switches theme and zone, and remembers both', async () => {
  const { page, close } = await world.open({ colorScheme: 'light' });
  const theme = () => page.evaluate(() => document.documentElement.dataset.theme);
  assert.equal(await theme(), 'light', 'as the system has it');
  await page.waitForSelector('.panel-overview tr.selected');
  await picture(page, 'market-light');
  await page.getByRole('button', { name: 'Switch to the dark theme' }).click();
  assert.equal(await theme(), 'dark');
  await page.getByRole('button', { name: 'UTC', exact: true }).click();
  await page.getByRole('button', { name: 'Local', exact: true }).waitFor();
  await page.reload();
  await page.getByRole('button', { name: 'Local', exact: true }).waitFor();
  assert.equal(await theme(), 'dark');
  await close();
});

test('names its licences and keys', async () => {
  const { page, close } = await world.open();
  await page.getByRole('button', { name: 'About' }).click();
  const dialog = page.locator('dialog');
  assert.match(await dialog.innerText(), /TradingView Lightweight Charts/);
  const notices = await dialog.getByRole('link', { name: /Licences/ }).getAttribute('href');
  const answer = await page.request.get(new URL(notices, world.base).href);
  assert.match(await answer.text(), /lightweight-charts [\d.]+ \(Apache-2\.0\)/);
  await page.keyboard.press('Escape');
  const link = page.locator('.attribution');
  assert.equal(await link.getAttribute('href'), 'https://www.tradingview.com/');
  await page.keyboard.press('?');
  assert.match(await dialog.innerText(), /Pause, resume/);
  await close();
});
