// Twenty pairs at 5,000 changes a second: what the page costs, how fresh it is, whether it grows. The
// bounds of time are held in bench/live.py.
//
// TAPELAKE_SOAK_SECONDS makes the soak longer than its default.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { frameWork, quantile } from './support/frame-work.mjs';
import { figure, startWorld } from './support/page.mjs';

const RATE = 5_000;
const MEASURE_MS = 8_000;
const SOAK_MS = Number(process.env.TAPELAKE_SOAK_SECONDS ?? 12) * 1_000;

let world;
before(async () => {
  world = await startWorld({ rate: RATE });
});
after(() => world.close());

test('draws frames and says how fresh they are', { timeout: 60_000 }, async () => {
  const { page, close } = await world.open();
  await page.waitForSelector('.panel-overview tr.selected');
  // The first second reads and draws everything; what is measured is life after it.
  await page.waitForFunction(() => window.tapelake.freshness().length > 20);
  const skip = await page.evaluate(() => [
    window.tapelake.work().length,
    window.tapelake.freshness().length,
  ]);
  await world.browser.startTracing(page, {
    categories: ['toplevel', 'devtools.timeline'],
  });
  await page.waitForTimeout(MEASURE_MS);
  const trace = JSON.parse((await world.browser.stopTracing()).toString());
  const [work, fresh] = await page.evaluate(
    ([w, f]) => [window.tapelake.work().slice(w), window.tapelake.freshness().slice(f)],
    skip,
  );
  const frames = frameWork(trace);
  assert.ok(frames.length > 50 && fresh.length > 20, 'there is something to measure');
  figure('page script per frame p95', quantile(work, 0.95), 'ms');
  figure('page main thread per frame p50', quantile(frames, 0.5), 'ms');
  figure('page main thread per frame p95', quantile(frames, 0.95), 'ms');
  figure('page main thread per frame p99', quantile(frames, 0.99), 'ms');
  figure('event to screen p50', quantile(fresh, 0.5), 'ms');
  figure('event to screen p99', quantile(fresh, 0.99), 'ms');
  figure('updates shown', (fresh.length / MEASURE_MS) * 1_000, '/s');
  await close();
});

test('does not grow', { timeout: SOAK_MS + 60_000 }, async () => {
  const { page, close } = await world.open({ hash: '#/market?interval=1s' });
  await page.waitForSelector('.panel-overview tr.selected');
  const session = await page.context().newCDPSession(page);
  const sample = async () => {
    await session.send('HeapProfiler.collectGarbage');
    const { usedSize } = await session.send('Runtime.getHeapUsage');
    const { nodes, jsEventListeners } = await session.send('Memory.getDOMCounters');
    return { heap: usedSize / 1_048_576, nodes, listeners: jsEventListeners };
  };
  await page.waitForTimeout(Math.min(SOAK_MS / 3, 60_000));
  const first = await sample();
  await page.waitForTimeout(SOAK_MS - Math.min(SOAK_MS / 3, 60_000));
  const last = await sample();
  figure('page heap at first', first.heap, 'MiB');
  figure('page heap at last', last.heap, 'MiB');
  figure('page nodes', `${first.nodes} then ${last.nodes}`, '');
  // The tape fills up to its bound; what is allowed covers that and the newest bars.
  assert.ok(last.heap - first.heap < 4, `the heap grew by ${last.heap - first.heap} MiB`);
  assert.ok(last.nodes - first.nodes < 1_500, 'nodes');
  assert.ok(last.listeners - first.listeners < 100, 'listeners');
  await close();
});
