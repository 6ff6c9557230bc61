// usage: node mock/main.mjs [--port 8991] [--rate 500] [--root dist] [--token TOKEN]

import { parseArgs } from 'node:util';

import { startMock } from './server.mjs';

const { values } = parseArgs({
  options: {
    port: { type: 'string', default: '8991' },
    rate: { type: 'string', default: '500' },
    root: { type: 'string', default: new URL('../dist', import.meta.url).pathname },
    token: { type: 'string', default: '' },
  },
});
const mock = await startMock({
  port: Number(values.port),
  rate: Number(values.rate),
  root: values.root,
  token: values.token,
});
console.log(mock.url);
