// A browser, a page to look at, and the mock behind it unless TAPELAKE_PAGE names the program.

import { mkdir } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

import { startMock } from '../../../web/mock/server.mjs';

const modules =
  process.env.TAPELAKE_WEB_MODULES ?? fileURLToPath(new URL('../../../web/', import.meta.url));
export const require = createRequire(join(modules, 'package.json'));
const { chromium } = require('playwright-core');

const ROOT =
  process.env.TAPELAKE_WEB_OUT ?? fileURLToPath(new URL('../../../web/dist', import.meta.url));
const SCREENSHOTS = process.env.TAPELAKE_SCREENSHOTS ?? '';
const FLAGS = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--enable-precise-memory-info',
  '--js-flags=--expose-gc',
];

/** True if the program itself is looked at: the mock's levers are not there. */
export const real = Boolean(process.env.TAPELAKE_PAGE);

/** A test that pulls the mock's levers: with the program behind the page there is no such test. */
export const testOnMock = real ? () => {} : test;

/** `base`: the address of a page that is served already; else options of the mock. */
export async function startWorld({ base: given = process.env.TAPELAKE_PAGE, ...options } = {}) {
  const mock = given ? null : await startMock({ root: ROOT, ...options });
  const browser = await chromium.launch({
    executablePath: process.env.TAPELAKE_CHROMIUM ?? '/usr/bin/chromium',
    args: FLAGS,
  });
  const base = given ?? mock.url;
  return {
    mock,
    browser,
    base,
    open: (options) => openPage(browser, base, options),
    close: async () => {
      await browser.close();
      await mock?.close();
    },
  };
}

/**
 * Open the page and watch it: what it asks for, what it complains of.
 *
 * `problems` must be empty at the end of each test; `close()` checks that it is.
 */
async function openPage(browser, base, options = {}) {
  const { hash = '', width = 1440, height = 900, waitLive = true, ...context } = options;
  const own = await browser.newContext({
    viewport: { width, height },
    colorScheme: 'dark',
    locale: 'en-US',
    timezoneId: 'America/New_York',
    acceptDownloads: true,
    ...context,
  });
  const page = await own.newPage();
  const host = new URL(base).host;
  const requests = [];
  const problems = new Set();
  page.on('request', (request) => {
    requests.push(request.url());
    const url = new URL(request.url());
    if (!['data:', 'blob:'].includes(url.protocol) && url.host !== host) {
      problems.add(`a request left the host: ${request.url()}`);
    }
  });
  page.on('pageerror', (error) => problems.add(`error: ${error.message}`));
  page.on('dialog', (dialog) => {
    problems.add(`a name became code: ${dialog.message()}`);
    void dialog.dismiss();
  });
  page.on('console', (message) => {
    // A refused or cut connection is what some tests are about.
    const text = message.text().slice(0, 600);
    if (message.type() === 'error' && !/Failed to load resource|ERR_/.test(text)) {
      problems.add(`console: ${text}`);
    }
  });
  await page.goto(base + hash);
  if (waitLive) await page.waitForFunction(() => window.tapelake?.line() === 'live');
  return {
    page,
    requests,
    problems,
    close: async () => {
      await own.close();
      if (problems.size > 0) throw new Error([...problems].slice(0, 5).join('\n'));
    },
  };
}

/** Keep a picture, if somebody wants pictures. */
export async function picture(page, name) {
  if (!SCREENSHOTS) return;
  await mkdir(SCREENSHOTS, { recursive: true });
  await page.screenshot({ path: join(SCREENSHOTS, `${name}.png`) });
}

export function figure(name, value, unit) {
  console.log(`figure: ${name} ${typeof value === 'number' ? value.toFixed(2) : value} ${unit}`);
}

/** Text of the file that `act` makes the page hand out, and its name. */
export async function downloadOf(page, act) {
  const [download] = await Promise.all([page.waitForEvent('download'), act()]);
  const chunks = [];
  for await (const chunk of await download.createReadStream()) chunks.push(chunk);
  return { name: download.suggestedFilename(), content: Buffer.concat(chunks) };
}
