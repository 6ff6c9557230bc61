// The only way into the document: elements, attributes and text nodes. Never markup.

import { longestRising } from './sort';

export type Child = Node | string | null | undefined | false;

type Handlers = {
  [K in keyof HTMLElementEventMap as `on${K}`]?: (event: HTMLElementEventMap[K]) => void;
};
type Attributes = Handlers & Record<string, unknown>;

/** Build `tag.class.class` with attributes; `onclick` and the like become listeners. */
export function el<K extends keyof HTMLElementTagNameMap>(
  shape: K | `${K}.${string}`,
  attributes: Attributes = {},
  ...children: Child[]
): HTMLElementTagNameMap[K] {
  const [tag, ...classes] = shape.split('.');
  const element = document.createElement(tag as K);
  if (classes.length > 0) element.className = classes.join(' ');
  for (const [name, value] of Object.entries(attributes)) setAttribute(element, name, value);
  add(element, ...children);
  return element;
}

function setAttribute(element: HTMLElement, name: string, value: unknown): void {
  if (value === undefined || value === null || value === false) return;
  if (name.startsWith('on') && typeof value === 'function') {
    element.addEventListener(name.slice(2), value as EventListener);
  } else if (value === true) {
    element.setAttribute(name, '');
  } else {
    element.setAttribute(name, String(value));
  }
}

const SVG = 'http://www.w3.org/2000/svg';

export function svg(
  tag: string,
  attributes: Record<string, string | number> = {},
  ...children: Node[]
): SVGElement {
  const element = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) {
    element.setAttribute(name, String(value));
  }
  element.append(...children);
  return element;
}

export function add(parent: Node, ...children: Child[]): void {
  for (const child of children) {
    if (child === null || child === undefined || child === false) continue;
    parent.appendChild(typeof child === 'string' ? document.createTextNode(child) : child);
  }
}

export function replace(parent: Element, ...children: Child[]): void {
  parent.textContent = '';
  add(parent, ...children);
}

/** Change the text only if it differs, in place: no node is made, no layout is spent in vain. */
export function setText(element: Element, text: string): void {
  const first = element.firstChild;
  if (first instanceof Text && first === element.lastChild) {
    if (first.data !== text) first.data = text;
  } else if (element.textContent !== text) {
    element.textContent = text;
  }
}

export function setClass(element: Element, name: string): void {
  if (element.className !== name) element.className = name;
}

export function setOptional(element: Element, name: string, value: string | null): void {
  if (value === null) {
    if (element.hasAttribute(name)) element.removeAttribute(name);
  } else if (element.getAttribute(name) !== value) {
    element.setAttribute(name, value);
  }
}

/** Writing the same again would still cost a look at all style rules. */
export function setHidden(element: HTMLElement, hidden: boolean): void {
  if (element.hidden !== hidden) element.hidden = hidden;
}

let lastId = 0;
/** An id that nothing else in the page has. */
export function freshId(stem: string): string {
  return `${stem}-${++lastId}`;
}

/**
 * Make `wanted` the order of the parent's children, moving as few as possible: whatever is moved is
 * styled, laid out and painted again with all that is in it. Children that are not wanted stay
 * where they are, behind.
 */
export function arrangeChildren(parent: Element, wanted: readonly Element[]): void {
  const places = new Map([...parent.children].map((child, place) => [child, place]));
  const staying = new Set(
    longestRising(wanted.map((child) => places.get(child) ?? -1)).map((index) => wanted[index]),
  );
  let next = parent.firstElementChild;
  for (const child of wanted) {
    while (next && !staying.has(next)) next = next.nextElementSibling;
    if (staying.has(child)) next = child.nextElementSibling;
    else parent.insertBefore(child, next);
  }
}
