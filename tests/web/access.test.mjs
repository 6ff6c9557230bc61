// For everybody: axe finds nothing in any view, theme or width; the keyboard reaches everything.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, test } from 'node:test';

import { picture, real, require, startWorld, testOnMock } from './support/page.mjs';

const axe = readFileSync(require.resolve('axe-core/axe.min.js'), 'utf8');
const READY = {
  market: '.panel-overview tr.selected',
  analysis: '.heatmap td',
  sql: '.editor',
  tables: '.panel-tables tr.selected',
  pipeline: '.panel-pipeline-tables tbody th',
};

let world;
before(async () => {
  world = await startWorld();
});
after(() => world.close());

async function violations(page) {
  await page.evaluate(axe);
  const result = await page.evaluate(() =>
    window.axe.run(document, { resultTypes: ['violations'] }),
  );
  return result.violations.map(
    (found) =>
      `${found.id}: ${found.nodes
        .slice(0, 4)
        .map((node) => `${node.target} ${node.any[0]?.message ?? ''}`)
        .join('; ')}`,
  );
}

// Colors do not depend on who is behind the page: the second theme once is enough.
for (const theme of real ? ['dark'] : ['dark', 'light']) {
  test(`axe finds nothing in any view, ${theme}`, async () => {
    const { page, close } = await world.open({ colorScheme: theme });
    for (const [view, ready] of Object.entries(READY)) {
      await page.evaluate((name) => {
        location.hash = `#/${name}`;
      }, view);
      await page.waitForSelector(ready);
      assert.deepEqual(await violations(page), [], view);
    }
    await page.keyboard.press('m');
    await page.keyboard.press('?');
    assert.deepEqual(await violations(page), [], 'dialog');
    await page.keyboard.press('Escape');
    await page.keyboard.press('/');
    await page.waitForSelector('[role=option]');
    assert.deepEqual(await violations(page), [], 'picker');
    await page.keyboard.press('Escape');
    await page.locator('.panel-volatility .link').first().click();
    assert.deepEqual(await violations(page), [], 'explanation');
    await page.keyboard.press('Escape');
    await page.getByRole('button', { name: 'Pause' }).click();
    await page.waitForFunction(() => document.body.dataset.line === 'paused');
    assert.deepEqual(await violations(page), [], 'paused');
    await close();
  });
}

test('fits a phone of 360 pixels, in every view', async () => {
  const { page, close } = await world.open({ width: 360, height: 780 });
  for (const [view, ready] of Object.entries(READY)) {
    await page.evaluate((name) => {
      location.hash = `#/${name}`;
    }, view);
    await page.waitForSelector(ready, { state: 'attached' });
    const [wide, inner] = await page.evaluate(() => {
      const main = document.querySelector('main');
      return [
        document.documentElement.scrollWidth - innerWidth,
        main.scrollWidth - main.clientWidth,
      ];
    });
    assert.ok(wide <= 0 && inner <= 0, `${view} is ${wide} and ${inner} too wide`);
    assert.deepEqual(await violations(page), [], view);
    await picture(page, `phone-${view}`);
  }
  await close();
});

test('the keyboard goes through everything in order, and focus is seen', async () => {
  const { page, close } = await world.open();
  await page.waitForSelector(READY.market);
  await page.keyboard.press('Tab');
  assert.equal(
    await page.evaluate(() => document.activeElement.textContent),
    'Skip to the content',
  );
  await page.keyboard.press('Enter');
  assert.equal(await page.evaluate(() => document.activeElement.id), 'main');
  const seen = new Set();
  for (let i = 0; i < 110; i++) {
    await page.keyboard.press('Tab');
    const [what, outline] = await page.evaluate(() => {
      const element = document.activeElement;
      const panel = element.closest('.panel, .strip')?.className ?? 'top';
      return [panel, getComputedStyle(element).outlineStyle];
    });
    if (what !== 'top') assert.equal(outline, 'solid', what);
    seen.add(what.split(' ').at(-1));
  }
  for (const name of ['overview', 'tape', 'chart', 'exchanges', 'volatility', 'liquidity']) {
    assert.ok(seen.has(`panel-${name}`), name);
  }
  await close();
});

test('regions that are read aloud are quiet while only numbers change', async () => {
  const { page, close } = await world.open();
  await page.waitForSelector(READY.market);
  await page.evaluate(() => {
    window.heard = 0;
    for (const region of document.querySelectorAll('[aria-live], [role=status], [role=alert]')) {
      new MutationObserver((changes) => {
        window.heard += changes.length;
      }).observe(region, {
        childList: true,
        characterData: true,
        subtree: true,
      });
    }
  });
  const before = await page.evaluate(() => window.tapelake.work().length);
  await page.waitForFunction((count) => window.tapelake.work().length > count + 20, before);
  assert.equal(await page.evaluate(() => window.heard), 0);
  await close();
});

test('nothing moves for those who do not want movement', async () => {
  const { page, close } = await world.open({ reducedMotion: 'reduce' });
  await page.locator('.top').getByRole('button', { name: 'Share' }).click();
  const toast = page.locator('.toast');
  await toast.waitFor();
  assert.equal(await toast.evaluate((each) => getComputedStyle(each).animationName), 'none');
  await close();
});

testOnMock('numbers are written as the reader writes them', async () => {
  const { page, close } = await world.open({ locale: 'de-DE' });
  await page.waitForSelector(READY.market);
  await page.waitForFunction(() =>
    /^\d+\.\d{3},\d{2}$/.test(document.querySelector('.last').textContent),
  );
  await close();
});
