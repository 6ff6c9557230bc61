// An address that other machines can reach: nothing but the page itself without the token.
//
// All tests bind to loopback; this one cannot, for the whole of 127.0.0.0/8 is loopback to the
// program, too, and asks for no token. It listens on all addresses, as people do who want the page
// on another machine, and is asked through 127.0.0.1, so that it runs without a network.

import assert from 'node:assert/strict';
import { readFileSync, statSync } from 'node:fs';
import http from 'node:http';
import { join } from 'node:path';
import { after, before, test } from 'node:test';

import { startWorld } from '../support/page.mjs';
import { startProgram, waitFor } from '../support/program.mjs';

const PER_SECOND = 60;

let program;
let world;
let host;
let token;
before(async () => {
  program = await startProgram({
    listen: '0.0.0.0:0',
    more: ['--history', '10m'],
    config: `dashboard: {requests_per_second: ${PER_SECOND}}\n`,
  });
  host = `127.0.0.1:${new URL(program.url).port}`;
  token = readFileSync(join(program.lake, '.tapelake', 'token'), 'utf8').trim();
  await waitFor('a market', async () => {
    const answer = await ask('/api/v1/overview', { headers: bearer() });
    return answer.status === 200 && JSON.parse(answer.body).rows.length > 0;
  });
  world = await startWorld({ base: `http://${host}/` });
});
after(async () => {
  await world?.close();
  await program?.stop();
});

const bearer = (secret = token) => ({ Authorization: `Bearer ${secret}` });

/** One request whose fields are ours to choose: a browser's fetch would not let us lie. */
function ask(path, { method = 'GET', headers = {}, body = '', agent } = {}) {
  const [address, port] = host.split(':');
  return new Promise((resolve, reject) => {
    const request = http.request(
      { host: address, port, path, method, headers, agent },
      (response) => {
        const chunks = [];
        response.on('data', (chunk) => chunks.push(chunk));
        response.on('end', () => {
          const { statusCode: status, headers: fields } = response;
          resolve({ status, fields, body: Buffer.concat(chunks).toString() });
        });
      },
    );
    request.on('error', reject);
    request.end(body);
  });
}

const post = (path, body, headers = {}) =>
  ask(path, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json', ...headers },
    body: JSON.stringify(body),
  });

test('the token is kept for its owner alone', () => {
  assert.match(token, /^[0-9a-f]{64}$/);
  const { mode } = statSync(join(program.lake, '.tapelake', 'token'));
  assert.equal(mode & 0o077, 0);
  assert.ok(!program.said.includes(token), 'it is not in what the program says');
});

test('without the token there is the page, and no data', async () => {
  assert.equal((await ask('/')).status, 200);
  const paths = ['status', 'markets', 'overview', 'pipeline', 'tables', 'live?pair=BTC/USDT'];
  for (const path of [...paths.map((each) => `/api/v1/${each}`), '/metrics']) {
    const answer = await ask(path);
    assert.equal(answer.status, 401, path);
    assert.equal(JSON.parse(answer.body).error.kind, 'unauthorized', path);
  }
  assert.equal((await post('/api/v1/sql', { sql: 'SELECT 1' })).status, 401);
  assert.equal((await ask('/api/v1/overview', { headers: bearer() })).status, 200);
});

test('a token in a URL is refused, even the right one', async () => {
  const answer = await ask(`/api/v1/overview?token=${token}`, { headers: bearer() });
  assert.equal(answer.status, 400);
  assert.ok(!answer.body.includes(token));
});

test('pages of other origins are refused, with the token, too', async () => {
  for (const headers of [
    { Origin: 'http://evil.example' },
    { Origin: 'null' },
    { Origin: `http://${host}.evil.example` },
    { 'Sec-Fetch-Site': 'cross-site' },
  ]) {
    const answer = await ask('/api/v1/overview', { headers: { ...bearer(), ...headers } });
    assert.equal(answer.status, 403, JSON.stringify(headers));
    assert.equal(answer.fields['access-control-allow-origin'], undefined);
    const login = await post('/api/v1/login', { token }, headers);
    assert.equal(login.status, 403);
    assert.equal(login.fields['set-cookie'], undefined);
  }
  const own = await ask('/api/v1/overview', {
    headers: { ...bearer(), Origin: `http://${host}` },
  });
  assert.equal(own.status, 200);
});

test('every answer carries the strict security fields', async () => {
  for (const path of ['/', '/api/v1/overview', '/nothing', '/metrics']) {
    const { fields } = await ask(path);
    const policy = fields['content-security-policy'];
    assert.match(policy, /default-src 'none'/, path);
    assert.match(policy, /frame-ancestors 'none'/, path);
    assert.doesNotMatch(policy, /unsafe|\*|https?:/, path);
    assert.equal(fields['x-content-type-options'], 'nosniff', path);
    assert.equal(fields['referrer-policy'], 'no-referrer', path);
  }
});

test('the page asks for the token, and takes it into a cookie that no script sees', async () => {
  const { page, requests, close } = await world.open({ waitLive: false });
  await page.waitForSelector('.login');
  await page.getByLabel('Token').fill('wrong');
  await page.keyboard.press('Enter');
  await page.waitForFunction(() => document.querySelector('.login .problem').textContent !== '');
  assert.equal(await page.locator('.panel').count(), 0, 'nothing is shown');
  await page.getByLabel('Token').fill(token);
  await page.keyboard.press('Enter');
  await page.waitForSelector('.panel-overview tr.selected');
  await page.waitForFunction(() => window.tapelake.line() === 'live');
  await page.waitForFunction(() => window.tapelake.freshness().length > 2);
  const [cookie, ...others] = await page.context().cookies();
  assert.equal(others.length, 0);
  assert.equal(cookie.httpOnly, true);
  assert.equal(cookie.sameSite, 'Strict');
  assert.equal(await page.evaluate(() => document.cookie), '');
  await page.reload();
  await page.waitForSelector('.panel-overview tr.selected');
  for (const address of [...requests, page.url()]) {
    assert.ok(!address.includes(token) && !address.includes(cookie.value), address);
  }
  const stored = await page.evaluate(() => JSON.stringify({ ...localStorage, ...sessionStorage }));
  assert.ok(!stored.includes(token) && !stored.includes(cookie.value));
  await close();
});

test('who tries tokens has to wait, and even the right one is not read meanwhile', async () => {
  const answers = [];
  for (let i = 0; i < 8; i++) answers.push(await post('/api/v1/login', { token: `wrong ${i}` }));
  assert.ok(answers.some((answer) => answer.status === 401));
  const last = answers.at(-1);
  assert.equal(last.status, 429);
  assert.ok(Number(last.fields['retry-after']) > 0);
  assert.equal((await post('/api/v1/login', { token })).status, 429);
});

test('who asks too much is told when to come again', async () => {
  const agent = new http.Agent({ keepAlive: true, maxSockets: 8 });
  const answers = await Promise.all(
    Array.from({ length: PER_SECOND * 5 }, () => ask('/icon.svg', { agent })),
  );
  agent.destroy();
  const refused = answers.filter((answer) => answer.status === 429);
  assert.ok(refused.length > 0, 'some were refused');
  assert.ok(answers.length - refused.length >= PER_SECOND / 2, 'and not all');
  assert.ok(Number(refused[0].fields['retry-after']) >= 1);
  assert.equal(JSON.parse(refused[0].body).error.kind, 'throttled');
});
