import type { App } from '../app';
import { download } from '../lib/csv';
import { el, replace } from '../lib/dom';
import {
  boardsText,
  loadBoards,
  parseBoards,
  storeBoards,
  withBoard,
  type Board,
} from '../state/boards';
import { openDialog, toast } from '../ui/dialog';

const FILE_BYTES_MAX = 1_000_000;

/** Save what is shown under a name; open, remove, export and import what was saved. */
export function openBoards(app: App): void {
  openDialog('Boards', (dialog) => {
    const list = el('ul.boards', { 'aria-label': 'Saved boards' });
    const problem = el('p.problem', { role: 'alert' });
    const name = el('input', { type: 'text', maxlength: 80, required: true });
    const keep = (boards: readonly Board[]) => {
      try {
        storeBoards(boards);
        problem.textContent = '';
      } catch {
        problem.textContent = 'This browser does not let the page keep anything.';
      }
      draw();
    };
    const draw = () => {
      const boards = loadBoards();
      const rows = boards.map((board) =>
        el(
          'li',
          {},
          el(
            'button.link',
            {
              type: 'button',
              onclick: () => {
                dialog.close();
                app.setView(board.view);
              },
            },
            board.name,
          ),
          el('span.hint', {}, [board.view.view, board.view.pair, board.view.interval].join(' · ')),
          el(
            'button.quiet',
            {
              type: 'button',
              'aria-label': `Remove ${board.name}`,
              onclick: () => keep(loadBoards().filter((other) => other.name !== board.name)),
            },
            'Remove',
          ),
        ),
      );
      replace(list, ...(rows.length > 0 ? rows : [el('li.empty', {}, 'No boards yet')]));
    };
    draw();
    return [
      el(
        'form.form.inline',
        {
          onsubmit: (event) => {
            event.preventDefault();
            if (!name.value.trim()) return;
            keep(withBoard(loadBoards(), { name: name.value.trim(), view: app.view }));
            toast(`Saved: ${name.value.trim()}`);
            name.value = '';
          },
        },
        el('label.field', {}, el('span', {}, 'Save what is shown as'), name),
        el('button.primary', { type: 'submit' }, 'Save'),
      ),
      list,
      problem,
      el(
        'div.form-actions',
        {},
        importField((text) => {
          try {
            const boards = parseBoards(text);
            keep(boards.reduce(withBoard, loadBoards()));
            toast(`Imported: ${boards.length}`);
          } catch (error) {
            problem.textContent = error instanceof Error ? error.message : String(error);
          }
        }),
        el(
          'button.button',
          {
            type: 'button',
            onclick: () =>
              download(
                'tapelake-boards.json',
                new Blob([boardsText(loadBoards())], { type: 'application/json' }),
              ),
          },
          'Export JSON',
        ),
      ),
    ];
  });
}

function importField(onText: (text: string) => void): HTMLElement {
  const input = el('input.visually-hidden', {
    type: 'file',
    accept: '.json,application/json',
    onchange: () => {
      const file = input.files?.[0];
      input.value = '';
      if (!file) return;
      if (file.size > FILE_BYTES_MAX) onText('');
      else void file.text().then(onText);
    },
  });
  return el('label.button.file', {}, 'Import JSON', input);
}
