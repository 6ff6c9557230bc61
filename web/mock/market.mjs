// A random walk of twenty pairs on six exchanges, with bars kept as trades come.

import { randomOf } from './random.mjs';

export const INTERVAL_MS = {
  '1s': 1_000,
  '1m': 60_000,
  '5m': 300_000,
  '15m': 900_000,
  '1h': 3_600_000,
  '1d': 86_400_000,
};
export const EXCHANGES = ['binance', 'bitfinex', 'bitstamp', 'coinbase', 'kraken', 'okx'];
const DAY_MS = 86_400_000;
const HISTORY_BARS = 1_500;
const TAPE_MAX = 200;
const LARGE_FROM = 30_000;

const NAMES = [
  ['BTC/USD', 64_000],
  ['ETH/USD', 3_400],
  ['SOL/USD', 148],
  ['XRP/USD', 0.61],
  ['ADA/USD', 0.44],
  ['DOGE/USD', 0.128],
  ['AVAX/USD', 31],
  ['LINK/USD', 14.7],
  ['SHIB/USD', 0.0000178],
  ['BTC/EUR', 59_100],
  ['ETH/EUR', 3_140],
  ['SOL/EUR', 136],
  ['BTC/USDT', 64_020],
  ['ETH/USDT', 3_402],
  ['SOL/USDT', 148.1],
  ['ETH/BTC', 0.0531],
];

/** Names that try to be markup, quotes, right-to-left text or too long for their place. */
export const HOSTILE = [
  ['<img src=x onerror=alert(1)>/USD', 12.5],
  [`"'&</script>\`\${7*7}/USD`, 3.25],
  ['\u202eביטקוין\u202c/USD', 240_000],
  [`${'W'.repeat(90)}/USD`, 1.5],
];

const decimals = (price) => (price >= 1_000 ? 2 : price >= 1 ? 4 : price >= 0.01 ? 6 : 10);

class Bar {
  constructor(start) {
    this.start = start;
    this.open = this.high = this.low = this.close = null;
    this.quantity = this.money = this.second = this.buy = this.sell = 0;
    this.trades = this.pending = this.failed = 0;
    this.version = 0;
  }

  trade(price, quantity, isBuy) {
    if (this.open === null) this.open = this.high = this.low = price;
    this.high = Math.max(this.high, price);
    this.low = Math.min(this.low, price);
    this.close = price;
    this.quantity += quantity;
    this.money += price * quantity;
    this.second += price * price * quantity;
    this.trades++;
    if (isBuy) this.buy += quantity;
    else this.sell += quantity;
  }

  wire(digits) {
    const price = (value) => (value === null ? null : value.toFixed(digits));
    const vwap = this.quantity > 0 ? this.money / this.quantity : null;
    const sd =
      vwap === null ? null : Math.sqrt(Math.max(0, this.second / this.quantity - vwap * vwap));
    return [
      this.start,
      price(this.open),
      price(this.high),
      price(this.low),
      price(this.close),
      this.quantity.toFixed(8),
      this.money.toFixed(6),
      vwap,
      sd,
      this.trades,
      this.buy.toFixed(8),
      this.sell.toFixed(8),
      this.pending,
      this.failed,
      0,
      0,
    ];
  }
}

export class Market {
  constructor({ seed = 7, hostile = true, rate = 500, now = Date.now } = {}) {
    this.rate = rate;
    this.random = randomOf(seed);
    this.now = now;
    this.version = 1;
    this.newestUs = 0;
    this.series = new Map();
    this.tape = [];
    this.counts = { received: 0, errors: 0, bars: 0 };
    this.pairs = [...NAMES, ...(hostile ? HOSTILE : [])].map(([pair, price], index) =>
      this.makePair(pair, price, index),
    );
    this.startedMs = now();
    for (let at = 60; at > 0; at--) {
      const entry = this.pick();
      const quantity = (LARGE_FROM * (1 + this.random.next() * 2)) / entry.price;
      this.large(entry, entry.venues[at % 6], entry.price, quantity, this.startedMs - at * 2_700);
    }
  }

  makePair(pair, price, index) {
    const spark = [];
    let at = price;
    for (let minute = 0; minute < 60; minute++) {
      at *= Math.exp(this.random.normal() * 0.0012);
      spark.push(at);
    }
    const money = (price > 10_000 ? 9e7 : 4e7) / (1 + index * 0.7);
    return {
      pair,
      price: at,
      digits: decimals(price),
      base: pair.slice(0, pair.lastIndexOf('/')),
      quote: pair.slice(pair.lastIndexOf('/') + 1),
      opened: at * Math.exp(this.random.normal() * 0.02),
      weight: 1 / (1 + index * 0.3),
      spark,
      money,
      quantity: money / at,
      trades: Math.round(money / 900),
      last: at,
      lastMs: this.now(),
      version: 1,
      venues: EXCHANGES.map((exchange, place) => ({
        exchange,
        last: at,
        lastMs: this.now(),
        share: (6 - place) / 21,
        offset: this.random.normal() * 1e-4,
        recent: 40,
      })),
    };
  }

  find(pair) {
    return this.pairs.find((entry) => entry.pair === pair);
  }

  pick() {
    const total = (this.totalWeight ??= this.pairs.reduce((sum, each) => sum + each.weight, 0));
    let left = this.random.next() * total;
    for (const each of this.pairs) if ((left -= each.weight) <= 0) return each;
    return this.pairs[0];
  }

  /** Let `count` changes happen now. */
  step(count) {
    const nowMs = this.now();
    this.version++;
    for (let i = 0; i < count; i++) this.change(nowMs);
    this.newestUs = nowMs * 1_000;
    this.counts.received += count;
  }

  change(nowMs) {
    const { random } = this;
    const entry = this.pick();
    const venue = entry.venues[random.below(EXCHANGES.length)];
    entry.price *= Math.exp(random.normal() * 0.00004);
    const price = Number(
      (entry.price * (1 + venue.offset + random.normal() * 4e-5)).toFixed(entry.digits),
    );
    const quantity = (Math.exp(random.normal() * 1.1) * 900) / entry.price;
    const kind = random.next();
    for (const name of ['*', venue.exchange])
      this.bars(entry, name, nowMs, (bar) => {
        if (kind < 0.05) bar.pending++;
        else if (kind < 0.07) bar.failed++;
        else bar.trade(price, quantity, random.next() < 0.52);
        bar.version = this.version;
      });
    entry.version = this.version;
    if (kind < 0.07) return;
    Object.assign(entry, { last: price, lastMs: nowMs });
    Object.assign(venue, { last: price, lastMs: nowMs });
    entry.money += price * quantity;
    entry.quantity += quantity;
    entry.trades++;
    entry.spark[59] = price;
    if (price * quantity > LARGE_FROM) this.large(entry, venue, price, quantity, nowMs);
  }

  large(entry, venue, price, quantity, nowMs) {
    const side = this.random.next() < 0.5 ? 'BUY' : 'SELL';
    this.tape.unshift({
      version: this.version,
      wire: [
        nowMs * 1_000 + this.random.below(1_000),
        entry.pair,
        venue.exchange,
        side,
        price.toFixed(entry.digits),
        quantity.toFixed(8),
        (price * quantity).toFixed(6),
        `t${this.version}-${this.tape.length}-${this.random.below(1e9)}`,
      ],
    });
    if (this.tape.length > TAPE_MAX) this.tape.length = TAPE_MAX;
  }

  /** Act on the present bar of every interval that somebody has looked at. */
  bars(entry, exchange, nowMs, act) {
    for (const [interval, width] of Object.entries(INTERVAL_MS)) {
      const series = this.series.get(`${entry.pair}\0${exchange}\0${interval}`);
      if (!series) continue;
      const start = Math.floor(nowMs / width) * width;
      let bar = series[series.length - 1];
      if (!bar || bar.start < start) {
        bar = new Bar(start);
        series.push(bar);
        if (series.length > 3 * HISTORY_BARS) series.splice(0, HISTORY_BARS);
      }
      act(bar);
    }
  }

  /** The series, with a history made up when it is first asked for. */
  seriesOf(pair, exchange, interval) {
    const key = `${pair}\0${exchange}\0${interval}`;
    const found = this.series.get(key);
    if (found) return found;
    const entry = this.find(pair);
    const width = INTERVAL_MS[interval];
    if (!entry || !width) return [];
    const bars = [];
    const end = Math.floor(this.now() / width) * width;
    const sigma = 0.9 * Math.sqrt(width / (365 * DAY_MS));
    // As much as the present rate makes in a bar, so that old and new ones go together.
    const total = this.pairs.reduce((sum, each) => sum + each.weight, 0);
    const usual =
      ((((this.rate * entry.weight) / total) * width * 1.6) / entry.price) *
      (exchange === '*' ? 1 : 1 / 6);
    let price = entry.price;
    for (let back = 0; back < HISTORY_BARS; back++) {
      const bar = new Bar(end - back * width);
      const points = [price];
      for (let i = 0; i < 11; i++) {
        points.push(points[i] * Math.exp((this.random.normal() * sigma) / 3.3));
      }
      for (const point of points.reverse()) {
        bar.trade(
          Number(point.toFixed(entry.digits)),
          (Math.exp(this.random.normal() * 0.4) * usual) / 12,
          this.random.next() < 0.5,
        );
      }
      bar.pending = this.random.below(3);
      bar.failed = this.random.below(2);
      price = points[0];
      bars.push(bar);
    }
    bars.reverse();
    this.series.set(key, bars);
    this.counts.bars += bars.length;
    return bars;
  }
}
