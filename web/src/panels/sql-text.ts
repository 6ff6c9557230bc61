/** Where in the statement DuckDB found the mistake: `LINE 2: SELECT x …` and a caret below it. */
export function errorPlace(message: string, sql: string): { from: number; to: number } | null {
  const match = /LINE (\d+): (.*)(?:\n( *)\^)?/.exec(message);
  if (!match) return null;
  const lines = sql.split('\n');
  const index = Number(match[1]) - 1;
  const line = lines[index];
  if (line === undefined) return null;
  const start = lines.slice(0, index).reduce((sum, each) => sum + each.length + 1, 0);
  const shown = match[2] ?? '';
  const lead = `LINE ${match[1]}: `.length;
  const column = (match[3]?.length ?? lead) - lead;
  // Long lines are shown in part, with dots before what is left out.
  const part = shown.startsWith('...') ? shown.slice(3, 23) : '';
  const skipped = part ? line.indexOf(part) - 3 : 0;
  const from = start + Math.max(0, Math.min(line.length, column + skipped));
  const word = /^[\w."]+/.exec(sql.slice(from))?.[0].length ?? 1;
  return { from, to: Math.min(sql.length, from + word) };
}

/** Statements to begin with. */
export function examples(table: string): { name: string; sql: string }[] {
  const name = table || 'crypto.transactions';
  const database = name.includes('.') ? `${name.slice(0, name.indexOf('.'))}.` : '';
  return [
    { name: 'Newest rows', sql: `SELECT * FROM ${name}\nORDER BY timestamp DESC\nLIMIT 100` },
    {
      name: 'Rows by status',
      sql: `SELECT trade_status, count(*) AS n\nFROM ${name}\nGROUP BY 1\nORDER BY n DESC`,
    },
    {
      name: 'Volume by pair and exchange',
      sql:
        `SELECT trading_pair, exchange, sum(quantity) AS quantity\nFROM ${name}\n` +
        "WHERE trade_status = 'SUCCESS'\nGROUP BY ALL\nORDER BY 1, 2",
    },
    { name: 'Bars', sql: `SELECT *\nFROM ${database}market_bars\nLIMIT 500` },
    { name: 'Measures', sql: `SELECT *\nFROM ${database}market_measures\nLIMIT 500` },
  ];
}

/** A cell as a number to draw: numbers as they are, times as milliseconds. */
export function cellNumber(text: string | null, type: string): number | null {
  if (text === null || text === '') return null;
  if (/DATE|TIME/i.test(type)) {
    const iso = text.trim().replace(' ', 'T');
    if (iso.length <= 10) return dateNumber(iso);
    const zoned = /(Z|[+-]\d{2}(:?\d{2})?)$/.test(iso.slice(10));
    return dateNumber(zoned ? iso.replace(/([+-]\d{2})$/, '$1:00') : `${iso}Z`);
  }
  const value = Number(text);
  return Number.isFinite(value) ? value : null;
}

function dateNumber(iso: string): number | null {
  const ms = Date.parse(iso);
  return Number.isFinite(ms) ? ms : null;
}
