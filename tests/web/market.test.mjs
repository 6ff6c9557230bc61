// The first screen: every control does what it says.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { downloadOf, picture, startWorld, testOnMock } from './support/page.mjs';

let world;
before(async () => {
  world = await startWorld();
});
after(() => world.close());

const text = (page, selector) => page.locator(selector).first().innerText();
const hash = (page) => new URL(page.url()).hash;
const head = (page) => text(page, '.instrument .picker-label');

test('shows a living market without being asked', async () => {
  const { page, close } = await world.open();
  await page.waitForSelector('.panel-overview tr.selected');
  assert.notEqual(await head(page), '–');
  const version = () => page.evaluate(() => window.tapelake.freshness().length);
  const first = await version();
  await page.waitForFunction((count) => window.tapelake.freshness().length > count, first);
  await page.waitForFunction(() => document.title.includes('·'));
  await picture(page, 'market-dark');
  await close();
});

test('finds a pair by typing and takes it with Enter', async () => {
  const { page, close } = await world.open();
  const answer = await page.request.get(new URL('api/v1/markets', world.base).href);
  const { pairs } = await answer.json();
  const { pair } = pairs[1] ?? pairs[0];
  await page.keyboard.press('/');
  await page.keyboard.type(pair.replace('/', '').toLowerCase());
  await page.waitForSelector('[role=option]');
  await page.keyboard.press('Enter');
  await page.waitForFunction(
    (wanted) => document.querySelector('.panel-exchanges .panel-note')?.textContent === wanted,
    pair,
  );
  assert.equal(await head(page), pair);
  assert.ok(decodeURIComponent(hash(page)).includes(`pair=${pair}`));
  await close();
});

test('opens a picker by a letter on its button, moves by arrows, leaves by Escape', async () => {
  const { page, close } = await world.open();
  await page.locator('.instrument .picker').first().focus();
  await page.keyboard.press('s');
  const input = page.locator('.picker-search:visible');
  assert.equal(await input.inputValue(), 's');
  const active = () => input.getAttribute('aria-activedescendant');
  const before = await active();
  await page.keyboard.press('ArrowDown');
  assert.notEqual(await active(), before);
  await page.keyboard.press('Escape');
  await input.waitFor({ state: 'hidden' });
  assert.equal(await page.evaluate(() => document.activeElement.className), 'picker');
  await close();
});

test('hears a key that comes right after the one that closed a dialog or a list', async () => {
  const { page, close } = await world.open();
  await page.waitForSelector('.panel-overview tr.selected');
  const pressAfter = (closing, key) =>
    page.evaluate(
      ([act, next]) => {
        if (act === 'dialog') document.querySelector('dialog').close();
        else document.querySelector('.picker-box:popover-open').hidePopover();
        document.activeElement.dispatchEvent(
          new KeyboardEvent('keydown', { key: next, bubbles: true, cancelable: true }),
        );
      },
      [closing, key],
    );
  await page.keyboard.press('?');
  await pressAfter('dialog', '/');
  await page.waitForSelector('.picker-box:popover-open');
  await pressAfter('list', '5');
  await page.waitForFunction(() => location.hash.includes('interval=1h'));
  await close();
});

test('takes one exchange, by picker and by row, and all again', async () => {
  const { page, close } = await world.open();
  await page.keyboard.press('e');
  await page.locator('[role=option]:visible').nth(1).click();
  await page.waitForFunction(() => location.hash.includes('exchange='));
  await page.waitForSelector('.panel-exchanges tr.selected');
  await page.locator('.panel-exchanges tr.selected .pick').click();
  await page.waitForFunction(() => !location.hash.includes('exchange='));
  await close();
});

test('changes the interval by button and by key', async () => {
  const { page, close } = await world.open();
  await page.getByRole('radio', { name: '5m', exact: true }).click();
  assert.match(hash(page), /interval=5m/);
  await page.locator('main').focus();
  await page.keyboard.press('5');
  assert.match(hash(page), /interval=1h/);
  await page.keyboard.press('2');
  assert.doesNotMatch(hash(page), /interval=/);
  await close();
});

test('shows what the reader picks over the candles', async () => {
  const { page, close } = await world.open();
  const button = (name) => page.locator('.tools').getByRole('button', { name, exact: true });
  await button('Bollinger').click();
  assert.equal(await button('Bollinger').getAttribute('aria-pressed'), 'true');
  await button('Volume').click();
  assert.equal(await button('Volume').getAttribute('aria-pressed'), 'false');
  await page.getByLabel('VWAP of').selectOption('bar');
  assert.match(decodeURIComponent(hash(page)), /show=vwap,bands,bollinger/);
  assert.match(hash(page), /vwap=bar/);
  await close();
});

test('shows a range by preset, and a fixed one from and to', async () => {
  const { page, close } = await world.open();
  await page.getByRole('radio', { name: '7d', exact: true }).click();
  assert.match(hash(page), /range=7d/);
  assert.match(hash(page), /interval=15m/);
  await page.getByRole('button', { name: 'From–to…' }).click();
  const fields = page.locator('dialog input');
  await fields.nth(0).fill('2026-01-02T00:00:00');
  await fields.nth(1).fill('2026-01-01T00:00:00');
  await page.getByRole('button', { name: 'Show', exact: true }).click();
  assert.match(await text(page, 'dialog .problem'), /before the end/);
  await fields.nth(1).fill('2026-01-03T00:00:00');
  await page.getByRole('button', { name: 'Show', exact: true }).click();
  assert.match(hash(page), /range=custom&from=1767312000000&to=1767398400000/);
  await close();
});

test('reads bars by keyboard and shows them as a table', async () => {
  const { page, close } = await world.open();
  await page.waitForFunction(() =>
    document.querySelector('.chart-legend')?.textContent.includes('O'),
  );
  await page.locator('.chart-box').focus();
  const legend = () => text(page, '.chart-legend span');
  const newest = await legend();
  for (let i = 0; i < 5; i++) await page.keyboard.press('ArrowLeft');
  await page.waitForFunction(
    (before) => document.querySelector('.chart-legend span').innerText !== before,
    newest,
  );
  for (const key of ['Shift+ArrowLeft', '+', '-', 'Home', 'End']) await page.keyboard.press(key);
  assert.match(await page.locator('#chart-summary').textContent(), /bars of 1m.*High.*low/s);
  await page.getByRole('button', { name: 'Table', exact: true }).click();
  await page.waitForSelector('.chart-frame table tbody tr:nth-child(20)');
  assert.equal(await page.locator('.chart-box').isVisible(), false);
  await close();
});

test('says that only SUCCESS trades count, and counts the others', async () => {
  const { page, close } = await world.open();
  await page.waitForFunction(() =>
    /\d pending, [\d,]+ failed/.test(document.querySelector('.chart-foot').textContent),
  );
  assert.match(await text(page, '.chart-foot'), /SUCCESS trades only/);
  await close();
});

test('sorts the markets, keeps quote currencies apart, filters, and picks by arrows', async () => {
  const { page, close } = await world.open();
  await page.waitForSelector('.panel-overview tr.group');
  const groups = await page.locator('.panel-overview tr.group').allInnerTexts();
  assert.equal(new Set(groups.map((each) => each.split(' ')[0])).size, groups.length);
  await page.locator('.panel-overview').getByRole('button', { name: 'Pair' }).click();
  assert.match(decodeURIComponent(hash(page)), /sort=pair:ascending/);
  const sorted = await page.locator('.panel-overview th[aria-sort]').innerText();
  assert.match(sorted, /Pair/);
  await page.getByLabel('Filter pairs').fill('btc');
  await page.waitForFunction(() =>
    [...document.querySelectorAll('.panel-overview .pick')].every((each) =>
      /btc/i.test(each.textContent),
    ),
  );
  const picks = page.locator('.panel-overview .pick');
  await picks.first().focus();
  if ((await picks.count()) > 1) {
    await page.keyboard.press('ArrowDown');
    const name = await page.evaluate(() => document.activeElement.textContent);
    await page.keyboard.press('Enter');
    assert.equal(await head(page), name);
  }
  await close();
});

test('explains each measure where it stands', async () => {
  const { page, close } = await world.open();
  await page.waitForSelector('.panel-volatility .link');
  const link = page.locator('.panel-volatility .link').first();
  await link.click();
  const note = page.locator('.popover[role=note]');
  assert.match(await note.innerText(), /Source.*Window.*Unit.*Observations/s);
  assert.equal(await link.getAttribute('aria-expanded'), 'true');
  await picture(page, 'measure');
  await page.keyboard.press('Escape');
  await note.waitFor({ state: 'detached' });
  assert.equal(await link.getAttribute('aria-expanded'), 'false');
  await close();
});

testOnMock('shows notes and reasons beside the values', async () => {
  const { page, close } = await world.open({
    hash: '#/market?exchange=kraken',
  });
  await page.waitForFunction(() =>
    document.querySelector('.panel-volatility')?.textContent.includes('thin'),
  );
  const both = (await text(page, '.panel-volatility')) + (await text(page, '.panel-liquidity'));
  for (const word of ['thin', 'gaps', 'floored', 'too few', 'undefined', 'one exchange']) {
    assert.ok(both.includes(word), word);
  }
  assert.match(await text(page, '.panel-liquidity .headline'), /EDGE.*bp.*n /s);
  await close();
});

test('shows large trades of all pairs or of one', async () => {
  const { page, close } = await world.open();
  await page.waitForSelector('.panel-tape tbody .pick');
  await page.getByRole('radio', { name: 'This pair' }).click();
  const pair = await head(page);
  await page.waitForFunction(
    (name) =>
      [...document.querySelectorAll('.panel-tape tbody tr')].every(
        (row) => row.children.length < 2 || row.children[1].textContent === name,
      ),
    pair,
  );
  await close();
});

test('saves the chart and tables as CSV and PNG', async () => {
  const { page, close } = await world.open();
  await page.waitForSelector('.panel-overview tr.selected');
  await page.waitForFunction(() =>
    document.querySelector('.chart-legend')?.textContent.includes('O'),
  );
  for (const panel of ['chart', 'overview', 'volatility', 'exchanges', 'tape']) {
    const button = (name) =>
      page.locator(`.panel-${panel}`).getByRole('button', { name, exact: true });
    const csv = await downloadOf(page, () => button('CSV').click());
    assert.match(csv.name, /\.csv$/);
    assert.ok(csv.content.toString().split('\r\n').length > 2, panel);
    const png = await downloadOf(page, () => button('PNG').click());
    assert.equal(png.content.subarray(1, 4).toString(), 'PNG', panel);
  }
  await close();
});

test('shows exact numbers on hover and copies them', async () => {
  const { page, close } = await world.open();
  await page.waitForSelector('.panel-overview tr.selected');
  await page.getByRole('button', { name: 'Pause' }).click();
  const cell = page.locator('.panel-overview tr.selected td').nth(2);
  await cell.hover();
  const title = await cell.getAttribute('title');
  assert.match(title, /^\d+(\.\d+)?$/);
  const copied = await cell.evaluate((element) => {
    getSelection().selectAllChildren(element);
    const data = new DataTransfer();
    element.dispatchEvent(
      new ClipboardEvent('copy', {
        clipboardData: data,
        bubbles: true,
        cancelable: true,
      }),
    );
    return data.getData('text/plain');
  });
  assert.equal(copied, title);
  await close();
});

testOnMock('shows names from outside as text, whatever they are', async () => {
  const name = '<img src=x onerror=alert(1)>/USD';
  const { page, close } = await world.open({
    hash: `#/market?pair=${encodeURIComponent(name)}`,
  });
  assert.equal(await head(page), name);
  await page.waitForFunction((wanted) => document.title.includes(wanted), name);
  await page.keyboard.press('/');
  await page.waitForSelector('[role=option]');
  assert.equal(await page.locator('img[src=x]').count(), 0);
  await picture(page, 'hostile-names');
  await page.keyboard.press('Escape');
  await page.goto(`${world.base}#/analysis?pair=${encodeURIComponent(name)}`);
  await page.waitForSelector('.heatmap');
  assert.equal(await page.locator('img[src=x]').count(), 0);
  const wide = await page.evaluate(() => document.documentElement.scrollWidth > innerWidth);
  assert.equal(wide, false);
  await close();
});
