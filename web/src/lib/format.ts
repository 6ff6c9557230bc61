// Numbers and times as people of the reader's locale write them. Exact text is kept beside.

import { toNumber, trimZeros } from './decimal';

export type Zone = 'utc' | 'local';

/** Shown where there is no number. */
export const NONE = '–';

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

export class Format {
  private readonly cache = new Map<string, Intl.NumberFormat>();
  private readonly dates = new Map<string, Intl.DateTimeFormat>();
  private readonly point: string;

  constructor(
    readonly locale: string | undefined = undefined,
    public zone: Zone = 'utc',
  ) {
    this.point =
      new Intl.NumberFormat(locale).formatToParts(1.5).find((part) => part.type === 'decimal')
        ?.value ?? '.';
  }

  private number(key: string, options: Intl.NumberFormatOptions): Intl.NumberFormat {
    let found = this.cache.get(key);
    if (!found) {
      found = new Intl.NumberFormat(this.locale, options);
      this.cache.set(key, found);
    }
    return found;
  }

  private date(key: string, options: Intl.DateTimeFormatOptions): Intl.DateTimeFormat {
    const name = `${this.zone}:${key}`;
    let found = this.dates.get(name);
    if (!found) {
      const zone = this.zone === 'utc' ? { timeZone: 'UTC' } : {};
      found = new Intl.DateTimeFormat(this.locale, { ...options, ...zone, hourCycle: 'h23' });
      this.dates.set(name, found);
    }
    return found;
  }

  fixed(value: number | null | undefined, digits: number): string {
    if (value === null || value === undefined || !Number.isFinite(value)) return NONE;
    return this.number(`f${digits}`, {
      minimumFractionDigits: digits,
      maximumFractionDigits: digits,
      signDisplay: 'negative',
    }).format(value);
  }

  integer(value: number | null | undefined): string {
    return this.fixed(value, 0);
  }

  /** All digits of a decimal text, grouped; never rounded. */
  exact(text: string | null | undefined): string {
    if (text === null || text === undefined) return NONE;
    const short = trimZeros(text);
    const match = /^(-?)(\d+)(?:\.(\d+))?$/.exec(short);
    if (!match) return text;
    const whole = this.number('g', { maximumFractionDigits: 0 }).format(BigInt(match[2] ?? '0'));
    const sign = match[1] ? '-' : '';
    return sign + whole + (match[3] ? this.point + match[3] : '');
  }

  /** A price: with at least `digits` after the point; tiny ones with four telling digits. */
  price(text: string | number | null | undefined, digits = 2): string {
    const value = typeof text === 'number' ? text : toNumber(text);
    if (value === null) return NONE;
    return this.fixed(value, Math.max(digits, tinyDigits(value)));
  }

  /** `1.24M`: three telling digits. */
  compact(text: string | number | null | undefined): string {
    const value = typeof text === 'number' ? text : toNumber(text);
    if (value === null || !Number.isFinite(value)) return NONE;
    const size = Math.abs(value);
    if (size !== 0 && size < 0.001) return value.toExponential(2);
    return this.number('c', {
      notation: 'compact',
      minimumSignificantDigits: 3,
      maximumSignificantDigits: 3,
    }).format(value);
  }

  /** A number of things: whole while it is short. */
  count(value: number | null | undefined): string {
    if (value === null || value === undefined) return NONE;
    return Math.abs(value) < 100_000 ? this.integer(value) : this.compact(value);
  }

  percent(value: number | null | undefined, digits = 2, signed = false): string {
    if (value === null || value === undefined || !Number.isFinite(value)) return NONE;
    return this.number(`p${digits}${signed}`, {
      style: 'percent',
      minimumFractionDigits: digits,
      maximumFractionDigits: digits,
      signDisplay: signed ? 'exceptZero' : 'negative',
    }).format(value);
  }

  /** Telling digits, for measures of any size. */
  telling(value: number | null | undefined, digits = 4): string {
    if (value === null || value === undefined || !Number.isFinite(value)) return NONE;
    const size = Math.abs(value);
    if (size !== 0 && (size < 1e-6 || size >= 1e12)) return value.toExponential(digits - 1);
    return this.number(`t${digits}`, { maximumSignificantDigits: digits }).format(value);
  }

  /** A measure in its unit, as the catalog names it. */
  measure(value: number | null, unit: string): string {
    if (value === null) return NONE;
    switch (unit) {
      case 'annualised':
      case 'percent':
      case 'share':
        return this.percent(value, Math.abs(value) < 0.1 ? 2 : 1);
      case 'bp':
        return this.fixed(value, Math.abs(value) < 10 ? 2 : 1);
      case 'quote':
        return this.price(value);
      case 'trades':
        return this.count(value);
      case 'seconds':
        return this.duration(value * SECOND);
      default:
        return this.telling(value, 3);
    }
  }

  /** `850 ms`, `1.2 s`, `3 min`, `2 h`, `4 d`. */
  duration(ms: number | null | undefined): string {
    if (ms === null || ms === undefined || !Number.isFinite(ms)) return NONE;
    const size = Math.abs(ms);
    if (size < SECOND) return `${this.fixed(ms, 0)} ms`;
    if (size < 10 * SECOND) return `${this.fixed(ms / SECOND, 1)} s`;
    if (size < MINUTE) return `${this.fixed(ms / SECOND, 0)} s`;
    if (size < HOUR) return `${this.fixed(ms / MINUTE, 0)} min`;
    if (size < 2 * DAY) return `${this.fixed(ms / HOUR, 0)} h`;
    return `${this.fixed(ms / DAY, 0)} d`;
  }

  bytes(value: number | null | undefined): string {
    if (value === null || value === undefined || !Number.isFinite(value)) return NONE;
    const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
    let size = value;
    let at = 0;
    while (size >= 1024 && at < units.length - 1) {
      size /= 1024;
      at++;
    }
    return `${this.fixed(size, at === 0 || size >= 100 ? 0 : 1)} ${units[at]}`;
  }

  time(ms: number | null | undefined, fraction = false): string {
    if (ms === null || ms === undefined || !Number.isFinite(ms)) return NONE;
    return fraction
      ? this.date('tf', {
          hour: '2-digit',
          minute: '2-digit',
          second: '2-digit',
          fractionalSecondDigits: 3,
        }).format(ms)
      : this.date('t', { hour: '2-digit', minute: '2-digit', second: '2-digit' }).format(ms);
  }

  minute(ms: number): string {
    return this.date('m', { hour: '2-digit', minute: '2-digit' }).format(ms);
  }

  day(ms: number): string {
    return this.date('d', { day: 'numeric', month: 'short' }).format(ms);
  }

  month(ms: number): string {
    return this.date('mo', { month: 'short', year: 'numeric' }).format(ms);
  }

  dateTime(ms: number | null | undefined): string {
    if (ms === null || ms === undefined || !Number.isFinite(ms)) return NONE;
    return this.date('dt', {
      year: 'numeric',
      month: 'short',
      day: '2-digit',
      hour: '2-digit',
      minute: '2-digit',
      second: '2-digit',
    }).format(ms);
  }

  zoneName(): string {
    return this.zone === 'utc' ? 'UTC' : 'local time';
  }
}

/** Digits after the point that show four telling digits of a price below one. */
export function tinyDigits(value: number): number {
  const size = Math.abs(value);
  if (size === 0 || size >= 1) return 0;
  return Math.min(18, Math.ceil(-Math.log10(size)) + 3);
}

/** UTC in ISO 8601, whatever is shown: for hover, copy and files. */
export function isoTime(ms: number | null | undefined): string {
  if (ms === null || ms === undefined || !Number.isFinite(ms)) return '';
  if (Math.abs(ms) > 8.64e15) return String(ms);
  return new Date(ms).toISOString();
}
