import type { App } from '../app';
import type { CommitInfo, FileInfo, SchemaVersion, TableInfo } from '../api/types';
import { el, replace } from '../lib/dom';
import { asking } from '../panels/asked';
import { commitColumns, fileColumns, tableColumns } from '../panels/lake-columns';
import { Segmented } from '../ui/controls';
import { panel, scrollRegion } from '../ui/panel';
import { DataTable, exportButtons } from '../ui/table';

type Part = 'commits' | 'files' | 'columns';

/** What lies in the lake: tables, their commits, their files, their schema versions. */
export function tablesView(app: App): HTMLElement {
  const { format } = app;
  let part: Part = 'commits';
  const tables = new DataTable<TableInfo>({
    caption: 'Tables of the lake',
    key: (row) => row.table,
    columns: tableColumns(format),
    onPick: (row) => app.setView({ table: row.table }),
    empty: 'No tables yet',
  });
  const commits = new DataTable<CommitInfo>({
    caption: 'Commits, newest first',
    key: (row) => `${row.instant} ${row.action} ${row.state}`,
    columns: commitColumns(format),
    sort: 'instant:descending',
    empty: 'No commits yet',
  });
  const files = new DataTable<FileInfo>({
    caption: 'File groups',
    key: (row) => `${row.partition} ${row.file_group}`,
    columns: fileColumns(format),
    empty: 'No files yet',
  });
  const schemas = el('div.schemas', {});
  const list = panel(
    'tables',
    'Tables',
    ...exportButtons(
      () => tables,
      () => 'tables',
    ),
  );
  list.body.append(scrollRegion('Tables', tables.element));
  const parts = new Segmented(
    'Show',
    [
      { value: 'commits', label: 'Commits' },
      { value: 'files', label: 'Files' },
      { value: 'columns', label: 'Schema' },
    ],
    (value) => {
      part = value as Part;
      draw();
      loadPart();
    },
  );
  const shown = () => (part === 'files' ? files : commits) as unknown as DataTable<unknown>;
  const detail = panel(
    'table-detail',
    'Table',
    parts.element,
    ...exportButtons(shown, () => `${app.view.table}-${part}`),
  );
  const box = scrollRegion('Of the table');
  detail.body.append(box);
  const title = detail.element.querySelector('h2') as HTMLElement;

  const draw = () => {
    parts.set(part);
    const content = { commits: commits.element, files: files.element, columns: schemas }[part];
    if (box.firstChild !== content) replace(box, content);
  };
  const loaders: Record<Part, () => void> = {
    commits: asking(
      detail,
      () => app.client.commits(app.view.table),
      (answer) => commits.set(answer.commits),
    ),
    files: asking(
      detail,
      () => app.client.files(app.view.table),
      (answer) => files.set(answer.files),
    ),
    columns: asking(
      detail,
      () => app.client.columns(app.view.table),
      (answer) =>
        replace(
          schemas,
          ...answer.schemas.map((schema, at) => schemaOf(app, schema, answer.schemas[at + 1])),
        ),
    ),
  };
  const loadPart = () => {
    if (app.view.table) loaders[part]();
  };
  const loadTables = asking(
    list,
    () => app.client.tables(),
    (answer) => {
      tables.set(answer.tables);
      const first = answer.tables[0];
      if (!app.view.table && first) app.setView({ table: first.table }, false);
      tables.select(app.view.table);
    },
  );
  let last = '';
  app.on('view', () => {
    if (app.view.view !== 'tables') {
      last = '';
      return;
    }
    if (last === '') loadTables();
    if (last !== `t${app.view.table}`) {
      last = `t${app.view.table}`;
      title.textContent = app.view.table || 'Table';
      tables.select(app.view.table);
      loadPart();
    }
  });
  setInterval(() => {
    if (app.view.view !== 'tables' || document.hidden || app.line === 'paused') return;
    loadTables();
    loadPart();
  }, 10_000);
  app.on('format', () => {
    for (const table of [tables, commits, files]) table.refresh();
  });
  draw();
  return el('div.tables', {}, list.element, detail.element);
}

/** A schema version; columns that the older one did not have are marked. */
function schemaOf(app: App, schema: SchemaVersion, older?: SchemaVersion): HTMLElement {
  const known = new Map(older?.columns.map((column) => [column.name, column.type]));
  const rows = schema.columns.map((column) => {
    const before = known.get(column.name);
    const news = !older
      ? ''
      : before === undefined
        ? 'new'
        : before !== column.type
          ? `was ${before}`
          : '';
    return el(
      'tr',
      {},
      el('th', { scope: 'row' }, column.name),
      el('td', {}, el('code', {}, column.type)),
      el('td.note', {}, news),
    );
  });
  return el(
    'section',
    {},
    el('h3', {}, `As of ${schema.instant}`),
    el(
      'table.data',
      {},
      el('caption.visually-hidden', {}, `Columns as of ${schema.instant}`),
      el(
        'thead',
        {},
        el(
          'tr',
          {},
          ...['Column', 'Type', 'Change'].map((name) => el('th', { scope: 'col' }, name)),
        ),
      ),
      el('tbody', {}, ...rows),
    ),
    el('p.hint', {}, `${app.format.integer(schema.columns.length)} columns`),
  );
}
