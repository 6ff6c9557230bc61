// The program itself, on a lake of its own that goes when it ends.

import { spawn } from 'node:child_process';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

const BINARY =
  process.env.TAPELAKE_BINARY ??
  fileURLToPath(new URL('../../../build/release/tapelake', import.meta.url));
const PATIENCE_MS = 60_000;
// It ends even if whoever started it was killed.
const DURATION = '15m';

/** Ask until the answer is one; how long a thing takes differs between machines. */
export async function waitFor(what, ask) {
  const until = Date.now() + PATIENCE_MS;
  while (Date.now() < until) {
    const answer = await ask();
    if (answer) return answer;
    await sleep(100);
  }
  throw new Error(`waited ${PATIENCE_MS / 1_000} s for ${what}`);
}

/** `tapelake up` in a folder; `start()` again after `stop()` or `kill()` goes on with its lake. */
export class Program {
  constructor(folder, options) {
    this.folder = folder;
    this.lake = join(folder, 'lake');
    this.options = options;
    this.said = '';
  }

  /** Begin, and wait until it says where its page is. */
  async start(listen = this.options.listen) {
    const more = [...(this.options.more ?? [])];
    if (this.options.config) {
      const config = join(this.folder, 'tapelake.yaml');
      writeFileSync(config, this.options.config);
      more.push('--config', config);
    }
    const place = join(this.lake, '.tapelake', 'http.json');
    rmSync(place, { force: true });
    const words = ['up', '--lake', this.lake, '--listen', listen, '--duration', DURATION, ...more];
    this.process = spawn(BINARY, words, { stdio: ['ignore', 'pipe', 'pipe'] });
    for (const stream of [this.process.stdout, this.process.stderr]) {
      stream.on('data', (text) => {
        this.said = (this.said + text).slice(-10_000);
      });
    }
    this.ended = new Promise((resolve) => {
      this.process.once('error', (error) => resolve(error.message));
      this.process.once('exit', (code, signal) => resolve(signal ?? code));
    });
    this.atExit = () => this.process.kill('SIGKILL');
    process.once('exit', this.atExit);
    this.place = await waitFor('the port', () => {
      if (this.process.exitCode !== null || !this.process.pid) throw new Error(this.said);
      return existsSync(place) && JSON.parse(readFileSync(place, 'utf8') || 'null');
    });
    this.url = this.place.url;
  }

  async signal(name) {
    this.process.kill(name);
    const code = await this.ended;
    process.off('exit', this.atExit);
    return code;
  }

  /** As if the power went. */
  kill() {
    return this.signal('SIGKILL');
  }

  /** End in order, and take the folder along. */
  async stop() {
    const code = await this.signal('SIGTERM');
    rmSync(this.folder, { recursive: true, force: true });
    if (code !== 0) throw new Error(`the program ended with ${code}: ${this.said}`);
  }
}

/** `options`: `listen` (an address), `more` (further flags of `up`), `config` (a configuration's text). */
export async function startProgram(options = {}) {
  const folder = await mkdtemp(join(tmpdir(), 'tapelake-page-'));
  const program = new Program(folder, { listen: '127.0.0.1:0', ...options });
  await program.start();
  return program;
}

/** Wait until the simulated past is in: what a reader sees who opens the page a minute later. */
export async function waitForMarket(program) {
  await waitFor('a market', async () => {
    const answer = await fetch(new URL('api/v1/pipeline', program.url));
    const [table] = (await answer.json()).tables;
    return table?.commits > 0 && table.event_to_commit_ms < 30_000;
  });
}
