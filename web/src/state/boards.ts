// Saved boards: named views, kept in this browser, carried as JSON.

import { VIEWS, fieldsOf, viewOf, type View } from './view';

export const BOARDS_MAX = 100;
const NAME_MAX = 80;
const KEY = 'tapelake.boards';
const FORMAT = 'tapelake-boards';

export interface Board {
  name: string;
  view: View;
}

export function boardsText(boards: readonly Board[]): string {
  const list = boards.map((board) => ({
    name: board.name,
    view: board.view.view,
    ...{ fields: fieldsOf(board.view) },
  }));
  return `${JSON.stringify({ format: FORMAT, version: 1, boards: list }, null, 2)}\n`;
}

/** Boards of a text. Throws an Error that says what is wrong and where. */
export function parseBoards(text: string): Board[] {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch (error) {
    throw new Error(`This is not JSON: ${error instanceof Error ? error.message : ''}`);
  }
  const file = parsed as { format?: unknown; version?: unknown; boards?: unknown } | null;
  if (typeof file !== 'object' || file === null || file.format !== FORMAT) {
    throw new Error(`"format" is not "${FORMAT}": this file holds no boards.`);
  }
  if (file.version !== 1) {
    throw new Error(`"version" is ${JSON.stringify(file.version)}; this page reads version 1.`);
  }
  if (!Array.isArray(file.boards)) throw new Error('"boards" is not a list.');
  if (file.boards.length > BOARDS_MAX) {
    throw new Error(`${file.boards.length} boards; at most ${BOARDS_MAX} are kept.`);
  }
  return file.boards.map((entry: unknown, index) => boardOf(entry, `boards[${index}]`));
}

function boardOf(entry: unknown, place: string): Board {
  if (typeof entry !== 'object' || entry === null) throw new Error(`${place} is not an object.`);
  const { name, view, fields } = entry as Record<string, unknown>;
  if (typeof name !== 'string' || !name.trim() || name.length > NAME_MAX) {
    throw new Error(`${place}.name must be a text of 1 to ${NAME_MAX} characters.`);
  }
  if (!VIEWS.includes(view as View['view'])) {
    throw new Error(`${place}.view must be one of ${VIEWS.join(', ')}.`);
  }
  if (typeof fields !== 'object' || fields === null || Array.isArray(fields)) {
    throw new Error(`${place}.fields is not an object.`);
  }
  return { name: name.trim(), view: viewOf({ ...fields, view }) };
}

/** The list with the board in it: in the place of one of the same name, else at the end. */
export function withBoard(boards: readonly Board[], board: Board): Board[] {
  const index = boards.findIndex((other) => other.name === board.name);
  if (index < 0) return [...boards, board].slice(-BOARDS_MAX);
  return boards.map((other, at) => (at === index ? board : other));
}

export function loadBoards(): Board[] {
  try {
    const text = localStorage.getItem(KEY);
    return text ? parseBoards(text) : [];
  } catch {
    return [];
  }
}

export function storeBoards(boards: readonly Board[]): void {
  localStorage.setItem(KEY, boardsText(boards));
}
