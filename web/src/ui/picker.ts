import { el, freshId, replace } from '../lib/dom';
import { search } from '../lib/sort';
import { announce } from './dialog';
import { place } from './info';

export interface Choice {
  value: string;
  label: string;
  note?: string;
  group?: string;
}

interface PickerOptions {
  name: string;
  choices: () => Choice[];
  onPick: (value: string) => void;
}

/** A button that opens a list with a search field: type to find, arrows to move, Enter to pick. */
export class Picker {
  readonly button: HTMLButtonElement;
  private readonly label = el('span.picker-label', {});
  private readonly box: HTMLElement;
  private readonly input: HTMLInputElement;
  private readonly list: HTMLElement;
  private found: Choice[] = [];
  private active = 0;
  private value = '';

  constructor(private readonly options: PickerOptions) {
    const id = freshId('list');
    this.button = el(
      'button.picker',
      { type: 'button', 'aria-haspopup': 'dialog', 'aria-expanded': 'false' },
      el('span.picker-name', {}, options.name),
      this.label,
      el('span.chevron', { 'aria-hidden': 'true' }),
    );
    this.input = el('input.picker-search', {
      type: 'text',
      role: 'combobox',
      autocomplete: 'off',
      spellcheck: 'false',
      'aria-expanded': 'true',
      'aria-autocomplete': 'list',
      'aria-controls': id,
      'aria-label': `Search: ${options.name}`,
      placeholder: `Search ${options.name.toLowerCase()}…`,
      oninput: () => this.filter(),
      onkeydown: (event) => this.onKey(event),
    });
    this.list = el('div.picker-list', { role: 'listbox', id, 'aria-label': options.name });
    this.box = el(
      'div.popover.picker-box',
      { popover: 'auto', role: 'dialog', 'aria-label': options.name },
      this.input,
      this.list,
    );
    document.body.append(this.box);
    this.button.addEventListener('click', () => this.toggle());
    this.button.addEventListener('keydown', (event) => this.onButtonKey(event));
    this.box.addEventListener('toggle', (event) => {
      const open = (event as ToggleEvent).newState === 'open';
      this.button.setAttribute('aria-expanded', String(open));
      if (!open && this.box.contains(document.activeElement)) this.button.focus();
    });
    this.list.addEventListener('click', (event) => {
      const row = (event.target as HTMLElement).closest<HTMLElement>('[data-index]');
      if (row) this.pick(Number(row.dataset.index));
    });
    this.list.addEventListener('pointermove', (event) => {
      const row = (event.target as HTMLElement).closest<HTMLElement>('[data-index]');
      if (row && Number(row.dataset.index) !== this.active)
        this.activate(Number(row.dataset.index));
    });
  }

  show(value: string, label: string): void {
    this.value = value;
    if (this.label.textContent !== label) this.label.textContent = label;
    this.button.title = label;
  }

  toggle(): void {
    if (this.box.matches(':popover-open')) this.box.hidePopover();
    else this.open('');
  }

  open(query: string): void {
    this.input.value = query;
    this.filter();
    const current = this.found.findIndex((choice) => choice.value === this.value);
    this.box.showPopover();
    place(this.box, this.button);
    this.input.focus();
    if (!query && current >= 0) this.activate(current);
  }

  /** A letter typed on the button starts the search with it. */
  private onButtonKey(event: KeyboardEvent): void {
    if (event.key === 'ArrowDown' || event.key === 'ArrowUp') {
      event.preventDefault();
      this.open('');
    } else if (/^[\p{L}\p{N}]$/u.test(event.key) && !event.ctrlKey && !event.metaKey) {
      event.preventDefault();
      event.stopPropagation();
      this.open(event.key);
    }
  }

  private filter(): void {
    this.found = search(
      this.options.choices(),
      this.input.value,
      (choice) => `${choice.label} ${choice.note ?? ''}`,
    );
    const rows: HTMLElement[] = [];
    let group: string | undefined;
    this.found.forEach((choice, index) => {
      if (choice.group !== undefined && choice.group !== group && !this.input.value.trim()) {
        group = choice.group;
        rows.push(el('div.picker-group', { role: 'presentation' }, group));
      }
      rows.push(
        el(
          'div.picker-row',
          {
            role: 'option',
            id: `${this.list.id}-${index}`,
            'data-index': index,
            'aria-selected': String(choice.value === this.value),
          },
          el('bdi', {}, choice.label),
          choice.note ? el('span.picker-note', {}, choice.note) : null,
        ),
      );
    });
    if (rows.length === 0)
      rows.push(el('div.picker-none', { role: 'presentation' }, 'Nothing found'));
    replace(this.list, ...rows);
    this.activate(0);
    if (this.input.value) announce(`${this.found.length} found`);
  }

  private activate(index: number): void {
    this.active = Math.max(0, Math.min(index, this.found.length - 1));
    for (const row of this.list.querySelectorAll('.active')) row.classList.remove('active');
    const row = document.getElementById(`${this.list.id}-${this.active}`);
    if (!row) {
      this.input.removeAttribute('aria-activedescendant');
      return;
    }
    row.classList.add('active');
    this.input.setAttribute('aria-activedescendant', row.id);
    row.scrollIntoView({ block: 'nearest' });
  }

  private pick(index: number): void {
    const choice = this.found[index];
    this.box.hidePopover();
    this.button.focus();
    if (choice) this.options.onPick(choice.value);
  }

  private onKey(event: KeyboardEvent): void {
    const moves: Record<string, number> = {
      ArrowDown: this.active + 1,
      ArrowUp: this.active - 1,
      PageDown: this.active + 10,
      PageUp: this.active - 10,
    };
    const to = moves[event.key];
    if (to !== undefined) {
      event.preventDefault();
      this.activate(to);
    } else if (event.key === 'Enter') {
      event.preventDefault();
      this.pick(this.active);
    } else if (event.key === 'Tab') {
      this.box.hidePopover();
    }
  }
}
