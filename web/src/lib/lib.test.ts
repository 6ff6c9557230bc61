import { describe, expect, test } from 'vitest';

import { csvField, csvText, fileName } from './csv';
import {
  addDecimals,
  compareDecimals,
  decimalText,
  fractionDigits,
  parseDecimal,
  sumTexts,
  trimZeros,
  type Decimal,
} from './decimal';
import { Format, isoTime, NONE, tinyDigits } from './format';
import { quantile, Ring } from './ring';
import { compareValues, groupedBy, longestRising, search, sortedBy } from './sort';
import { niceTicks } from './ticks';

const decimal = (text: string) => parseDecimal(text) as Decimal;

describe('decimals', () => {
  test('keep digits that a double loses', () => {
    const a = '12345678901234567890.000000000000000001';
    expect(decimalText(decimal(a))).toBe(a);
    expect(sumTexts([a, '0.000000000000000001'])).toBe('12345678901234567890.000000000000000002');
    expect(0.1 + 0.2).not.toBe(0.3);
    expect(sumTexts(['0.1', '0.2', null])).toBe('0.3');
  });

  test('compare across scales and signs', () => {
    expect(compareDecimals(decimal('1.10'), decimal('1.1'))).toBe(0);
    expect(compareDecimals(decimal('-2'), decimal('1'))).toBe(-1);
    expect(compareDecimals(decimal('9007199254740993'), decimal('9007199254740992'))).toBe(1);
  });

  test('refuse what is no plain decimal', () => {
    for (const text of ['', '1e5', 'NaN', '1.2.3', ' 1', '0x10', '1'.repeat(200)]) {
      expect(parseDecimal(text)).toBeNull();
    }
  });

  test('add with a negative sum', () => {
    expect(decimalText(addDecimals(decimal('0.5'), decimal('-0.75')))).toBe('-0.25');
    expect(decimalText(addDecimals(decimal('0.5'), decimal('-0.5')))).toBe('0.0');
  });

  test('lose closing zeros only behind the point', () => {
    expect(trimZeros('100')).toBe('100');
    expect(trimZeros('1.500')).toBe('1.5');
    expect(trimZeros('2.000')).toBe('2');
    expect(fractionDigits('64000.5000', 12)).toBe(1);
    expect(fractionDigits('64000', 12)).toBe(0);
    expect(fractionDigits('0.123456789', 4)).toBe(4);
  });
});

describe('formats', () => {
  const english = new Format('en-US');

  test('follow the locale', () => {
    expect(english.exact('1234567.5')).toBe('1,234,567.5');
    expect(new Format('de-DE').exact('1234567.5')).toBe('1.234.567,5');
    expect(new Format('de-DE').percent(0.1234)).toBe('12,34\u00a0%');
  });

  test('never round an exact text', () => {
    expect(english.exact('0.123456789012345678')).toBe('0.123456789012345678');
    expect(english.exact('-99999999999999999999.01')).toBe('-99,999,999,999,999,999,999.01');
    expect(english.exact(null)).toBe(NONE);
    expect(english.exact('not a number')).toBe('not a number');
  });

  test('give no sign to what rounds to zero', () => {
    expect(english.fixed(-0.01, 1)).toBe('0.0');
    expect(english.fixed(-0.06, 1)).toBe('-0.1');
    expect(english.percent(-0.00001, 2, true)).toBe('0.00%');
  });

  test('show tiny prices with telling digits', () => {
    expect(english.price('0.0000178123')).toBe('0.00001781');
    expect(english.price('64000.5')).toBe('64,000.50');
    expect(tinyDigits(1e-12)).toBe(15);
    expect(english.price(null)).toBe(NONE);
  });

  test('write measures in their units', () => {
    expect(english.measure(0.4123, 'annualised')).toBe('41.2%');
    expect(english.measure(0.0123, 'annualised')).toBe('1.23%');
    expect(english.measure(2.345, 'bp')).toBe('2.35');
    expect(english.measure(null, 'bp')).toBe(NONE);
    expect(english.measure(0.00213456, 'ratio')).toBe('0.00213');
  });

  test('say durations and sizes shortly', () => {
    expect(english.duration(87)).toBe('87 ms');
    expect(english.duration(1_240)).toBe('1.2 s');
    expect(english.duration(900_000)).toBe('15 min');
    expect(english.duration(null)).toBe(NONE);
    expect(english.bytes(1_536)).toBe('1.5 KiB');
    expect(english.count(1_439)).toBe('1,439');
    expect(english.compact('26624000')).toBe('26.6M');
  });

  test('tell times in UTC unless told otherwise', () => {
    const ms = Date.UTC(2026, 10, 26, 20, 19, 46);
    expect(english.time(ms)).toBe('20:19:46');
    expect(isoTime(ms)).toBe('2026-11-26T20:19:46.000Z');
    expect(isoTime(1e300)).toBe('1e+300');
    expect(isoTime(null)).toBe('');
  });
});

describe('sorting', () => {
  const rows = [{ v: '10' }, { v: null }, { v: '9.5' }, { v: '100' }];

  test('orders decimal texts by size and puts what is missing last', () => {
    const values = (direction: 'ascending' | 'descending') =>
      sortedBy(rows, (row) => row.v, direction).map((row) => row.v);
    expect(values('ascending')).toEqual(['9.5', '10', '100', null]);
    expect(values('descending')).toEqual(['100', '10', '9.5', null]);
  });

  test('is stable', () => {
    const same = [1, 2, 3].map((id) => ({ id, v: 0 }));
    expect(sortedBy(same, (row) => row.v, 'descending').map((row) => row.id)).toEqual([1, 2, 3]);
  });

  test('reads names as people do', () => {
    expect(compareValues('BTC2', 'BTC10')).toBeLessThan(0);
  });

  test('groups with the largest first and never mixes', () => {
    const pairs = ['A/USD', 'B/EUR', 'C/USD'];
    expect(groupedBy(pairs, (pair) => pair.split('/')[1] as string)).toEqual([
      ['USD', ['A/USD', 'C/USD']],
      ['EUR', ['B/EUR']],
    ]);
  });

  test('finds by start before inside, without regard to signs between', () => {
    const pairs = ['WBTC/USD', 'BTC/EUR', 'BTC/USD'];
    expect(search(pairs, 'btcusd', (pair) => pair)).toEqual(['BTC/USD', 'WBTC/USD']);
    expect(search(pairs, 'BTC', (pair) => pair)[2]).toBe('WBTC/USD');
    expect(search(pairs, '', (pair) => pair)).toEqual(pairs);
  });
});

describe('files', () => {
  test('are quoted, and names cannot become formulas', () => {
    expect(csvField('a"b,c')).toBe('"a""b,c"');
    expect(csvField('=HYPERLINK("x")')).toBe('"\'=HYPERLINK(""x"")"');
    expect(csvField('@cmd')).toBe("'@cmd");
    expect(csvField('-12.5')).toBe('-12.5');
    expect(csvField(null)).toBe('');
    expect(csvText(['a'], [['1'], [2]])).toBe('a\r\n1\r\n2\r\n');
  });

  test('have names that any system takes', () => {
    expect(fileName('<img src=x>/USD.csv')).toBe('img-src-x-USD.csv');
    expect(fileName('../../etc')).toBe('etc');
    expect(fileName('\u202e')).toBe('tapelake');
  });
});

describe('samples', () => {
  test('are bounded and leave the oldest first', () => {
    const ring = new Ring(3);
    for (const value of [1, 2, 3, 4, 5]) ring.add(value);
    expect(ring.toArray()).toEqual([3, 4, 5]);
    expect(ring.total).toBe(5);
    expect(ring.quantile(0.99, 2)).toBe(5);
  });

  test('have nearest-rank quantiles', () => {
    const hundred = Array.from({ length: 100 }, (_, index) => index + 1);
    expect(quantile(hundred, 0.95)).toBe(95);
    expect(quantile(hundred, 0.5)).toBe(50);
    expect(quantile([], 0.5)).toBeNull();
  });
});

test('ticks are round and within', () => {
  expect(niceTicks(0, 100, 5)).toEqual([0, 20, 40, 60, 80, 100]);
  expect(niceTicks(-0.03, 0.04, 4).every((tick) => tick >= -0.03 && tick <= 0.04)).toBe(true);
  expect(Object.is(niceTicks(-1, 1, 2)[1], 0)).toBe(true);
  expect(niceTicks(5, 5, 4)).toEqual([5]);
  expect(niceTicks(Number.NaN, 1, 4)).toEqual([]);
});

describe('the longest rising run', () => {
  test('is what may stay where it is', () => {
    expect(longestRising([])).toEqual([]);
    expect(longestRising([0, 1, 2])).toEqual([0, 1, 2]);
    expect(longestRising([1, 2, 3, 0])).toEqual([0, 1, 2]);
    expect(longestRising([3, 0, 1, 2])).toEqual([1, 2, 3]);
    expect(longestRising([2, 1, 0])).toHaveLength(1);
  });

  test('leaves out what has no place yet', () => {
    expect(longestRising([-1, 4, -1, 5])).toEqual([1, 3]);
  });
});
