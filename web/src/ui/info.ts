import { add, el, freshId, replace, type Child } from '../lib/dom';

let shown: { box: HTMLElement; anchor: HTMLElement } | null = null;

/** A button that explains what stands beside it: on click, Enter or Space; Escape closes. */
export function infoButton(
  label: string,
  text: string,
  content: () => Child[],
  name = 'button.info',
): HTMLButtonElement {
  const button = el(name as 'button', { type: 'button', 'aria-expanded': 'false' }, text);
  if (label) button.setAttribute('aria-label', label);
  button.addEventListener('click', (event) => {
    event.stopPropagation();
    toggleInfo(button, content);
  });
  return button;
}

export function toggleInfo(anchor: HTMLElement, content: () => Child[]): void {
  if (shown?.anchor === anchor) {
    shown.box.hidePopover();
    return;
  }
  const id = freshId('info');
  const box = el('div.popover', { popover: 'auto', id, role: 'note', tabindex: '-1' });
  replace(box, ...content());
  // Within the landmark of what it explains, though it is shown above everything.
  add(anchor.closest('main') ?? document.body, box);
  anchor.setAttribute('aria-expanded', 'true');
  anchor.setAttribute('aria-controls', id);
  box.addEventListener('toggle', (event) => {
    if ((event as ToggleEvent).newState !== 'closed') return;
    anchor.setAttribute('aria-expanded', 'false');
    anchor.removeAttribute('aria-controls');
    if (shown?.box === box) shown = null;
    box.remove();
  });
  box.showPopover();
  place(box, anchor);
  shown = { box, anchor };
}

/** Below the anchor if there is room, else above; always within the window. */
export function place(box: HTMLElement, anchor: HTMLElement): void {
  const at = anchor.getBoundingClientRect();
  const size = box.getBoundingClientRect();
  const left = Math.max(8, Math.min(at.left, innerWidth - size.width - 8));
  const below = at.bottom + 6;
  const top = below + size.height > innerHeight - 8 ? at.top - size.height - 6 : below;
  box.style.left = `${left}px`;
  box.style.top = `${Math.max(8, top)}px`;
}
