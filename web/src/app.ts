import { ApiError, Client } from './api/client';
import { Live, type LineState } from './api/live';
import { ALL, type PairInfo, type Status, type Update } from './api/types';
import { Format } from './lib/format';
import { Frames } from './lib/frame';
import { BARS_LIVE, BARS_MAX, BarSeries } from './state/bars';
import { applyUpdate, clearSeries, MarketState, type Part } from './state/market';
import { loadTheme, loadZone, storeTheme, storeZone, type Theme } from './state/prefs';
import { hashOf, viewOfHash, type View } from './state/view';

export type Topic = Part | 'view' | 'line' | 'format' | 'theme' | 'markets' | 'series' | 'history';

/** Bars asked for when a series is opened. */
const BARS_FIRST = BARS_LIVE;
const BARS_MOST = 5_000;

/** What all panels share: the state, the address, the stream, and who wants to know of changes. */
export class App {
  readonly client = new Client();
  readonly format = new Format(undefined, loadZone());
  readonly frames = new Frames();
  readonly market = new MarketState();
  /** The bars of a fixed range, apart from those the stream keeps. */
  readonly history = new BarSeries(BARS_MAX);
  view: View = viewOfHash(location.hash);
  status: Status | null = null;
  pairs: PairInfo[] = [];
  line: LineState = 'connecting';
  /** When the last event was heard, by this machine's clock. */
  heardAtMs = 0;
  theme: Theme = loadTheme();
  loadingBars = false;
  barsError = '';
  reachedFirst = false;
  private readonly live: Live;
  private readonly listeners = new Map<Topic, Set<() => void>>();
  private barsRequest = new AbortController();
  private subscribed = '';

  constructor(private readonly onLogin: () => void) {
    this.client.onUnauthorized = onLogin;
    this.live = new Live({
      reset: () => {
        this.market.awaiting = true;
        this.emit('line');
      },
      update: (update) => this.frames.take(() => this.take(update)),
      heard: () => {
        this.heardAtMs = Date.now();
      },
      state: (state) => {
        const back = state === 'live' && this.line !== 'live';
        this.line = state;
        this.emit('line');
        if (back && this.market.bars.items.length === 0) void this.loadBars();
      },
      refused: () => void this.client.status().catch(() => {}),
    });
    addEventListener('hashchange', () => {
      this.go(viewOfHash(location.hash), false);
    });
  }

  on(topic: Topic | readonly Topic[], act: () => void): void {
    for (const name of typeof topic === 'string' ? [topic] : topic) {
      const set = this.listeners.get(name) ?? new Set();
      set.add(act);
      this.listeners.set(name, set);
    }
  }

  emit(topic: Topic): void {
    for (const act of this.listeners.get(topic) ?? []) act();
  }

  async start(): Promise<void> {
    this.status = await this.client.status();
    if (this.status.login_needed) {
      this.onLogin();
      return;
    }
    await this.loadMarkets();
    this.follow();
    void this.loadPipeline().catch(() => {});
    setInterval(() => void this.loadMarkets().catch(() => {}), 60_000);
  }

  /** The first picture of the pipeline, unless the stream was quicker. */
  private async loadPipeline(): Promise<void> {
    const [pipeline, alarms] = await Promise.all([this.client.pipeline(), this.client.alarms()]);
    this.market.pipeline ??= pipeline;
    this.market.alarms ??= alarms;
    this.emit('pipeline');
    this.emit('alarms');
  }

  /** Pairs appear while the pipeline runs; a page opened early waits for the first. */
  async loadMarkets(): Promise<void> {
    const { pairs } = await this.client.markets();
    this.pairs = pairs;
    this.emit('markets');
    if (pairs.length === 0) {
      setTimeout(() => void this.loadMarkets().catch(() => {}), 2_000);
      return;
    }
    if (!this.view.pair) this.setView({ pair: await this.busiestPair() }, false);
  }

  /** What a newcomer sees first: the pair with the most trades. */
  private async busiestPair(): Promise<string> {
    const { rows } = await this.client.overview();
    const [first, ...others] = rows;
    const busiest = others.reduce(
      (most, row) => ((row.trades_24h ?? 0) > (most?.trades_24h ?? 0) ? row : most),
      first,
    );
    return busiest?.pair ?? this.pairs[0]?.pair ?? '';
  }

  pairInfo(pair = this.view.pair): PairInfo | undefined {
    return this.pairs.find((entry) => entry.pair === pair);
  }

  setView(patch: Partial<View>, remember = true): void {
    this.go({ ...this.view, ...patch }, remember);
  }

  private go(next: View, remember: boolean): void {
    if (next.pair !== this.view.pair && next.exchange !== ALL) {
      const known = this.pairInfo(next.pair);
      if (known && !known.exchanges.includes(next.exchange)) next = { ...next, exchange: ALL };
    }
    if (!next.pair) next = { ...next, pair: this.pairs[0]?.pair ?? '' };
    const before = this.view;
    this.view = next;
    const hash = hashOf(next);
    if (hash !== location.hash) {
      if (remember && before.view !== next.view) history.pushState(null, '', hash);
      else history.replaceState(null, '', hash);
    }
    this.emit('view');
    this.follow();
    const ranged = next.range === 'custom';
    const moved = next.fromMs !== before.fromMs || next.toMs !== before.toMs;
    if (ranged && (moved || before.range !== 'custom')) void this.loadHistory();
    else if (!ranged && before.range === 'custom') this.emit('series');
  }

  /** The series on the screen: of the stream, or of the fixed range. */
  get shownBars(): BarSeries {
    return this.view.range === 'custom' ? this.history : this.market.bars;
  }

  private follow(): void {
    const { pair, exchange, interval, everyMs } = this.view;
    if (!pair || !this.status || this.status.login_needed) return;
    const wanted = JSON.stringify([pair, exchange, interval, everyMs]);
    if (wanted === this.subscribed) return;
    const [oldPair, oldExchange, oldInterval] = JSON.parse(this.subscribed || '[]') as string[];
    const series = pair !== oldPair || exchange !== oldExchange || interval !== oldInterval;
    this.subscribed = wanted;
    this.live.subscribe({ pair, exchange, interval, everyMs });
    if (!series) return;
    clearSeries(this.market);
    this.market.bars.most = BARS_LIVE;
    this.reachedFirst = false;
    for (const topic of ['series', 'measures', 'exchanges'] as const) this.emit(topic);
    void this.loadBars();
    if (this.view.range === 'custom') void this.loadHistory();
  }

  /** The newest bars, or with `beforeMs` those before; a fixed range asks for its own. */
  async loadBars(beforeMs?: number): Promise<void> {
    if (beforeMs !== undefined && (this.loadingBars || this.reachedFirst)) return;
    if (beforeMs === undefined) this.barsRequest.abort();
    const request = new AbortController();
    this.barsRequest = request;
    this.loadingBars = true;
    if (beforeMs !== undefined) this.market.bars.most = BARS_MAX;
    this.barsError = '';
    const { pair, exchange, interval } = this.view;
    const to = beforeMs === undefined ? {} : { to_ms: beforeMs };
    const asked = this.market.taken;
    try {
      const answer = await this.client.bars(
        { pair, exchange, interval, limit: BARS_FIRST, ...to },
        request.signal,
      );
      if (request.signal.aborted) return;
      const bars = beforeMs ? answer.bars.filter((bar) => bar[0] < beforeMs) : answer.bars;
      if (beforeMs !== undefined && bars.length === 0) this.reachedFirst = true;
      this.frames.take(() => this.market.bars.put(bars, asked));
      this.emit('bars');
    } catch (error) {
      if (!request.signal.aborted) this.failBars(error);
    } finally {
      if (this.barsRequest === request) this.loadingBars = false;
    }
  }

  private async loadHistory(): Promise<void> {
    const { pair, exchange, interval, fromMs, toMs } = this.view;
    if (!pair || fromMs === null || toMs === null) return;
    this.history.clear();
    const asked = this.market.taken;
    this.emit('series');
    try {
      const answer = await this.client.bars({
        pair,
        exchange,
        interval,
        from_ms: fromMs,
        to_ms: toMs,
        limit: BARS_MOST,
      });
      if (this.view.fromMs !== fromMs || this.view.pair !== pair) return;
      this.history.put(answer.bars, asked);
      this.barsError = '';
      this.emit('bars');
    } catch (error) {
      this.failBars(error);
    }
  }

  private failBars(error: unknown): void {
    this.barsError = error instanceof ApiError ? error.message : String(error);
    this.emit('bars');
  }

  private take(update: Update): void {
    const first = this.market.awaiting;
    const newest = this.market.newestChangeUs;
    const touched = applyUpdate(this.market, update);
    this.takeIntoHistory(update);
    // The state as of the beginning tells nothing of how long a change took.
    if (!first && this.market.newestChangeUs > newest && !document.hidden) {
      const changedAt = this.market.newestChangeUs / 1_000;
      this.frames.draw('freshness', () =>
        this.frames.afterFrame(() => this.frames.freshness.add(Date.now() - changedAt)),
      );
    }
    for (const part of touched) this.emit(part);
    if (first) {
      this.emit('line');
      // What the stream holds may be less than what was read before the reset.
      void this.loadBars();
    }
  }

  /** A fixed range that reaches into the present goes on to be corrected. */
  private takeIntoHistory(update: Update): void {
    const { range, fromMs, toMs } = this.view;
    if (range !== 'custom' || fromMs === null || toMs === null || !update.bars) return;
    const inside = update.bars.filter((bar) => bar[0] >= fromMs && bar[0] < toMs);
    this.history.put(inside, this.market.taken);
  }

  togglePause(): void {
    this.live.pause(this.line !== 'paused');
  }

  silenceMs(): number {
    return this.live.silenceMs();
  }

  /** True only if what is on the screen is what the program has now. */
  get current(): boolean {
    return this.line === 'live' && !this.market.awaiting;
  }

  setTheme(theme: Theme): void {
    this.theme = theme;
    storeTheme(theme);
    this.applyTheme();
  }

  get dark(): boolean {
    if (this.theme !== 'system') return this.theme === 'dark';
    return matchMedia('(prefers-color-scheme: dark)').matches;
  }

  applyTheme(): void {
    document.documentElement.dataset.theme = this.dark ? 'dark' : 'light';
    this.emit('theme');
  }

  toggleZone(): void {
    this.format.zone = this.format.zone === 'utc' ? 'local' : 'utc';
    storeZone(this.format.zone);
    this.emit('format');
  }
}
