import { describe, expect, test } from 'vitest';

import type { MeasureDef, MeasureValue, SqlAnswer } from '../api/types';
import { Format, NONE } from '../lib/format';
import { tint } from './correlation-panel';
import { detailText, measureRows, unitText, valueText } from './measures-panel';
import { fieldText, fieldTime } from './range-dialog';
import { intervalFor } from './ranges';
import { sparkPath } from './spark';
import { firstChoice } from './sql-plot';
import { cellNumber, errorPlace } from './sql-text';

const def = (name: string, unit = 'annualised', detail = ''): MeasureDef => ({
  name,
  label: name,
  unit,
  window: '60 x 1m',
  group: 'volatility',
  formula: 'source',
  detail,
});
const format = new Format('en-US');

describe('measures', () => {
  test('keep the order of the catalog and are compared within a unit', () => {
    const values: MeasureValue[] = [
      ['b', 0.2, null, null, 9, null],
      ['a', 0.4, null, 'thin', 60, null],
      ['c', 4_000, null, null, 1, null],
    ];
    const rows = measureRows([def('a'), def('b'), def('c', 'quote')], values, ['volatility']);
    expect(rows.map((row) => [row.def.name, row.share])).toEqual([
      ['a', 1],
      ['b', 0.5],
      ['c', 0],
    ]);
  });

  test('say why there is no value', () => {
    const [row] = measureRows([def('a')], [['a', null, 'too_few', null, 3, null]], ['volatility']);
    expect(valueText(format, row as never)).toBe('too few');
    const [missing] = measureRows([def('a')], [], ['volatility']);
    expect(valueText(format, missing as never)).toBe(NONE);
    const [odd] = measureRows(
      [def('a')],
      [['a', null, 'new_reason', null, 0, null]],
      ['volatility'],
    );
    expect(valueText(format, odd as never)).toBe('new_reason');
  });

  test('name their unit in short', () => {
    expect(unitText('1e6/quote', 'USD')).toBe('/M');
    expect(unitText('bp per 1e6 quote', 'USD')).toBe('bp/M');
    expect(unitText('quote', 'EUR')).toBe('EUR');
    expect(unitText('annualised', 'EUR')).toBe('');
  });

  test('show a short detail beside the value', () => {
    const value: MeasureValue[] = [['g', 3, null, null, 2, 1.9]];
    const [age] = measureRows([def('g', 'bp', 'age (seconds)')], value, ['volatility']);
    expect(detailText(format, age as never)).toBe('1.9 s');
    const [t] = measureRows([def('g', 'bp', 't')], value, ['volatility']);
    expect(detailText(format, t as never)).toBe('t 1.9');
  });
});

test('a range takes an interval that makes readable bars', () => {
  expect(intervalFor('4h', '1m')).toBe('1m');
  expect(intervalFor('7d', '1s')).toBe('15m');
  expect(intervalFor('15m', '1d')).toBe('1m');
  expect(intervalFor('auto', '1s')).toBe('1s');
});

test('a field reads back the time it shows', () => {
  const ms = Date.UTC(2026, 0, 31, 10, 20, 30);
  expect(fieldText(ms, true)).toBe('2026-01-31T10:20:30');
  expect(fieldTime(fieldText(ms, true), true)).toBe(ms);
  expect(fieldTime(fieldText(ms, false), false)).toBe(ms);
  expect(fieldTime('', true)).toBeNull();
});

test('a sparkline leaves gaps open and draws nothing of one value', () => {
  expect(sparkPath([1], 60, 18)).toBe('');
  expect(sparkPath([1, null, 2, 3], 60, 18).match(/M/g)?.length).toBe(2);
  expect(sparkPath([5, 5], 60, 18)).toBe('M0.0 9.0L60.0 9.0');
});

test('a correlation is tinted by sign and size', () => {
  expect(tint(-1)).toEqual({ sign: 'minus', percent: 62 });
  expect(tint(0)).toEqual({ sign: 'plus', percent: 0 });
});

describe('statements', () => {
  test('lead to the place of a mistake', () => {
    const sql = 'SELECT 1,\n  x FRM t';
    const message = `Parser Error: near "FRM"\nLINE 2:   x FRM t\n${' '.repeat(12)}^`;
    const place = errorPlace(message, sql);
    expect(place && sql.slice(place.from, place.to)).toBe('FRM');
    expect(errorPlace('no place', sql)).toBeNull();
    expect(errorPlace('LINE 9: x', sql)).toBeNull();
  });

  test('have cells that become numbers only when they are', () => {
    expect(cellNumber('12.5', 'DECIMAL(38,18)')).toBe(12.5);
    expect(cellNumber(null, 'BIGINT')).toBeNull();
    expect(cellNumber('abc', 'VARCHAR')).toBeNull();
    const at = Date.UTC(2026, 10, 26, 20, 1);
    expect(cellNumber('2026-11-26 20:01:00+00', 'TIMESTAMP WITH TIME ZONE')).toBe(at);
    expect(cellNumber('2026-11-26 20:01:00', 'TIMESTAMP')).toBe(at);
    expect(cellNumber('2026-11-26', 'DATE')).toBe(Date.UTC(2026, 10, 26));
  });

  test('draw time across and the first number up', () => {
    const answer = (types: string[], row: string[]): SqlAnswer => ({
      columns: types.map((type, at) => ({ name: `c${at}`, type })),
      rows: [row],
      truncated: false,
      took_ms: 1,
    });
    expect(
      firstChoice(answer(['VARCHAR', 'TIMESTAMP', 'BIGINT'], ['a', '2026-01-01 00:00:00', '3'])),
    ).toEqual({ x: 1, y: 2 });
    expect(firstChoice(answer(['VARCHAR', 'BIGINT'], ['a', '3']))).toEqual({ x: 0, y: 1 });
    expect(firstChoice(answer(['VARCHAR'], ['a']))).toBeNull();
  });
});
