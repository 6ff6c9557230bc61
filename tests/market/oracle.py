"""The estimators once more, written from the papers' formulas in extended precision.

Nothing here follows the C++ code: prices become log prices, empty bars become missing values, and
formulas are put down as they are printed. Prices are raw integers (scaled by 10^18), so equality
is exact. An answer is (value, reason, note, n, detail), what is absent None.
"""

from dataclasses import dataclass, field
from fractions import Fraction
from functools import cache

import numpy as np

L = np.longdouble
PI = L("3.14159265358979323846264338327950288")
LN2 = np.log(L(2))
NAN = L("nan")


@dataclass
class Bar:
    """A bar with trades; index counts bar lengths."""

    index: int
    trades: int
    open: int
    high: int
    low: int
    close: int
    money: float = 0.0
    signed_money: float = 0.0
    sided_money: float = 0.0
    buy_quantity: float = 0.0
    sell_quantity: float = 0.0
    tick_returns: int = 0
    squared_tick_returns: float = 0.0


@dataclass
class Answer:
    value: L | None = None
    reason: str | None = None
    note: str | None = None
    n: int = 0
    detail: L | None = None
    scale: L = field(default=L(0))  # size of the terms that the value is left over from


@cache
def log(raw: int) -> L:
    return np.log(L(str(raw)))


def square(x):
    return x * x


class Grid:
    """Bars on every place of the clock, empty ones as missing values."""

    def __init__(self, bars: list[Bar]):
        self.bars = bars
        size = bars[-1].index - bars[0].index + 1 if bars else 0
        self.rows: list[Bar | None] = [None] * size
        for bar in bars:
            self.rows[bar.index - bars[0].index] = bar
        self.o, self.h, self.l, self.c = (
            np.array([NAN if b is None else log(getattr(b, name)) for b in self.rows], dtype=L)
            for name in ("open", "high", "low", "close")
        )
        self.holes = any(row is None for row in self.rows)

    def logs(self, name: str):
        return np.array([log(getattr(bar, name)) for bar in self.bars], dtype=L)


def too_few(n: int, possible: int, n_min: int) -> Answer:
    return Answer(reason="gap" if possible >= n_min else "too_few", n=n)


def present(x):
    return x[~np.isnan(x)]


def thin_or(bars: list[Bar], other: str | None) -> str | None:
    return "thin" if sum(bar.trades for bar in bars) / len(bars) < 100 else other


def gaps_if(holes: bool) -> str | None:
    return "gaps" if holes else None


# Volatility from returns.


def returns_with_spans(bars: list[Bar]):
    logs = np.array([log(bar.close) for bar in bars], dtype=L)
    spans = np.array([b.index - a.index for a, b in zip(bars, bars[1:])], dtype=int)
    return logs[1:] - logs[:-1], spans


def realized(bars: list[Bar]) -> Answer:
    if len(bars) < 3:
        return Answer(reason="too_few", n=max(0, len(bars) - 1))
    r, spans = returns_with_spans(bars)
    return Answer(np.sum(square(r)) / L(int(spans.sum())), None, gaps_if(spans.max() > 1), len(r))


def bipower(bars: list[Bar]) -> Answer:
    grid = Grid(bars)
    r = grid.c[1:] - grid.c[:-1]
    products = present(np.abs(r[1:]) * np.abs(r[:-1]))
    possible = max(0, len(bars) - 2)
    if len(products) < 2:
        return too_few(len(products), possible, 2)
    value = PI / 2 * products.mean()
    answer = Answer(value, None, gaps_if(len(products) < possible), len(products))
    rv = realized(bars).value
    if rv > 0:
        answer.detail = max(L(0), (rv - value) / rv)
    return answer


def two_scale(bars: list[Bar]) -> Answer:
    n = sum(bar.tick_returns for bar in bars)
    grids = []
    for offset in range(5):
        on_grid = [bar for bar in bars if bar.index % 5 == offset]
        if len(on_grid) > 1:
            grids.append(returns_with_spans(on_grid))
    sparse_returns = sum(len(r) for r, _ in grids)
    if sparse_returns < 10 or n < 10:
        return Answer(reason="too_few", n=n)
    # The average over grids, less (nbar / n) RV_all; per bar of the average time.
    rv_all = np.sum(np.array([bar.squared_tick_returns for bar in bars], dtype=L))
    rv_average = np.mean([np.sum(square(r)) for r, _ in grids])
    n_average = L(sparse_returns) / len(grids)
    time_average = L(int(sum(spans.sum() for _, spans in grids))) / len(grids)
    value = (rv_average - n_average / n * rv_all) / time_average
    holes = any(spans.max() > 5 for _, spans in grids)
    note = "floored" if value < 0 else gaps_if(holes)
    return Answer(max(L(0), value), None, note, n, 10000 * np.sqrt(rv_all / n / 2),
                  rv_average / time_average)


def close_to_close(bars: list[Bar]) -> Answer:
    grid = Grid(bars)
    r = present(grid.c[1:] - grid.c[:-1])
    possible = max(0, len(bars) - 1)
    if len(r) < 10:
        return too_few(len(r), possible, 10)
    value = np.sum(square(r - r.mean())) / (len(r) - 1)
    return Answer(value, None, gaps_if(len(r) < possible), len(r), scale=np.max(square(r)))


# Volatility from ranges.


def ohlc(bars: list[Bar]):
    grid = Grid(bars)
    return grid.logs("open"), grid.logs("high"), grid.logs("low"), grid.logs("close")


def range_mean(bars: list[Bar], term) -> Answer:
    bars = [bar for bar in bars if bar.trades >= 2]
    if not bars:
        return Answer(reason="too_few")
    terms = term(*ohlc(bars))
    kept = [i for i in range(len(bars)) if terms[i] >= -1e-25]
    if len(kept) < 10:
        return Answer(reason="too_few", n=len(kept))
    note = thin_or([bars[i] for i in kept], None)
    return Answer(np.mean(terms[kept]), None, note, len(kept))


def parkinson(bars: list[Bar]) -> Answer:
    return range_mean(bars, lambda o, h, l, c: square(h - l) / (4 * LN2))


def garman_klass(bars: list[Bar]) -> Answer:
    return range_mean(
        bars, lambda o, h, l, c: square(h - l) / 2 - (2 * LN2 - 1) * square(c - o))


def rogers_satchell(bars: list[Bar]) -> Answer:
    return range_mean(bars, lambda o, h, l, c: (h - c) * (h - o) + (l - c) * (l - o))


def yang_zhang(bars: list[Bar]) -> Answer:
    usable = [i for i in range(1, len(bars)) if bars[i].trades >= 2]
    used = [i for i in usable if bars[i].index == bars[i - 1].index + 1]
    n = len(used)
    if n < 10:
        return too_few(n, len(usable), 10)
    o, h, l, c = ohlc(bars)
    before = np.array([i - 1 for i in used])
    at = np.array(used)
    overnight, day = o[at] - c[before], c[at] - o[at]
    rs = np.mean((h[at] - c[at]) * (h[at] - o[at]) + (l[at] - c[at]) * (l[at] - o[at]))
    k = L("0.34") / (L("1.34") + L(n + 1) / L(n - 1))
    value = overnight.var(ddof=1) + k * day.var(ddof=1) + (1 - k) * rs
    note = thin_or([bars[i] for i in used], gaps_if(n < len(usable)))
    return Answer(value, None, note, n, scale=np.max(square(overnight)))


# Measures with a state.


def ewma(bars: list[Bar]) -> Answer:
    if len(bars) < 21:
        return Answer(reason="too_few", n=max(0, len(bars) - 1))
    r, spans = returns_with_spans(bars)
    variance = np.mean(square(r[:20]) / spans[:20])
    for ret, span in zip(r[20:], spans[20:]):
        decay = L("0.94") ** L(int(span))
        variance = decay * variance + (1 - decay) * square(ret) / span
    return Answer(variance, None, gaps_if(spans.max() > 1), len(r))


def atr(bars: list[Bar]) -> Answer:
    ranges = [bars[0].high - bars[0].low] if bars else []
    for before, bar in zip(bars, bars[1:]):
        ranges.append(max(bar.high - bar.low, abs(bar.high - before.close),
                          abs(bar.low - before.close)))
    if len(ranges) < 14:
        return Answer(reason="too_few", n=len(ranges))
    average = L(str(sum(ranges[:14]))) / 14
    for true_range in ranges[14:]:
        average = (average * 13 + L(str(true_range))) / 14
    value = average / L("1e18")
    close = L(str(bars[-1].close)) / L("1e18")
    return Answer(value, None, gaps_if(Grid(bars).holes), len(ranges), 100 * value / close)


def bollinger(bars: list[Bar]):
    if len(bars) < 20:
        return None, Answer(reason="too_few", n=len(bars))
    bars = bars[-20:]
    prices = [Fraction(bar.close, 10**18) for bar in bars]
    mean = sum(prices) / 20
    variance = sum(square(price - mean) for price in prices) / 20
    sd = np.sqrt(long_of(variance))
    return (prices[-1] - mean, mean, sd), Answer(
        note=gaps_if(Grid(bars).holes), n=20, detail=long_of(mean))


def long_of(value: Fraction) -> L:
    return L(str(value.numerator)) / L(str(value.denominator))


def bollinger_position(bars: list[Bar]) -> Answer:
    bands, answer = bollinger(bars)
    if bands is None:
        return answer
    last, _, sd = bands
    if sd == 0:
        return Answer(reason="undefined", n=20)
    answer.value = (long_of(last) + 2 * sd) / (4 * sd)
    answer.scale = L(1)
    return answer


def bollinger_bandwidth(bars: list[Bar]) -> Answer:
    bands, answer = bollinger(bars)
    if bands is not None:
        answer.value = 4 * bands[2] / long_of(bands[1])
    return answer


# Spreads.


def signed_root(x: L) -> L:
    return np.sign(x) * np.sqrt(np.abs(x))


def floored(s2: L, n: int, holes: bool, scale: L) -> Answer:
    """A spread from its square; near zero the root makes the rounding of the square large."""
    note = "floored" if s2 < 0 else gaps_if(holes)
    return Answer(np.sqrt(max(L(0), s2)), None, note, n, signed_root(s2), np.sqrt(scale))


def edge(bars: list[Bar]) -> Answer:
    possible = max(0, len(bars) - 1)
    if possible == 0:
        return Answer(reason="too_few")
    g = Grid(bars)
    raw = [[None if b is None else getattr(b, f) for b in g.rows]
           for f in ("open", "high", "low", "close")]
    o, h, l, c = g.o[1:], g.h[1:], g.l[1:], g.c[1:]
    h1, l1, c1 = g.h[:-1], g.l[:-1], g.c[:-1]
    m, m1 = (h + l) / 2, (h1 + l1) / 2

    def differ(a, i, b, j):  # of raw prices, i and j rows on; missing if either is
        return np.array([NAN if x is None or y is None else L(x != y)
                         for x, y in zip(raw[a][i:len(raw[a]) - 1 + i],
                                         raw[b][j:len(raw[b]) - 1 + j])], dtype=L)

    high_low, low_close1 = differ(1, 1, 2, 1), differ(2, 1, 3, 0)
    tau = np.where(np.isnan(high_low + low_close1), NAN, np.maximum(high_low, low_close1))
    n = len(present(tau))
    if n < 10:
        return too_few(n, possible, 10)
    p_open = np.nanmean(tau * differ(0, 1, 1, 1)) + np.nanmean(tau * differ(0, 1, 2, 1))
    p_close = np.nanmean(tau * differ(3, 0, 1, 0)) + np.nanmean(tau * differ(3, 0, 2, 0))
    if np.nansum(tau) < 2 or p_open == 0 or p_close == 0:
        return Answer(reason="undefined", n=n)
    p_moved = np.nanmean(tau)
    r1, r2, r3, r4, r5 = m - o, o - m1, m - c1, c1 - m1, o - c1
    d1, d3, d5 = (r - np.nanmean(r) / p_moved * tau for r in (r1, r3, r5))
    x1 = -4 / p_open * d1 * r2 - 4 / p_close * d3 * r4
    x2 = -4 / p_open * d1 * r5 - 4 / p_close * d5 * r4
    e1, e2 = np.nanmean(x1), np.nanmean(x2)
    v1, v2 = np.nanmean(square(x1 - e1)), np.nanmean(square(x2 - e2))
    s2 = (v2 * e1 + v1 * e2) / (v1 + v2) if v1 + v2 > 0 else (e1 + e2) / 2
    return floored(s2, n, n < possible, np.nanmax(np.abs(x1)) + np.nanmax(np.abs(x2)))


def corwin_schultz_pairs(bars: list[Bar]):
    spreads, seconds = [], []
    divisor = 3 - 2 * np.sqrt(L(2))
    for first, second in zip(bars, bars[1:]):
        if second.index != first.index + 1:
            continue
        h, l, c = log(first.high), log(first.low), log(first.close)
        h_next, l_next = log(second.high), log(second.low)
        if second.low > first.close:
            h_next, l_next = h_next - (l_next - c), c
        elif second.high < first.close:
            h_next, l_next = c, l_next + (c - h_next)
        beta = square(h - l) + square(h_next - l_next)
        gamma = square(max(h, h_next) - min(l, l_next))
        alpha = (np.sqrt(2 * beta) - np.sqrt(beta)) / divisor - np.sqrt(gamma / divisor)
        spread = 2 * (np.exp(alpha) - 1) / (1 + np.exp(alpha))
        spreads.append(spread if abs(spread) > 1e-16 else L(0))  # what is exactly 0 must look so
        seconds.append(second)
    return spreads, seconds


def corwin_schultz_of(bars: list[Bar], floor: bool) -> Answer:
    spreads, seconds = corwin_schultz_pairs(bars)
    n, possible = len(spreads), max(0, len(bars) - 1)
    if n < 10:
        return too_few(n, possible, 10)
    used = [max(L(0), s) for s in spreads] if floor else spreads
    answer = Answer(sum(used) / n, None, thin_or(seconds, gaps_if(n < possible)), n,
                    scale=max(abs(s) for s in spreads))
    if floor:
        answer.detail = L(sum(s < 0 for s in spreads)) / n
    return answer


def corwin_schultz(bars: list[Bar]) -> Answer:
    return corwin_schultz_of(bars, True)


def corwin_schultz_signed(bars: list[Bar]) -> Answer:
    return corwin_schultz_of(bars, False)


def abdi_ranaldo(bars: list[Bar]) -> Answer:
    g = Grid(bars)
    eta = (g.h + g.l) / 2
    products = present((g.c[:-1] - eta[:-1]) * (g.c[:-1] - eta[1:]))
    n, possible = len(products), max(0, len(bars) - 1)
    if n < 10:
        return too_few(n, possible, 10)
    return floored(4 * products.mean(), n, n < possible, 4 * np.max(np.abs(products)))


def roll(bars: list[Bar]) -> Answer:
    g = Grid(bars)
    r = g.c[1:] - g.c[:-1]
    both = ~np.isnan(r[1:] + r[:-1])
    now, before = r[1:][both], r[:-1][both]
    n, possible = len(now), max(0, len(bars) - 2)
    if n < 30:
        return too_few(n, possible, 30)
    covariance = np.mean((now - now.mean()) * (before - before.mean()))
    if covariance > 0:
        return Answer(reason="undefined", n=n)
    return Answer(2 * np.sqrt(-covariance), None, gaps_if(n < possible), n,
                  scale=2 * np.max(np.abs(now)))


# Impact.


def amihud_terms(bars: list[Bar]):
    return [(abs(long_of(Fraction(bar.close, before.close) - 1)), L(bar.money))
            for before, bar in zip(bars, bars[1:])
            if bar.index == before.index + 1 and bar.money > 0]


def amihud(bars: list[Bar], of) -> Answer:
    terms = amihud_terms(bars)
    n, possible = len(terms), max(0, len(bars) - 1)
    if n < 30:
        return too_few(n, possible, 30)
    return Answer(1000000 * of(terms), None, gaps_if(n < possible), n)


def amihud_mean(bars: list[Bar]) -> Answer:
    answer = amihud(bars, lambda terms: np.mean([r / d for r, d in terms]))
    if answer.value is not None:
        rows = Grid(bars).rows
        answer.detail = L(rows.count(None)) / len(rows)
    return answer


def amihud_median(bars: list[Bar]) -> Answer:
    return amihud(bars, lambda terms: np.median([r / d for r, d in terms]))


def amihud_ratio(bars: list[Bar]) -> Answer:
    return amihud(bars, lambda terms: sum(r for r, _ in terms) / sum(d for _, d in terms))


def kyle(bars: list[Bar]) -> tuple[Answer, Answer]:
    pairs = [(L(bar.signed_money) / 1000000, 10000 * (log(bar.close) - log(before.close)))
             for before, bar in zip(bars, bars[1:])
             if bar.index == before.index + 1 and bar.sided_money > 0]
    n, possible = len(pairs), max(0, len(bars) - 1)
    if n < 10:
        return too_few(n, possible, 10), too_few(n, possible, 10)
    x, y = (np.array(side, dtype=L) for side in zip(*pairs))
    if np.all(x == x[0]):
        return Answer(reason="undefined", n=n), Answer(reason="undefined", n=n)
    s_xx, s_yy = np.sum(square(x - x.mean())), np.sum(square(y - y.mean()))
    slope = np.sum((x - x.mean()) * (y - y.mean())) / s_xx
    rest = np.sum(square(y - y.mean() - slope * (x - x.mean())))
    note = gaps_if(n < possible)
    if s_yy == 0:
        return Answer(slope, None, "not_significant", n), Answer(reason="undefined", n=n)
    t = slope / np.sqrt(rest / (n - 2) / s_xx)
    scale = np.sqrt(s_yy / s_xx)
    return (Answer(slope, None, "not_significant" if abs(t) < 2 else note, n, t, scale),
            Answer(1 - rest / s_yy, None, note, n, scale=L(1)))


def kyle_lambda(bars: list[Bar]) -> Answer:
    return kyle(bars)[0]


def kyle_r2(bars: list[Bar]) -> Answer:
    return kyle(bars)[1]


def vpin(bars: list[Bar]) -> Answer:
    flows = [(Fraction(bar.buy_quantity), Fraction(bar.sell_quantity)) for bar in bars]
    flows = [(buy, sell) for buy, sell in flows if buy + sell > 0]
    if len(flows) < 50:
        return Answer(reason="too_few", n=len(flows))
    size = sum(buy + sell for buy, sell in flows) / 50
    imbalances, room, bought, sold = [], size, Fraction(0), Fraction(0)
    for buy, sell in flows:  # poured into the open bucket until the bar is empty
        left = Fraction(1)
        while left > 0:
            part = min(left, room / (buy + sell))
            bought, sold, room = bought + part * buy, sold + part * sell, room - part * (buy + sell)
            left -= part
            if room == 0:
                imbalances.append(abs(bought - sold))
                room, bought, sold = size, Fraction(0), Fraction(0)
    assert len(imbalances) == 50
    return Answer(long_of(sum(imbalances) / 50 / size), n=len(flows))


ESTIMATORS = [
    realized, bipower, two_scale, close_to_close, parkinson, garman_klass, rogers_satchell,
    yang_zhang, ewma, atr, bollinger_position, bollinger_bandwidth, edge, corwin_schultz,
    corwin_schultz_signed, abdi_ranaldo, roll, amihud_mean, amihud_median, amihud_ratio, vpin,
    kyle_lambda, kyle_r2,
]
