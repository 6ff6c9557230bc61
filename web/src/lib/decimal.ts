// Decimal texts, exact. Amounts arrive as text; only what is drawn becomes a double.

const SHAPE = /^([+-]?)(\d+)(?:\.(\d*))?$/;

export interface Decimal {
  /** The value times ten to the power of `scale`. */
  readonly units: bigint;
  readonly scale: number;
}

/** Null for anything that is not a plain decimal text. */
export function parseDecimal(text: string | null | undefined): Decimal | null {
  if (text === null || text === undefined || text.length > 120) return null;
  const match = SHAPE.exec(text);
  if (!match) return null;
  const fraction = match[3] ?? '';
  const units = BigInt((match[2] ?? '0') + fraction);
  return { units: match[1] === '-' ? -units : units, scale: fraction.length };
}

const atScale = (value: Decimal, scale: number): bigint =>
  value.units * 10n ** BigInt(scale - value.scale);

export function compareDecimals(a: Decimal, b: Decimal): number {
  const scale = Math.max(a.scale, b.scale);
  const left = atScale(a, scale);
  const right = atScale(b, scale);
  return left < right ? -1 : left > right ? 1 : 0;
}

export function addDecimals(a: Decimal, b: Decimal): Decimal {
  const scale = Math.max(a.scale, b.scale);
  return { units: atScale(a, scale) + atScale(b, scale), scale };
}

export function decimalText(value: Decimal): string {
  const digits = (value.units < 0n ? -value.units : value.units)
    .toString()
    .padStart(value.scale + 1, '0');
  const cut = digits.length - value.scale;
  const sign = value.units < 0n ? '-' : '';
  return sign + digits.slice(0, cut) + (value.scale > 0 ? `.${digits.slice(cut)}` : '');
}

/** The text without zeros at the end of its fraction: the same number, shorter. */
export function trimZeros(text: string): string {
  return text.includes('.') ? text.replace(/0+$/, '').replace(/\.$/, '') : text;
}

/** Exact sum of texts; what is no decimal counts as nothing. */
export function sumTexts(texts: Iterable<string | null>): string {
  let sum: Decimal = { units: 0n, scale: 0 };
  for (const text of texts) {
    const value = parseDecimal(text);
    if (value) sum = addDecimals(sum, value);
  }
  return trimZeros(decimalText(sum));
}

/** The nearest double, or null. */
export function toNumber(text: string | null | undefined): number | null {
  if (text === null || text === undefined || text === '') return null;
  const value = Number(text);
  return Number.isFinite(value) ? value : null;
}

/** Digits after the point without closing zeros, at most `most`. */
export function fractionDigits(text: string | null, most: number): number {
  if (!text) return 0;
  const point = text.indexOf('.');
  if (point < 0) return 0;
  return Math.min(
    most,
    trimZeros(text).length - point - 1 < 0 ? 0 : trimZeros(text).length - point - 1,
  );
}
