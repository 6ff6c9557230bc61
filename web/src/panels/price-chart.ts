import {
  CandlestickSeries,
  createChart,
  CrosshairMode,
  HistogramSeries,
  LineSeries,
  LineStyle,
  TickMarkType,
  type AutoscaleInfo,
  type CandlestickData,
  type HistogramData,
  type IChartApi,
  type ISeriesApi,
  type LineData,
  type Time,
  type UTCTimestamp,
  type WhitespaceData,
} from 'lightweight-charts';

import { B, type Bar } from '../api/types';
import { fractionDigits, toNumber } from '../lib/decimal';
import type { Format } from '../lib/format';
import {
  addToSession,
  barBand,
  bollinger,
  NO_SESSION,
  sessionBand,
  type Band,
  type SessionSums,
} from '../lib/indicators';
import type { BarSeries } from '../state/bars';
import type { Overlay } from '../state/view';
import { readColors, type Colors } from './colors';

/** More changed bars than this are drawn anew at once. */
const CHANGES_MAX = 40;
/** How much lines may widen the price axis, against what the candles need. */
const LINE_ROOM = 1.45;
const LINES = ['vwap', 'vwapLower', 'vwapUpper', 'mid', 'lower', 'upper'] as const;
type LineName = (typeof LINES)[number];
type Line = ISeriesApi<'Line'>;
type Point = LineData | WhitespaceData;

export interface ChartSettings {
  overlays: readonly Overlay[];
  vwap: 'session' | 'bar';
}

const timeOf = (bar: Bar): UTCTimestamp => (bar[B.start] / 1_000) as UTCTimestamp;

/** Candles and what lies over them; knows bars and nothing of the page. */
export class PriceChart {
  readonly api: IChartApi;
  digits = 2;
  private colors: Colors = readColors();
  private readonly candles: ISeriesApi<'Candlestick'>;
  private readonly volume: ISeriesApi<'Histogram'>;
  private readonly lines: Record<LineName, Line>;
  private candleRange: { minValue: number; maxValue: number } | null = null;
  private sessions: SessionSums[] = [];
  private bars: BarSeries | null = null;
  /** Start of the newest bar the chart has, by whatever way: what comes after it is added. */
  private lastDrawn = -Infinity;

  constructor(
    container: HTMLElement,
    private readonly format: Format,
    private settings: ChartSettings,
  ) {
    this.api = createChart(container, this.options());
    this.volume = this.api.addSeries(HistogramSeries, {
      priceScaleId: '',
      priceFormat: { type: 'volume' },
      lastValueVisible: false,
      priceLineVisible: false,
    });
    this.volume.priceScale().applyOptions({ scaleMargins: { top: 0.82, bottom: 0 } });
    const line = (style: LineStyle = LineStyle.Solid): Line =>
      this.api.addSeries(LineSeries, {
        lineWidth: 1,
        lineStyle: style,
        lastValueVisible: false,
        priceLineVisible: false,
        crosshairMarkerVisible: false,
        autoscaleInfoProvider: (own: () => AutoscaleInfo | null) => this.nearby(own()),
      });
    this.lines = {
      vwapLower: line(),
      vwapUpper: line(),
      lower: line(),
      upper: line(),
      mid: line(LineStyle.Dotted),
      vwap: line(),
    };
    this.candles = this.api.addSeries(CandlestickSeries, {
      priceLineStyle: LineStyle.Dotted,
      autoscaleInfoProvider: (own: () => AutoscaleInfo | null) => {
        const info = own();
        this.candleRange = info?.priceRange ?? null;
        return info;
      },
    });
    this.candles.priceScale().applyOptions({ scaleMargins: { top: 0.12, bottom: 0.2 } });
    this.recolor();
  }

  private options() {
    const { colors } = this;
    return {
      autoSize: true,
      layout: {
        background: { color: 'transparent' },
        textColor: colors.muted,
        fontFamily: getComputedStyle(document.body).fontFamily,
        fontSize: 11,
        // The mark would bring a style sheet of its own, which the page's policy refuses; the
        // attribution stands as a link below the chart.
        attributionLogo: false,
      },
      grid: { vertLines: { color: colors.line }, horzLines: { color: colors.line } },
      rightPriceScale: { borderColor: colors.line, minimumWidth: 64 },
      timeScale: {
        borderColor: colors.line,
        timeVisible: true,
        secondsVisible: true,
        rightOffset: 4,
        barSpacing: 7,
        minBarSpacing: 0.4,
        tickMarkFormatter: (time: Time, type: TickMarkType) => this.tick(time, type),
      },
      crosshair: {
        mode: CrosshairMode.Normal,
        vertLine: { color: colors.muted, labelBackgroundColor: colors.accent },
        horzLine: { color: colors.muted, labelBackgroundColor: colors.accent },
      },
      localization: {
        timeFormatter: (time: Time) => this.format.dateTime(Number(time) * 1_000),
      },
      handleScale: { axisPressedMouseMove: { time: true, price: true } },
    };
  }

  /** Lines widen the price axis only a little: far ones must not press the candles flat. */
  private nearby(info: AutoscaleInfo | null): AutoscaleInfo | null {
    const line = info?.priceRange;
    const candles = this.candleRange;
    if (!line || !candles) return null;
    const low = Math.min(line.minValue, candles.minValue);
    const high = Math.max(line.maxValue, candles.maxValue);
    const width = candles.maxValue - candles.minValue;
    return high - low <= LINE_ROOM * width ? info : null;
  }

  private tick(time: Time, type: TickMarkType): string {
    const ms = Number(time) * 1_000;
    switch (type) {
      case TickMarkType.Year:
      case TickMarkType.Month:
        return this.format.month(ms);
      case TickMarkType.DayOfMonth:
        return this.format.day(ms);
      case TickMarkType.TimeWithSeconds:
        return this.format.time(ms);
      default:
        return this.format.minute(ms);
    }
  }

  /** Take up the colours of the theme, or the zone: all that is drawn depends on them. */
  recolor(): void {
    this.colors = readColors();
    const { colors } = this;
    const { autoSize: _, ...options } = this.options();
    this.api.applyOptions(options);
    this.candles.applyOptions({
      upColor: colors.up,
      downColor: colors.down,
      borderUpColor: colors.up,
      borderDownColor: colors.down,
      wickUpColor: colors.up,
      wickDownColor: colors.down,
    });
    this.lines.vwap.applyOptions({ color: colors.vwap, lineWidth: 2 });
    for (const name of ['vwapLower', 'vwapUpper'] as const) {
      this.lines[name].applyOptions({ color: colors.band });
    }
    for (const name of ['mid', 'lower', 'upper'] as const) {
      this.lines[name].applyOptions({ color: colors.bollinger });
    }
    if (this.bars) this.setAll(this.bars);
  }

  apply(settings: ChartSettings): void {
    this.settings = settings;
    if (this.bars) this.setAll(this.bars);
  }

  /** Show changes since the series was clean; all of it if it is another one. */
  show(bars: BarSeries): void {
    const many = bars.rebuilt || bars.changed.size > CHANGES_MAX || bars !== this.bars;
    if (many) this.setAll(bars);
    else this.setChanged(bars);
    this.noteDrawn(bars);
    bars.clean();
  }

  private setAll(bars: BarSeries): void {
    this.bars = bars;
    this.setDigits(bars);
    this.candles.setData(bars.items.map((bar) => this.candle(bar)));
    const volume = this.settings.overlays.includes('volume');
    this.volume.setData(volume ? bars.items.map((bar) => this.volumeBar(bar)) : []);
    this.sumSessions(bars, 0);
    const points = bars.items.map((_, index) => this.points(bars, index));
    for (const name of LINES) this.lines[name].setData(points.map((point) => point[name]));
    this.noteDrawn(bars);
  }

  private noteDrawn(bars: BarSeries): void {
    this.lastDrawn = bars.items[bars.items.length - 1]?.[B.start] ?? -Infinity;
  }

  private setChanged(bars: BarSeries): void {
    const starts = [...bars.changed].sort((a, b) => a - b);
    const first = starts[0];
    if (first === undefined) return;
    const last = bars.items.length - 1;
    const from = bars.indexOf(first);
    this.sumSessions(bars, Math.max(0, from));
    const volume = this.settings.overlays.includes('volume');
    for (const start of starts) {
      const index = bars.indexOf(start);
      const bar = bars.items[index];
      if (!bar) continue;
      const old = start < this.lastDrawn;
      this.candles.update(this.candle(bar), old);
      if (volume) this.volume.update(this.volumeBar(bar), old);
    }
    // Lines run on from what changed; far back that is cheaper as a whole.
    const shown = LINES.filter((name) => this.wants(name));
    if (last - from > CHANGES_MAX) {
      const points = bars.items.map((_, index) => this.points(bars, index));
      for (const name of shown) this.lines[name].setData(points.map((point) => point[name]));
      return;
    }
    for (let index = from; index <= last; index++) {
      const points = this.points(bars, index);
      const old = (bars.items[index] as Bar)[B.start] < this.lastDrawn;
      for (const name of shown) this.lines[name].update(points[name], old);
    }
  }

  private wants(name: LineName): boolean {
    const { overlays } = this.settings;
    if (name === 'vwap') return overlays.includes('vwap');
    return overlays.includes(name.startsWith('vwap') ? 'bands' : 'bollinger');
  }

  private sumSessions(bars: BarSeries, from: number): void {
    this.sessions.length = from;
    for (let index = from; index < bars.items.length; index++) {
      const before = this.sessions[index - 1] ?? NO_SESSION;
      this.sessions.push(addToSession(before, bars.items[index] as Bar));
    }
  }

  /** VWAP and its band at a bar, as drawn. */
  vwapAt(index: number): Band {
    const bar = this.bars?.items[index];
    if (!bar) return { middle: null, lower: null, upper: null };
    if (this.settings.vwap === 'bar') return barBand(bar);
    return sessionBand(this.sessions[index] ?? NO_SESSION);
  }

  private points(bars: BarSeries, index: number): Record<LineName, Point> {
    const time = timeOf(bars.items[index] as Bar);
    const point = (name: LineName, value: number | null): Point =>
      value === null || !this.wants(name) ? { time } : { time, value };
    const vwap = this.vwapAt(index);
    const wide = this.wants('mid')
      ? bollinger(bars.items, index)
      : { middle: null, lower: null, upper: null };
    return {
      vwap: point('vwap', vwap.middle),
      vwapLower: point('vwapLower', vwap.lower),
      vwapUpper: point('vwapUpper', vwap.upper),
      mid: point('mid', wide.middle),
      lower: point('lower', wide.lower),
      upper: point('upper', wide.upper),
    };
  }

  private candle(bar: Bar): CandlestickData | WhitespaceData {
    const time = timeOf(bar);
    const [open, high, low, close] = [1, 2, 3, 4].map((at) => toNumber(bar[at] as string | null));
    if (open == null || high == null || low == null || close == null) return { time };
    const candle: CandlestickData = { time, open, high, low, close };
    // Bars that are being made anew are drawn without their colour.
    if (bar[B.remaking]) {
      const { muted } = this.colors;
      return { ...candle, color: muted, borderColor: muted, wickColor: muted };
    }
    return candle;
  }

  private volumeBar(bar: Bar): HistogramData {
    const up = (toNumber(bar[B.close]) ?? 0) >= (toNumber(bar[B.open]) ?? 0);
    return {
      time: timeOf(bar),
      value: toNumber(bar[B.quantity]) ?? 0,
      color: up ? this.colors.upSoft : this.colors.downSoft,
    };
  }

  /** As many digits as the newest prices have, so that the axis tells them apart. */
  private setDigits(bars: BarSeries): void {
    let digits = 0;
    for (const bar of bars.items.slice(-50)) {
      for (const at of [B.open, B.high, B.low, B.close]) {
        digits = Math.max(digits, fractionDigits(bar[at], 12));
      }
    }
    this.digits = digits;
    const priceFormat = {
      type: 'custom' as const,
      minMove: 10 ** -digits,
      formatter: (price: number) => this.format.fixed(price, digits),
    };
    this.candles.applyOptions({ priceFormat });
    for (const name of LINES) this.lines[name].applyOptions({ priceFormat });
  }

  /** Put the reading cross at a bar, as the keyboard moves it. */
  pointAt(index: number): void {
    const bar = this.bars?.items[index];
    const close = bar && toNumber(bar[B.close]);
    if (bar && close != null) this.api.setCrosshairPosition(close, timeOf(bar), this.candles);
  }

  picture(): HTMLCanvasElement {
    return this.api.takeScreenshot(true);
  }
}
