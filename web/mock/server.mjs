// The program's HTTP side, made up: the built page under the real content security policy, the API
// over a random market, and levers by which tests make the stream fail.

import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { extname, join, normalize } from 'node:path';

import * as answers from './answers.mjs';
import { EXCHANGES, Market } from './market.mjs';

export const CSP =
  "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; " +
  "connect-src 'self'; font-src 'self'; base-uri 'none'; form-action 'self'; " +
  "frame-ancestors 'none'";
const TYPES = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.txt': 'text/plain; charset=utf-8',
};
const TICK_MS = 100;
const BODY_MAX = 1_000_000;

/** Start a mock on a free loopback port, or on `port`. */
export async function startMock(options = {}) {
  const mock = new Mock(options);
  await new Promise((resolve) => mock.server.listen(options.port ?? 0, '127.0.0.1', resolve));
  mock.url = `http://127.0.0.1:${mock.server.address().port}/`;
  return mock;
}

class Mock {
  constructor({ root, rate = 500, seed, hostile, token = '' }) {
    this.root = root;
    this.rate = rate;
    this.token = token;
    this.market = new Market({ seed, hostile, rate });
    this.epoch = `e${this.market.startedMs}`;
    this.clients = new Set();
    this.muted = false;
    this.refusing = false;
    /** Requests seen, for tests: method, address without the host, Last-Event-ID. */
    this.seen = [];
    this.server = createServer((request, response) =>
      this.handle(request, response).catch((error) => {
        console.error(error);
        response.destroy();
      }),
    );
    this.timer = setInterval(() => this.tick(), TICK_MS);
  }

  async close() {
    clearInterval(this.timer);
    this.dropStreams();
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }

  /** Cut all streams, as a network does. */
  dropStreams() {
    for (const client of this.clients) client.response.destroy();
    this.clients.clear();
  }

  async handle(request, response) {
    const url = new URL(request.url, 'http://mock');
    this.seen.push({
      method: request.method,
      url: request.url,
      last: request.headers['last-event-id'] ?? null,
    });
    if (this.seen.length > 5_000) this.seen.splice(0, 1_000);
    response.setHeader('Content-Security-Policy', CSP);
    response.setHeader('X-Content-Type-Options', 'nosniff');
    response.setHeader('Referrer-Policy', 'same-origin');
    if (!url.pathname.startsWith('/api/v1/')) return this.file(url.pathname, response);
    const path = url.pathname.slice('/api/v1'.length);
    if (path === '/login') return this.login(request, response);
    const open = !this.token || (request.headers.cookie ?? '').includes(`t=${this.token}`);
    if (!open) return fail(response, 401, 'unauthorized', 'the token is missing or wrong');
    if (path === '/live') return this.live(url.searchParams, request, response);
    if (path.startsWith('/sql')) return this.sql(path, request, response);
    const answer = this.answer(path, url.searchParams);
    if (answer === null) return fail(response, 404, 'not_found', `there is no ${url.pathname}`);
    return send(response, answer);
  }

  async file(path, response) {
    const name = normalize(path === '/' ? '/index.html' : path);
    try {
      const content = await readFile(join(this.root, name));
      response.setHeader('Content-Type', TYPES[extname(name)] ?? 'application/octet-stream');
      response.end(content);
    } catch {
      fail(response, 404, 'not_found', `there is no ${path}`);
    }
  }

  async login(request, response) {
    const { token } = JSON.parse(await bodyOf(request));
    if (token !== this.token) return fail(response, 401, 'unauthorized', 'this is not the token');
    response.setHeader('Set-Cookie', `t=${token}; HttpOnly; SameSite=Strict; Path=/`);
    return send(response, {});
  }

  answer(path, query) {
    const { market } = this;
    const pair = query.get('pair');
    const table = /^\/tables\/([^/]+)\/(commits|files|columns)$/.exec(path);
    if (table) return answers.tablePart(market, table[2]);
    switch (path) {
      case '/status':
        return answers.status(market, false);
      case '/markets':
        return answers.markets(market);
      case '/bars':
        return answers.bars(market, query);
      case '/overview':
        return answers.overview(market);
      case '/measures':
        return answers.measures(market, pair, query.get('exchange'));
      case '/exchanges':
        return answers.exchanges(market, pair);
      case '/correlation':
        return answers.correlation(market, query);
      case '/cone':
        return answers.cone();
      case '/sizes':
        return answers.sizes();
      case '/pipeline':
        return answers.pipeline(market, this.clients.size, this.rate);
      case '/alarms':
        return answers.alarms(market);
      case '/tables':
        return answers.tables();
      default:
        return null;
    }
  }

  async sql(path, request, response) {
    const { sql, format } = JSON.parse(await bodyOf(request));
    // As DuckDB has it: a misspelt FROM is read as a name, what follows it is the mistake.
    const mistake = /\bFRM (\w+)/.exec(sql);
    if (mistake) {
      const before = sql.slice(0, mistake.index).split('\n');
      const text = sql.split('\n')[before.length - 1];
      const lead = `LINE ${before.length}: `;
      return fail(
        response,
        400,
        'invalid',
        `Parser Error: syntax error at or near "${mistake[1]}"\n\n${lead}${text}\n` +
          `${' '.repeat(lead.length + before.at(-1).length + 'FRM '.length)}^`,
      );
    }
    const rows = Array.from({ length: 40 }, (_, at) => [
      `2026-11-26 20:${String(at).padStart(2, '0')}:00+00`,
      EXCHANGES[at % 6],
      at === 7 ? null : (64_000 + Math.sin(at / 4) * 150).toFixed(18),
      String(at * at),
      at === 3 ? '<img src=x onerror=alert(1)>' : 'SUCCESS',
    ]);
    if (path === '/sql/export') {
      response.setHeader('Content-Type', 'application/octet-stream');
      return response.end(format === 'csv' ? rows.map((row) => row.join(',')).join('\n') : 'PAR1');
    }
    const columns = [
      ['minute', 'TIMESTAMP WITH TIME ZONE'],
      ['exchange_id', 'VARCHAR'],
      ['price', 'DECIMAL(38,18)'],
      ['n', 'BIGINT'],
      ['status', 'VARCHAR'],
    ];
    return send(response, {
      columns: columns.map(([name, type]) => ({ name, type })),
      rows,
      truncated: false,
      took_ms: 3,
    });
  }

  live(query, request, response) {
    if (this.refusing) return fail(response, 503, 'unavailable', 'the mock refuses streams');
    response.writeHead(200, { 'Content-Type': 'text/event-stream', 'Cache-Control': 'no-store' });
    response.write('retry: 400\n\n');
    const [epoch, version] = (request.headers['last-event-id'] ?? '').split('-');
    const resumed = epoch === this.epoch;
    const client = {
      response,
      pair: query.get('pair'),
      exchange: query.get('exchange'),
      interval: query.get('interval'),
      everyMs: Number(query.get('every_ms') ?? 0),
      version: resumed ? Number(version) : 0,
      sentMs: 0,
      wroteMs: Date.now(),
    };
    this.write(client, 'hello', {
      epoch: this.epoch,
      every_ms: client.everyMs,
      now_ms: Date.now(),
    });
    if (!resumed) this.write(client, 'reset', {});
    this.clients.add(client);
    request.on('close', () => this.clients.delete(client));
    if (!this.muted) this.update(client);
  }

  write(client, event, data) {
    client.wroteMs = Date.now();
    const id = event === 'update' ? `id: ${this.epoch}-${this.market.version}\n` : '';
    client.response.write(`${id}event: ${event}\ndata: ${JSON.stringify(data)}\n\n`);
  }

  tick() {
    if (this.rate > 0) this.market.step(Math.max(1, Math.round((this.rate * TICK_MS) / 1_000)));
    if (this.muted) return;
    for (const client of this.clients) {
      const now = Date.now();
      // A client that does not read gets nothing more until it does.
      if (client.response.writableLength > 0) continue;
      const due = now - client.sentMs >= client.everyMs;
      if (due && client.version < this.market.version) this.update(client);
      else if (now - client.wroteMs >= 1_000) this.write(client, 'idle', { now_ms: now });
    }
  }

  update(client) {
    const { market } = this;
    const entry = market.find(client.pair);
    const since = client.version;
    const now = Date.now();
    const changed = (each) => each.version > since;
    const series = market.seriesOf(client.pair, client.exchange, client.interval);
    const update = {
      version: market.version,
      now_ms: now,
      newest_change_us: market.newestUs,
      bars: entry
        ? series
            .slice(-600)
            .filter((bar) => since === 0 || changed(bar))
            .map((bar) => bar.wire(entry.digits))
        : [],
      overview: market.pairs.filter(changed).map(answers.overviewRow),
      tape: market.tape.filter(changed).map((trade) => trade.wire),
    };
    if (since === 0 || now - (client.slowMs ?? 0) >= 500) {
      client.slowMs = now;
      update.exchanges = answers.exchanges(market, client.pair).rows;
      update.measures = answers.measures(market, client.pair, client.exchange);
      update.pipeline = answers.pipeline(market, this.clients.size, this.rate);
      if (since === 0) update.alarms = answers.alarms(market);
    }
    client.version = market.version;
    client.sentMs = now;
    this.write(client, 'update', update);
  }
}

function send(response, body) {
  response.setHeader('Content-Type', 'application/json');
  response.end(JSON.stringify(body));
}

function fail(response, code, kind, message) {
  response.statusCode = code;
  send(response, { error: { kind, message } });
}

async function bodyOf(request) {
  let body = '';
  for await (const part of request) {
    body += part;
    if (body.length > BODY_MAX) throw new Error('the body is too long');
  }
  return body;
}
