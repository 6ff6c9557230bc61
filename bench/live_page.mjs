// Looks at a page for a while and prints, as one JSON line, how fresh it was and what it cost.
//
// usage: node bench/live_page.mjs URL SECONDS

import { frameWork, quantile } from '../tests/web/support/frame-work.mjs';
import { chromium } from '../web/node_modules/playwright-core/index.mjs';

const WARM_UP_MS = 10_000;
const LOOK_MS = 1_000;
const TRACE_MS = 8_000;

const [url, seconds] = process.argv.slice(2);
const browser = await chromium.launch({
  executablePath: process.env.TAPELAKE_CHROMIUM ?? '/usr/bin/chromium',
  args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--disable-background-networking',
         '--enable-precise-memory-info', '--js-flags=--expose-gc'],
});
const page = await browser.newPage({ viewport: { width: 1440, height: 900 } });
await page.goto(url);
await page.waitForTimeout(WARM_UP_MS);
const heap = () => page.evaluate(() => (globalThis.gc?.(), performance.memory.usedJSHeapSize));
const heapBefore = await heap();
const client = await page.context().newCDPSession(page);
await client.send('Performance.enable');
const taskSeconds = async () => {
  const { metrics } = await client.send('Performance.getMetrics');
  return metrics.find((metric) => metric.name === 'TaskDuration').value;
};
const busyBefore = await taskSeconds();
const fresh = [];
const work = [];
let seenFresh = '';
for (let second = 0; second < Number(seconds); second++) {
  await page.waitForTimeout(LOOK_MS);
  const [nextFresh, nextWork] = await page.evaluate(() => [
    window.tapelake.freshness(),
    window.tapelake.work(),
  ]);
  // The page keeps the newest samples: take those that came since the last look.
  if (nextFresh.join() !== seenFresh) fresh.push(...nextFresh.slice(-12));
  seenFresh = nextFresh.join();
  work.push(...nextWork.slice(-60));
}
const mainThreadShare = ((await taskSeconds()) - busyBefore) / Number(seconds);
const heapAfter = await heap();
await browser.startTracing(page, { categories: ['toplevel', 'devtools.timeline'] });
await page.waitForTimeout(TRACE_MS);
const frames = frameWork(JSON.parse((await browser.stopTracing()).toString()));
console.log(
  JSON.stringify({
    fresh_samples: fresh.length,
    fresh_p50_ms: quantile(fresh, 0.5),
    fresh_p99_ms: quantile(fresh, 0.99),
    script_p95_ms: quantile(work, 0.95),
    frame_p50_ms: quantile(frames, 0.5),
    frame_p95_ms: quantile(frames, 0.95),
    main_thread_share: mainThreadShare,
    heap_before: heapBefore,
    heap_after: heapAfter,
  }),
);
await browser.close();
