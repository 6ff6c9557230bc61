import { el, freshId, setText, type Child } from '../lib/dom';

export interface Panel {
  element: HTMLElement;
  body: HTMLElement;
  note: HTMLElement;
  actions: HTMLElement;
  setNote(text: string): void;
}

/** A titled region of the page. */
export function panel(name: string, title: string, ...actions: Child[]): Panel {
  const id = freshId(name);
  const note = el('span.panel-note', {});
  const tools = el('div.panel-actions', {}, ...actions);
  const body = el('div.panel-body', {});
  const element = el(
    `section.panel.panel-${name}`,
    { 'aria-labelledby': id },
    el('header.panel-head', {}, el('h2', { id }, title), note, tools),
    body,
  );
  return { element, body, note, actions: tools, setNote: (text) => setText(note, text) };
}

/** A region of the body that scrolls is reached by keyboard, and says what it is. */
export function scrollRegion(label: string, ...children: Child[]): HTMLDivElement {
  return el('div.scroll', { tabindex: '0', role: 'group', 'aria-label': label }, ...children);
}
