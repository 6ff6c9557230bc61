import { el, setOptional } from '../lib/dom';

/** One of a few: buttons in a row, one pressed. Arrows move, as within one control. */
export class Segmented {
  readonly element: HTMLElement;
  private readonly buttons = new Map<string, HTMLButtonElement>();

  constructor(
    label: string,
    choices: readonly { value: string; label: string; title?: string }[],
    onPick: (value: string) => void,
  ) {
    this.element = el('div.segmented', { role: 'radiogroup', 'aria-label': label });
    for (const choice of choices) {
      const button = el(
        'button',
        {
          type: 'button',
          role: 'radio',
          'aria-checked': 'false',
          tabindex: '-1',
          'data-value': choice.value,
          title: choice.title,
          onclick: () => onPick(choice.value),
        },
        choice.label,
      );
      this.buttons.set(choice.value, button);
      this.element.append(button);
    }
    this.element.addEventListener('keydown', (event) => {
      const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
      if (step === undefined) return;
      event.preventDefault();
      event.stopPropagation();
      const list = [...this.buttons.values()];
      const index = list.indexOf(document.activeElement as HTMLButtonElement);
      const next = list[(index + step + list.length) % list.length];
      next?.focus();
      next?.click();
    });
  }

  set(value: string): void {
    let any = false;
    for (const [name, button] of this.buttons) {
      const on = name === value;
      any ||= on;
      setOptional(button, 'aria-checked', String(on));
      button.tabIndex = on ? 0 : -1;
    }
    const first = this.buttons.values().next().value;
    if (!any && first) first.tabIndex = 0;
  }
}

export function toggleButton(
  label: string,
  onToggle: () => void,
  title?: string,
): { element: HTMLButtonElement; set(on: boolean): void } {
  const element = el(
    'button.toggle',
    { type: 'button', 'aria-pressed': 'false', title, onclick: onToggle },
    label,
  );
  return { element, set: (on) => setOptional(element, 'aria-pressed', String(on)) };
}

export function button(label: string, onClick: () => void, title?: string): HTMLButtonElement {
  return el('button.button', { type: 'button', title, onclick: onClick }, label);
}

export function select(
  label: string,
  choices: readonly { value: string; label: string }[],
  onPick: (value: string) => void,
): { element: HTMLElement; set(value: string): void; input: HTMLSelectElement } {
  const input = el('select', {
    'aria-label': label,
    onchange: () => onPick(input.value),
  });
  for (const choice of choices) input.append(el('option', { value: choice.value }, choice.label));
  return {
    element: el('span.select', {}, input),
    input,
    set: (value) => {
      if (input.value !== value) input.value = value;
    },
  };
}
