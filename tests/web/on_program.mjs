// The browser tests once more, with the real program behind the page.
//
// usage: node tests/web/on_program.mjs [OPTION OF node --test…]
//
// Those that need the mock's levers (a muted stream, names made to hurt) stay out; those in
// program/ start programs of their own. What the page costs under load, bench/live.py measures.

import { spawn } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

import { startProgram, waitForMarket } from './support/program.mjs';

const here = (name) => fileURLToPath(new URL(name, import.meta.url));
const testsIn = (folder) =>
  readdirSync(here(folder))
    .filter((name) => name.endsWith('.test.mjs'))
    .map((name) => here(folder + name));

const program = await startProgram();
await waitForMarket(program);
const files = [
  ...testsIn('./').filter((name) => !name.endsWith('load.test.mjs')),
  ...testsIn('./program/'),
];
// Two at a time: none of these measures time.
const tests = spawn(
  process.execPath,
  ['--test', '--test-concurrency=2', ...process.argv.slice(2), ...files],
  { stdio: 'inherit', env: { ...process.env, TAPELAKE_PAGE: program.url } },
);
const code = await new Promise((resolve) => tests.once('exit', resolve));
await program.stop();
process.exitCode = code ?? 1;
