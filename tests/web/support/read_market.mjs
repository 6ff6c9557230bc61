// What a reader sees of one market, as one line of JSON: the text of each number and, as on hover,
// what stands exactly behind it.
//
// usage: node read_market.mjs URL PAIR EXCHANGE INTERVAL BARS
//
// BARS is how many rows the table of bars has when all is there.

import { startWorld } from './page.mjs';

const [base, pair, exchange, interval, bars] = process.argv.slice(2);
const world = await startWorld({ base });
const where = new URLSearchParams({ pair, exchange });
const { page, close } = await world.open({ hash: `#/market?${where}` });
await page.waitForSelector('.panel-exchanges tr.selected');
await page.waitForSelector('.panel-volatility tbody .num');
await page.getByRole('button', { name: 'Table', exact: true }).click();
await page.waitForSelector('.chart-frame tbody td');
// With the table open: it must follow, though nothing happens in this market any more.
await page.getByRole('radio', { name: interval, exact: true }).first().click();
await page.waitForFunction(
  ([name, count]) => {
    const rows = document.querySelectorAll('.chart-frame tbody tr');
    return (location.hash.includes(`interval=${name}`) || name === '1m') && rows.length === count;
  },
  [interval, Number(bars)],
);

const seen = await page.evaluate(() => {
  const number = (element) => {
    const holder = element.querySelector('.num, .pick') ?? element;
    holder.dispatchEvent(new PointerEvent('pointerover', { bubbles: true }));
    return { text: holder.textContent, exact: holder.title };
  };
  const rows = (selector) =>
    [...document.querySelectorAll(`${selector} tbody tr`)].map((row) =>
      [...row.children].map(number),
    );
  const facts = [...document.querySelectorAll('.instrument-facts > div')].map((each) => [
    each.querySelector('dt').textContent,
    number(each.querySelector('dd')),
  ]);
  return {
    last: number(document.querySelector('.last')),
    facts: Object.fromEntries(facts),
    exchanges: rows('.panel-exchanges'),
    measures: ['volatility', 'liquidity', 'activity'].flatMap((name) => rows(`.panel-${name}`)),
    bars: rows('.chart-frame'),
  };
});
await close();
await world.close();
console.log(JSON.stringify(seen));
