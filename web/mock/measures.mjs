// The catalog of measures as docs/reference/measures.md has it, with values made up by unit.

import { readFileSync } from 'node:fs';

const REFERENCE = new URL('../../docs/reference/measures.md', import.meta.url);
const GROUPS = ['volatility', 'liquidity', 'activity', 'quality'];
const BASES = { annualised: 0.42, bp: 2.4, quote: 41.2, ratio: 0.24, trades: 31 };

function readCatalog() {
  const found = [];
  let group = -1;
  for (const line of readFileSync(REFERENCE, 'utf8').split('\n')) {
    if (line.startsWith('| name | label |')) group++;
    const row = /^\| `(\w+)` \|(.*)\|$/.exec(line);
    if (!row || group < 0) continue;
    const cells = row[2].split('|').map((cell) => cell.trim());
    if (cells.length < 5) continue;
    const [label, unit, window, formula, detail] = cells;
    const base = BASES[unit] ?? 0.00213;
    found.push({
      ...{ name: row[1], label, unit, window, group: GROUPS[group], formula, detail },
      base,
      spread: 0.2,
    });
  }
  return found;
}

export const MEASURES = readCatalog();
