import { compareDecimals, parseDecimal } from './decimal';

export type Direction = 'ascending' | 'descending';
export type SortValue = string | number | null;

/** Names sort as people read them: `BTC2` before `BTC10`. */
const names = new Intl.Collator(undefined, { numeric: true, sensitivity: 'base' });

/** Numbers by size, decimal texts by exact size, other texts as names. */
export function compareValues(a: SortValue, b: SortValue): number {
  if (typeof a === 'number' && typeof b === 'number') return a - b;
  if (typeof a === 'string' && typeof b === 'string') {
    const left = parseDecimal(a);
    const right = parseDecimal(b);
    if (left && right) return compareDecimals(left, right);
    return names.compare(a, b);
  }
  return names.compare(String(a), String(b));
}

/** A sorted copy. What is missing comes last in either direction; equals keep their order. */
export function sortedBy<T>(
  rows: readonly T[],
  value: (row: T) => SortValue,
  direction: Direction,
): T[] {
  const sign = direction === 'ascending' ? 1 : -1;
  return rows
    .map((row, index) => ({ row, index, key: value(row) }))
    .sort((a, b) => {
      if (a.key === null || b.key === null) {
        if (a.key === b.key) return a.index - b.index;
        return a.key === null ? 1 : -1;
      }
      return sign * compareValues(a.key, b.key) || a.index - b.index;
    })
    .map((entry) => entry.row);
}

/** Rows by group: the largest group first, equals in the order of their names. */
export function groupedBy<T>(rows: readonly T[], group: (row: T) => string): [string, T[]][] {
  const groups = new Map<string, T[]>();
  for (const row of rows) {
    const name = group(row);
    const members = groups.get(name);
    if (members) members.push(row);
    else groups.set(name, [row]);
  }
  return [...groups].sort((a, b) => b[1].length - a[1].length || names.compare(a[0], b[0]));
}

/** Places where `query` is found, best first: whole, start, inside; then by name. */
export function search<T>(items: readonly T[], query: string, text: (item: T) => string): T[] {
  const wanted = query.trim().toLocaleLowerCase();
  if (!wanted) return [...items];
  const squeezed = wanted.replace(/[\s/_-]+/g, '');
  const rank = (item: T): number => {
    const found = text(item).toLocaleLowerCase();
    const loose = found.replace(/[\s/_-]+/g, '');
    if (found === wanted) return 0;
    if (found.startsWith(wanted) || (squeezed && loose.startsWith(squeezed))) return 1;
    if (found.includes(wanted) || (squeezed && loose.includes(squeezed))) return 2;
    return 3;
  };
  return items
    .map((item, index) => ({ item, index, rank: rank(item) }))
    .filter((entry) => entry.rank < 3)
    .sort((a, b) => a.rank - b.rank || a.index - b.index)
    .map((entry) => entry.item);
}

/** Indices of the longest run of rising numbers, not next to each other necessarily; none is < 0. */
export function longestRising(numbers: readonly number[]): number[] {
  // ends[k]: index of the smallest number that a run of k + 1 can end with so far.
  const ends: number[] = [];
  const before = new Map<number, number | undefined>();
  numbers.forEach((number, index) => {
    if (number < 0) return;
    let low = 0;
    let high = ends.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((numbers[ends[middle] as number] as number) < number) low = middle + 1;
      else high = middle;
    }
    before.set(index, low > 0 ? ends[low - 1] : undefined);
    ends[low] = index;
  });
  const run: number[] = [];
  for (let at = ends.at(-1); at !== undefined; at = before.get(at)) run.unshift(at);
  return run;
}
