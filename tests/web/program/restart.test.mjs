// The program stops answering, is killed, begins again: the page says so, and comes back by itself.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { startWorld } from '../support/page.mjs';
import { startProgram, waitForMarket } from '../support/program.mjs';

const PENDING_COLUMN = 10;

let program;
let world;
before(async () => {
  program = await startProgram({ more: ['--history', '30m'] });
  await waitForMarket(program);
  world = await startWorld({ base: program.url });
});
after(async () => {
  await world?.close();
  await program?.stop();
});

const bodyLine = (page, wanted) =>
  page.waitForFunction((line) => document.body.dataset.line === line, wanted);
const updates = (page) => page.evaluate(() => window.tapelake.freshness().length);

/** Until the page has drawn changes that happened after now. */
async function waitForNews(page) {
  const before = await updates(page);
  await page.waitForFunction((count) => window.tapelake.freshness().length > count + 2, before);
}

test('a program that hangs makes the numbers old, and live again when it goes on', async () => {
  const { page, close } = await world.open();
  await waitForNews(page);
  program.process.kill('SIGSTOP');
  try {
    await bodyLine(page, 'behind');
    assert.match(await page.locator('.banner').innerText(), /Behind: nothing heard since/);
  } finally {
    program.process.kill('SIGCONT');
  }
  await bodyLine(page, 'live');
  assert.equal(await page.locator('.banner').isVisible(), false);
  await waitForNews(page);
  await close();
});

test('a killed program comes back under the same page, with the same past', async () => {
  const { page, close } = await world.open();
  await page.waitForSelector('.panel-overview tr.selected');
  await page.getByRole('button', { name: 'Table', exact: true }).click();
  // A bar that nothing changes any more: old, and none of its trades is pending. Not one of the day
  // before, where rows go that move to another day.
  const settled = (pending) =>
    [...document.querySelectorAll('.chart-frame table tbody tr')]
      .slice(12)
      .filter((row) => Date.now() - Date.parse(`${row.firstChild.textContent} UTC`) < 3_600_000)
      .find((row) => row.children[pending].textContent === '0')?.firstChild.textContent;
  const start = await (await page.waitForFunction(settled, PENDING_COLUMN)).jsonValue();
  const bar = page.locator('.chart-frame table tbody tr', { hasText: start });
  const seen = await bar.innerText();
  await program.kill();
  await bodyLine(page, 'behind');
  await program.start(program.place.address);
  await bodyLine(page, 'live');
  await waitForNews(page);
  await bar.waitFor();
  // It reads again what came after its last commit of bars; until then a bar may be as it was.
  const deadline = Date.now() + 20_000;
  while ((await bar.innerText()) !== seen && Date.now() < deadline) await page.waitForTimeout(100);
  assert.equal(await bar.innerText(), seen);
  await close();
});
