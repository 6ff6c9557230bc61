import type { App } from '../app';
import { ApiError } from '../api/client';
import type { SqlAnswer } from '../api/types';
import { download } from '../lib/csv';
import { el, replace, setText } from '../lib/dom';
import { errorPlace, examples } from '../panels/sql-text';
import { SqlPlot } from '../panels/sql-plot';
import { clearHistory, loadHistory, storeHistory, withStatement } from '../state/prefs';
import { announce } from '../ui/dialog';
import { select } from '../ui/controls';
import { panel, scrollRegion } from '../ui/panel';
import { DataTable, exportButtons } from '../ui/table';

const LIMITS = ['100', '1000', '10000'];

type ResultRow = readonly (string | null)[];

/** Statements over the lake: an editor with memory, the result as table and as chart. */
class Workbench {
  readonly element: HTMLElement;
  private readonly editor: HTMLTextAreaElement;
  private readonly run: HTMLButtonElement;
  private readonly message = el('pre.problem', { role: 'alert' });
  private readonly facts = el('span.hint', { role: 'status' });
  private readonly result: HTMLElement;
  private readonly history = el('ol.history', { 'aria-label': 'Statements run, newest first' });
  private readonly plot: SqlPlot;
  private table: DataTable<ResultRow>;
  private limit = '1000';
  private running: AbortController | null = null;

  constructor(private readonly app: App) {
    this.editor = el('textarea.editor', {
      'aria-label': 'SQL statement',
      spellcheck: 'false',
      autocapitalize: 'off',
      autocomplete: 'off',
      rows: 6,
      onkeydown: (event) => {
        if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) {
          event.preventDefault();
          void this.execute();
        }
      },
    });
    this.run = el(
      'button.primary',
      { type: 'button', title: 'Ctrl Enter', onclick: () => this.runOrStop() },
      'Run',
    );
    this.table = this.tableOf({ columns: [], rows: [], truncated: false, took_ms: 0 });
    this.result = scrollRegion('Result', el('p.empty', {}, 'Results appear here'));
    this.plot = new SqlPlot(app.format);
    this.element = el('div.sql', {}, this.editorPanel(), this.historyPanel(), this.resultPanel());
    this.element.append(this.plot.element);
    this.editor.value = app.view.sql || (examples(app.status?.table ?? '')[0]?.sql ?? '');
    this.drawHistory();
    app.on('view', () => {
      const { sql, view } = app.view;
      if (view === 'sql' && sql && sql !== this.editor.value) this.editor.value = sql;
    });
  }

  private editorPanel(): HTMLElement {
    const limit = select(
      'Rows at most',
      LIMITS.map((value) => ({ value, label: `${this.app.format.integer(Number(value))} rows` })),
      (value) => {
        this.limit = value;
      },
    );
    limit.set(this.limit);
    const samples = select(
      'Examples',
      [
        { value: '', label: 'Examples…' },
        ...examples(this.app.status?.table ?? '').map((each) => ({
          value: each.sql,
          label: each.name,
        })),
      ],
      (value) => {
        if (value) this.setStatement(value);
        samples.set('');
      },
    );
    const shell = panel('editor', 'Statement', samples.element, limit.element);
    const file = (format: 'csv' | 'parquet', name: string) =>
      el(
        'button.button',
        { type: 'button', onclick: () => void this.exportFile(format) },
        `Export ${name}`,
      );
    shell.body.append(
      this.editor,
      el(
        'div.form-actions.start',
        {},
        this.run,
        file('csv', 'CSV'),
        file('parquet', 'Parquet'),
        this.facts,
      ),
      this.message,
    );
    return shell.element;
  }

  private historyPanel(): HTMLElement {
    const clear = el(
      'button.quiet',
      {
        type: 'button',
        onclick: () => {
          clearHistory();
          this.drawHistory();
        },
      },
      'Clear',
    );
    const shell = panel('history', 'History', clear);
    shell.body.append(scrollRegion('History', this.history));
    return shell.element;
  }

  private resultPanel(): HTMLElement {
    const shell = panel(
      'result',
      'Result',
      ...exportButtons(
        () => this.table,
        () => 'result',
      ),
    );
    shell.body.append(this.result);
    return shell.element;
  }

  private setStatement(sql: string): void {
    this.editor.value = sql;
    this.editor.focus();
  }

  private drawHistory(): void {
    const list = loadHistory();
    const rows = list.map((sql) =>
      el(
        'li',
        {},
        el(
          'button.link',
          { type: 'button', title: sql, onclick: () => this.setStatement(sql) },
          sql.replace(/\s+/g, ' ').slice(0, 160),
        ),
      ),
    );
    replace(this.history, ...(rows.length > 0 ? rows : [el('li.empty', {}, 'Nothing run yet')]));
  }

  private tableOf(answer: SqlAnswer): DataTable<ResultRow> {
    const order = new Map<ResultRow, string>();
    answer.rows.forEach((row, index) => order.set(row, String(index)));
    const numeric = /INT|DECIMAL|DOUBLE|FLOAT|REAL/i;
    return new DataTable<ResultRow>({
      caption: 'Result of the statement',
      key: (row) => order.get(row) ?? '',
      columns: answer.columns.map((column, at) => ({
        key: `c${at}`,
        label: column.name,
        title: column.type,
        numeric: numeric.test(column.type) && !/\[\]|LIST|STRUCT|MAP/i.test(column.type),
        text: (row) => row[at] ?? 'NULL',
        exact: (row) => row[at] ?? '',
        sort: (row) => row[at] ?? null,
        kind: (row) => (row[at] === null ? 'null' : ''),
      })),
      empty: 'No rows',
    });
  }

  private runOrStop(): void {
    if (this.running) this.running.abort();
    else void this.execute();
  }

  private async execute(): Promise<void> {
    const sql = this.editor.value.trim();
    if (!sql || this.running) return;
    const running = new AbortController();
    this.running = running;
    setText(this.run, 'Stop');
    setText(this.message, '');
    setText(this.facts, 'Running…');
    storeHistory(withStatement(loadHistory(), sql));
    this.drawHistory();
    this.app.setView({ sql }, false);
    try {
      this.show(await this.app.client.sql(sql, Number(this.limit), running.signal));
    } catch (error) {
      if (running.signal.aborted) setText(this.facts, 'Stopped');
      else this.fail(error);
    } finally {
      this.running = null;
      setText(this.run, 'Run');
    }
  }

  private show(answer: SqlAnswer): void {
    this.table = this.tableOf(answer);
    this.table.set(answer.rows);
    replace(this.result, this.table.element);
    const { format } = this.app;
    const count = answer.rows.length === 1 ? '1 row' : `${format.integer(answer.rows.length)} rows`;
    const cut = answer.truncated ? ', more were left out' : '';
    setText(this.facts, `${count}${cut} · ${format.duration(answer.took_ms)}`);
    this.plot.show(answer);
  }

  /** Say what is wrong, and lead the cursor to where. */
  private fail(error: unknown): void {
    setText(this.facts, '');
    const text = error instanceof ApiError ? error.message : String(error);
    setText(this.message, text);
    const place = errorPlace(text, this.editor.value);
    if (place) {
      this.editor.focus();
      this.editor.setSelectionRange(place.from, place.to);
    }
  }

  private async exportFile(format: 'csv' | 'parquet'): Promise<void> {
    const sql = this.editor.value.trim();
    if (!sql) return;
    setText(this.message, '');
    setText(this.facts, 'Exporting…');
    try {
      download(`result.${format}`, await this.app.client.sqlExport(sql, format));
      setText(this.facts, '');
      announce('File saved');
    } catch (error) {
      this.fail(error);
    }
  }
}

export function sqlView(app: App): HTMLElement {
  return new Workbench(app).element;
}
