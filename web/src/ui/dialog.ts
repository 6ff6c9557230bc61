import { el, freshId, type Child } from '../lib/dom';

export interface Dialog {
  element: HTMLDialogElement;
  close(): void;
}

/** Open a modal dialog; it goes from the page when it is closed. */
export function openDialog(title: string, content: (dialog: Dialog) => Child[]): Dialog {
  const id = freshId('dialog');
  const element = el('dialog.dialog', { 'aria-labelledby': id });
  const dialog: Dialog = { element, close: () => element.close() };
  const shut = el(
    'button.icon-button',
    { type: 'button', 'aria-label': 'Close', onclick: () => element.close() },
    '×',
  );
  element.append(
    el('header.dialog-head', {}, el('h2', { id }, title), shut),
    el('div.dialog-body', {}, ...content(dialog)),
  );
  element.addEventListener('close', () => element.remove());
  element.addEventListener('click', (event) => {
    if (event.target === element) element.close();
  });
  document.body.append(element);
  element.showModal();
  return dialog;
}

let region: HTMLElement | null = null;
let timer = 0;

/** Where what changed by the reader's hand, or by a cut, is told to screen readers. */
export function liveRegion(): HTMLElement {
  region ??= el('div.visually-hidden', { role: 'status', 'aria-live': 'polite' });
  return region;
}

/** Tell once; what comes in quick succession is told as its last. */
export function announce(text: string): void {
  clearTimeout(timer);
  timer = window.setTimeout(() => {
    if (region && region.textContent !== text) region.textContent = text;
  }, 250);
}

/** A short note on the screen that what was asked for is done. */
export function toast(text: string): void {
  const note = el('div.toast', { 'aria-hidden': 'true' }, text);
  document.body.append(note);
  announce(text);
  setTimeout(() => note.remove(), 2_600);
}
