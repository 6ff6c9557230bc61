// Write the licences of all packages that became part of the page.

import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

const CHARTS_NOTICE = `TradingView Lightweight Charts
Copyright (c) 2023 TradingView, Inc. https://www.tradingview.com/`;

const MIT = `Permission is hereby granted, free of charge, to any person obtaining a copy
of this software and associated documentation files (the "Software"), to deal
in the Software without restriction, including without limitation the rights
to use, copy, modify, merge, publish, distribute, sublicense, and/or sell
copies of the Software, and to permit persons to whom the Software is
furnished to do so, subject to the following conditions:

The above copyright notice and this permission notice shall be included in all
copies or substantial portions of the Software.

THE SOFTWARE IS PROVIDED "AS IS", WITHOUT WARRANTY OF ANY KIND, EXPRESS OR
IMPLIED, INCLUDING BUT NOT LIMITED TO THE WARRANTIES OF MERCHANTABILITY,
FITNESS FOR A PARTICULAR PURPOSE AND NONINFRINGEMENT. IN NO EVENT SHALL THE
AUTHORS OR COPYRIGHT HOLDERS BE LIABLE FOR ANY CLAIM, DAMAGES OR OTHER
LIABILITY, WHETHER IN AN ACTION OF CONTRACT, TORT OR OTHERWISE, ARISING FROM,
OUT OF OR IN CONNECTION WITH THE SOFTWARE OR THE USE OR OTHER DEALINGS IN THE
SOFTWARE.`;

/** The folder of the package that the module belongs to, or null for our own code. */
function packageFolder(id) {
  if (!id.includes('/node_modules/')) return null;
  let folder = dirname(id.replace(/[?\0].*$/, ''));
  while (!existsSync(join(folder, 'package.json'))) folder = dirname(folder);
  return folder;
}

function noticeOf(folder) {
  const about = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
  const file = readdirSync(folder).find((name) => /^licen[cs]e/i.test(name));
  const author = typeof about.author === 'string' ? about.author : (about.author?.name ?? '');
  let text = file ? readFileSync(join(folder, file), 'utf8').trim() : '';
  if (!text && about.license === 'MIT') text = `Copyright (c) ${author}\n\n${MIT}`;
  if (!text) throw new Error(`${about.name} has no licence text; do not bundle it`);
  const head = `${about.name} ${about.version} (${about.license})`;
  const notice = about.name === 'lightweight-charts' ? `\n${CHARTS_NOTICE}\n` : '';
  return `${head}\n${'='.repeat(head.length)}\n${notice}\n${text}\n`;
}

export function notices() {
  return {
    name: 'third-party-notices',
    apply: 'build',
    generateBundle(_options, bundle) {
      const folders = new Set();
      for (const chunk of Object.values(bundle)) {
        for (const id of chunk.type === 'chunk' ? Object.keys(chunk.modules) : []) {
          const folder = packageFolder(id);
          if (folder) folders.add(folder);
        }
      }
      const source = [...folders].sort().map(noticeOf).join('\n\n');
      this.emitFile({ type: 'asset', fileName: 'third-party-notices.txt', source });
    },
  };
}
