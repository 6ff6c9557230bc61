import type { CommitInfo, FileInfo, TableInfo } from '../api/types';
import { isoTime, type Format } from '../lib/format';
import type { Column } from '../ui/table';

type Names<T> = { [K in keyof T]: T[K] extends number | null ? K : never }[keyof T] & string;

function counts<T>(format: Format, key: Names<T>, label: string): Column<T> {
  const value = (row: T) => row[key] as number | null;
  return {
    key,
    label,
    numeric: true,
    text: (row) => format.integer(value(row)),
    exact: (row) => String(value(row) ?? ''),
    sort: value,
  };
}

function sizes<T>(format: Format, key: Names<T>, label: string): Column<T> {
  const value = (row: T) => row[key] as number | null;
  return {
    key,
    label,
    numeric: true,
    text: (row) => format.bytes(value(row)),
    exact: (row) => String(value(row) ?? ''),
    sort: value,
  };
}

export function tableColumns(format: Format): Column<TableInfo>[] {
  return [
    { key: 'table', label: 'Table', text: (row) => row.table, sort: (row) => row.table },
    {
      key: 'type',
      label: 'Type',
      text: (row) => row.type.toLowerCase().replaceAll('_', ' '),
      exact: (row) => row.type,
    },
    counts(format, 'rows', 'Rows'),
    sizes(format, 'bytes', 'Size'),
    counts(format, 'partitions', 'Partitions'),
    counts(format, 'commits', 'Commits'),
    counts(format, 'log_files', 'Logs'),
    { key: 'instant', label: 'Newest instant', text: (row) => row.instant },
  ];
}

export function commitColumns(format: Format): Column<CommitInfo>[] {
  return [
    {
      key: 'instant',
      label: 'Instant',
      text: (row) => row.instant,
      sort: (row) => row.instant,
    },
    {
      key: 'at',
      label: 'Time',
      text: (row) => format.dateTime(row.at_ms),
      exact: (row) => isoTime(row.at_ms),
      sort: (row) => row.at_ms,
    },
    { key: 'action', label: 'Action', text: (row) => row.action, sort: (row) => row.action },
    {
      key: 'state',
      label: 'State',
      text: (row) => row.state,
      kind: (row) => (row.state === 'completed' ? '' : 'warn'),
    },
    counts(format, 'files', 'Files'),
    counts(format, 'inserts', 'Inserts'),
    counts(format, 'updates', 'Updates'),
    counts(format, 'deletes', 'Deletes'),
    sizes(format, 'bytes', 'Bytes'),
  ];
}

export function fileColumns(format: Format): Column<FileInfo>[] {
  return [
    {
      key: 'group',
      label: 'File group',
      text: (row) => row.file_group,
      sort: (row) => row.file_group,
    },
    {
      key: 'partition',
      label: 'Partition',
      text: (row) => row.partition,
      sort: (row) => row.partition,
    },
    { key: 'base', label: 'Base file', text: (row) => row.base_file ?? 'none' },
    sizes(format, 'base_bytes', 'Base'),
    counts(format, 'log_files', 'Logs'),
    sizes(format, 'log_bytes', 'Log size'),
  ];
}
