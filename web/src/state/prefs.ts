// What belongs to the reader and not to the view: theme, zone, statements run.

import type { Zone } from '../lib/format';

export type Theme = 'system' | 'light' | 'dark';

function read(key: string): string | null {
  try {
    return localStorage.getItem(`tapelake.${key}`);
  } catch {
    return null;
  }
}

/** Storage may be full or refused; the page works without. */
function write(key: string, value: string): void {
  try {
    localStorage.setItem(`tapelake.${key}`, value);
  } catch {
    // Nothing is lost but the memory of a preference.
  }
}

export function loadTheme(): Theme {
  const text = read('theme');
  return text === 'light' || text === 'dark' ? text : 'system';
}

export function storeTheme(theme: Theme): void {
  write('theme', theme);
}

export function loadZone(): Zone {
  return read('zone') === 'local' ? 'local' : 'utc';
}

export function storeZone(zone: Zone): void {
  write('zone', zone);
}

const HISTORY_MAX = 100;

export function loadHistory(): string[] {
  try {
    const list: unknown = JSON.parse(read('sql-history') ?? '[]');
    if (!Array.isArray(list)) return [];
    return list.filter((entry): entry is string => typeof entry === 'string').slice(0, HISTORY_MAX);
  } catch {
    return [];
  }
}

/** Newest first, each statement once. */
export function withStatement(history: readonly string[], statement: string): string[] {
  return [statement, ...history.filter((other) => other !== statement)].slice(0, HISTORY_MAX);
}

export function storeHistory(history: readonly string[]): void {
  write('sql-history', JSON.stringify(history));
}

export function clearHistory(): void {
  write('sql-history', '[]');
}
