// Exact texts behind rounded numbers: shown on hover, put on the clipboard by copying.

const texts = new WeakMap<Element, string>();

/** Remember what stands exactly behind the element's text. Costs no attribute. */
export function setExact(element: Element, text: string): void {
  texts.set(element, text);
}

export function exactOf(node: Node | null): string | undefined {
  let element = node instanceof Element ? node : (node?.parentElement ?? null);
  for (let up = 0; element && up < 3; up++) {
    const text = texts.get(element);
    if (text !== undefined) return text;
    element = element.parentElement;
  }
  return undefined;
}

/** Titles are written when the pointer comes, not on each update. */
export function installExact(root: Document): void {
  root.addEventListener('pointerover', (event) => {
    const target = event.target;
    if (!(target instanceof HTMLElement)) return;
    const text = texts.get(target);
    if (text !== undefined && text !== '') target.title = text;
  });
  root.addEventListener('copy', (event) => {
    const selection = root.getSelection();
    if (!selection || selection.isCollapsed || !event.clipboardData) return;
    const text = exactOf(selection.anchorNode);
    if (text === undefined || exactOf(selection.focusNode) !== text) return;
    event.clipboardData.setData('text/plain', text);
    event.preventDefault();
  });
}
