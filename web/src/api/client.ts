import type {
  Alarms,
  BarsAnswer,
  CommitInfo,
  ConePoint,
  Correlation,
  ExchangeRow,
  FileInfo,
  OverviewRow,
  PairInfo,
  Pipeline,
  SchemaVersion,
  SizesAnswer,
  SqlAnswer,
  Status,
  TableInfo,
} from './types';

/** Everything asked of the program lies below this path, beside the page. */
export const API = '/api/v1';

/** An answer that is not a success, in the words of the program. */
export class ApiError extends Error {
  constructor(
    readonly status: number,
    readonly kind: string,
    message: string,
  ) {
    super(message);
  }
}

type Params = Record<string, string | number | undefined>;

export function address(path: string, params: Params = {}): string {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(params)) {
    if (value !== undefined) query.set(name, String(value));
  }
  const text = query.toString();
  return `${API}${path}${text ? `?${text}` : ''}`;
}

async function refused(answer: Response): Promise<ApiError> {
  const fallback = `the program answered ${answer.status} ${answer.statusText}`.trim();
  try {
    const body = (await answer.json()) as { error?: { kind?: string; message?: string } };
    return new ApiError(
      answer.status,
      body.error?.kind ?? 'unknown',
      body.error?.message ?? fallback,
    );
  } catch {
    return new ApiError(answer.status, 'unknown', fallback);
  }
}

export class Client {
  /** Called when the program wants a token. */
  onUnauthorized: () => void = () => {};

  private async ask(path: string, init: RequestInit): Promise<Response> {
    let answer: Response;
    try {
      answer = await fetch(path, { ...init, credentials: 'same-origin', cache: 'no-store' });
    } catch (cause) {
      if (cause instanceof DOMException && cause.name === 'AbortError') throw cause;
      throw new ApiError(0, 'unreachable', 'the program does not answer');
    }
    if (answer.ok) return answer;
    const error = await refused(answer);
    if (answer.status === 401) this.onUnauthorized();
    throw error;
  }

  private async get<T>(path: string, params: Params = {}, signal?: AbortSignal): Promise<T> {
    const init: RequestInit = { headers: { Accept: 'application/json' } };
    if (signal) init.signal = signal;
    return (await (await this.ask(address(path, params), init)).json()) as T;
  }

  private post(path: string, body: unknown, signal?: AbortSignal): Promise<Response> {
    const init: RequestInit = {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify(body),
    };
    if (signal) init.signal = signal;
    return this.ask(address(path), init);
  }

  status = (): Promise<Status> => this.get('/status');
  markets = (): Promise<{ pairs: PairInfo[] }> => this.get('/markets');
  bars = (
    params: { pair: string; exchange: string; interval: string } & Params,
    signal?: AbortSignal,
  ): Promise<BarsAnswer> => this.get('/bars', params, signal);
  exchanges = (pair: string): Promise<{ rows: ExchangeRow[] }> => this.get('/exchanges', { pair });
  correlation = (params: Params, signal?: AbortSignal): Promise<Correlation> =>
    this.get('/correlation', params, signal);
  cone = (params: Params, signal?: AbortSignal): Promise<{ points: ConePoint[] }> =>
    this.get('/cone', params, signal);
  sizes = (params: Params, signal?: AbortSignal): Promise<SizesAnswer> =>
    this.get('/sizes', params, signal);
  overview = (): Promise<{ rows: OverviewRow[] }> => this.get('/overview');
  pipeline = (): Promise<Pipeline> => this.get('/pipeline');
  alarms = (): Promise<Alarms> => this.get('/alarms');
  tables = (): Promise<{ tables: TableInfo[] }> => this.get('/tables');
  commits = (table: string): Promise<{ commits: CommitInfo[] }> =>
    this.get(`/tables/${encodeURIComponent(table)}/commits`);
  files = (table: string): Promise<{ files: FileInfo[] }> =>
    this.get(`/tables/${encodeURIComponent(table)}/files`);
  columns = (table: string): Promise<{ schemas: SchemaVersion[] }> =>
    this.get(`/tables/${encodeURIComponent(table)}/columns`);

  async sql(sql: string, limit: number, signal?: AbortSignal): Promise<SqlAnswer> {
    return (await (await this.post('/sql', { sql, limit }, signal)).json()) as SqlAnswer;
  }

  async sqlExport(sql: string, format: 'csv' | 'parquet'): Promise<Blob> {
    return (await this.post('/sql/export', { sql, format })).blob();
  }

  async login(token: string): Promise<void> {
    const answer = await fetch(address('/login'), {
      method: 'POST',
      credentials: 'same-origin',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify({ token }),
    });
    if (!answer.ok) throw await refused(answer);
  }
}
