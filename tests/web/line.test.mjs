// The stream is cut, falls silent, is refused, wants a token: the page never shows old as live.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { picture, startWorld, testOnMock } from './support/page.mjs';

let world;
before(async () => {
  world = await startWorld();
});
after(() => world.close());

const bodyLine = (page, wanted) =>
  page.waitForFunction((line) => document.body.dataset.line === line, wanted);
const lastLive = (mock) => mock.seen.filter((each) => each.url.startsWith('/api/v1/live')).at(-1);

testOnMock('goes on without a gap when the stream is cut', async () => {
  const { page, close } = await world.open();
  await bodyLine(page, 'live');
  await page.waitForFunction(() => window.tapelake.freshness().length > 0);
  world.mock.dropStreams();
  const again = () => lastLive(world.mock)?.last;
  const until = Date.now() + 20_000;
  while (!again() && Date.now() < until) await page.waitForTimeout(50);
  assert.match(again() ?? '', /^e\d+-\d+$/, 'the page came back with Last-Event-ID');
  const count = await page.evaluate(() => window.tapelake.freshness().length);
  await page.waitForFunction((before) => window.tapelake.freshness().length > before + 2, count);
  await bodyLine(page, 'live');
  await close();
});

testOnMock('says that it is behind when it hears nothing for three seconds', async () => {
  const { page, close } = await world.open();
  await bodyLine(page, 'live');
  const heard = Date.now();
  world.mock.muted = true;
  await bodyLine(page, 'behind');
  assert.ok(Date.now() - heard >= 2_500, 'not before three seconds have passed');
  assert.match(await page.locator('.banner').innerText(), /Behind: nothing heard since/);
  const [number, faint] = await page.evaluate(() => {
    const probe = document.createElement('i');
    probe.style.color = 'var(--faint)';
    document.body.append(probe);
    const color = (element) => getComputedStyle(element).color;
    return [color(document.querySelector('.last')), color(probe)];
  });
  assert.equal(number, faint, 'numbers are grey');
  assert.match(await page.title(), /behind/);
  await page.waitForFunction(() =>
    document.querySelector('[role=status].visually-hidden').textContent.includes('Behind'),
  );
  await picture(page, 'behind');
  world.mock.muted = false;
  await bodyLine(page, 'live');
  assert.equal(await page.locator('.banner').isVisible(), false);
  await close();
});

testOnMock('tries again while the program refuses, and comes back', async () => {
  const { page, close } = await world.open();
  world.mock.refusing = true;
  world.mock.dropStreams();
  await bodyLine(page, 'behind');
  const tries = world.mock.seen.filter((each) => each.url.startsWith('/api/v1/live')).length;
  world.mock.refusing = false;
  await bodyLine(page, 'live');
  const after = world.mock.seen.filter((each) => each.url.startsWith('/api/v1/live')).length;
  assert.ok(after > tries);
  await close();
});

testOnMock('throws away what it knows when the program has started anew', async () => {
  const { page, close } = await world.open();
  await page.waitForSelector('.panel-overview tr.selected');
  const gone = world.mock.market.pairs.pop();
  world.mock.epoch = 'enew';
  world.mock.market.version = 3;
  for (const each of world.mock.market.pairs) each.version = 3;
  world.mock.dropStreams();
  await page.waitForFunction(
    (pair) =>
      ![...document.querySelectorAll('.panel-overview .pick')].some(
        (each) => each.textContent === pair,
      ),
    gone.pair,
  );
  await bodyLine(page, 'live');
  await close();
});

test('holds what is shown while it is paused, and says so', async () => {
  const { page, close } = await world.open();
  await page.waitForSelector('.panel-overview tr.selected');
  await page.getByRole('button', { name: 'Pause' }).click();
  await bodyLine(page, 'paused');
  assert.match(await page.locator('.banner').innerText(), /^Paused: the numbers are those of/);
  const last = await page.locator('.last').innerText();
  await page.waitForTimeout(600);
  assert.equal(await page.locator('.last').innerText(), last);
  await picture(page, 'paused');
  await page.locator('main').focus();
  await page.keyboard.press('p');
  await bodyLine(page, 'live');
  await close();
});

testOnMock('asks for updates as often as the reader wants', async () => {
  const { page, close } = await world.open();
  await page.getByLabel('Refresh interval').selectOption('1000');
  await page.waitForFunction(() => location.hash.includes('every=1000'));
  await bodyLine(page, 'live');
  assert.match(lastLive(world.mock).url, /every_ms=1000/);
  assert.match(await page.locator('.pill').innerText(), /Every/);
  const count = () => page.evaluate(() => window.tapelake.freshness().length);
  const before = await count();
  await page.waitForTimeout(2_200);
  assert.ok((await count()) - before <= 3);
  await page.getByLabel('Refresh interval').selectOption('900000');
  await page.waitForFunction(() => location.hash.includes('every=900000'));
  await page.waitForTimeout(3_400);
  assert.equal(
    await page.evaluate(() => document.body.dataset.line),
    'live',
    'idle keeps the line',
  );
  await close();
});

testOnMock('asks for the token, and never puts it into an address', async () => {
  const secret = await startWorld({ token: 'open-sesame' });
  try {
    const { page, requests, close } = await secret.open({ waitLive: false });
    await page.waitForSelector('.login');
    await picture(page, 'login');
    await page.getByLabel('Token').fill('wrong');
    await page.keyboard.press('Enter');
    await page.waitForFunction(() => document.querySelector('.login .problem').textContent !== '');
    assert.match(await page.locator('.login .problem').innerText(), /not the token/);
    await page.getByLabel('Token').fill('open-sesame');
    await page.keyboard.press('Enter');
    await page.waitForSelector('.panel-overview tr.selected');
    assert.ok(requests.every((url) => !url.includes('sesame')));
    assert.ok(!page.url().includes('sesame'));
    await close();
  } finally {
    await secret.close();
  }
});

testOnMock('waits for a program that does not answer yet', async () => {
  const { page, close } = await world.open({
    waitLive: false,
    hash: 'nowhere.html',
  });
  await page.route('**/api/v1/status', (route) => route.abort());
  await page.goto(world.base);
  await page.waitForSelector('.waiting');
  await page.unroute('**/api/v1/status');
  await page.waitForSelector('.panel-overview tr.selected');
  await close();
});
