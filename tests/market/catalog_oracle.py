"""The catalog of measures once more, from a pair's rows, by the definitions of the reference."""

from bisect import bisect_left, bisect_right
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property

import numpy as np

import oracle
from oracle import Answer, L, long_of

SECONDS = {"1s": 1, "1m": 60, "5m": 300, "15m": 900, "1h": 3600, "1d": 86400}
UNIT = 10**18
MICROS = 10**6


@dataclass(frozen=True)
class Row:
    """One row of a trades table; amounts are raw."""

    exchange: str
    key: str
    time: int
    status: str
    side: str
    price: int
    quantity: int
    fee: int

    @cached_property
    def counts(self) -> bool:
        return self.status == "SUCCESS" and self.price > 0 and self.quantity > 0

    @property
    def place(self):
        return self.time, len(self.key), self.key, self.price

    @cached_property
    def raw_money(self) -> int:
        return self.price * self.quantity


def money_of(rows, side: str | None = None) -> Fraction:
    return Fraction(sum(row.raw_money for row in rows if side in (None, row.side)), UNIT**2)


def quantity_of(rows, side: str | None = None) -> Fraction:
    return Fraction(sum(row.quantity for row in rows if side in (None, row.side)), UNIT)


class Market:
    """The rows of one series as of `now`."""

    def __init__(self, rows: list[Row], now: int, parts: list["Market"] = ()):
        self.rows = sorted(rows, key=lambda row: row.place)
        self.now = now
        self.parts = list(parts)
        self.times = np.array([row.time for row in self.rows])
        self.made: dict[tuple[str, int], list[oracle.Bar]] = {}

    def index_now(self, interval: str) -> int:
        return self.now // (SECONDS[interval] * MICROS)

    def between(self, start: int, end: int) -> list[Row]:
        return self.rows[np.searchsorted(self.times, start):np.searchsorted(self.times, end)]

    def window(self, interval: str, lengths: int) -> list[Row]:
        """All rows of the last bars."""
        length = SECONDS[interval] * MICROS
        end = (self.index_now(interval) + 1) * length
        return self.between(end - lengths * length, end)

    def bars(self, interval: str, lengths: int) -> list[oracle.Bar]:
        if (interval, lengths) not in self.made:
            self.made[interval, lengths] = self.make_bars(interval, lengths)
        return self.made[interval, lengths]

    def make_bars(self, interval: str, lengths: int) -> list[oracle.Bar]:
        length = SECONDS[interval] * MICROS
        ticks = self.ticks(interval, lengths)
        by_index: dict[int, list[Row]] = {}
        for row in self.window(interval, lengths):
            if row.counts:
                by_index.setdefault(row.time // length, []).append(row)
        return [bar_of(index, rows, *ticks[index]) for index, rows in sorted(by_index.items())]

    def ticks(self, interval: str, lengths: int) -> dict[int, tuple[int, L]]:
        """index -> number and squares of tick returns; each exchange has its own ticks."""
        ticks: dict[int, tuple[int, L]] = {}
        for part in self.parts or [self]:
            last: dict[int, int] = {}
            for row in part.window(interval, lengths):
                if not row.counts:
                    continue
                index = row.time // (SECONDS[interval] * MICROS)
                n, squares = ticks.get(index, (0, L(0)))
                if index in last:
                    move = oracle.log(row.price) - oracle.log(last[index])
                    n, squares = n + 1, squares + move * move
                ticks[index] = n, squares
                last[index] = row.price
        return ticks


def bar_of(index: int, rows: list[Row], ticks: int, squares: L) -> oracle.Bar:
    prices = [row.price for row in rows]
    bought, sold = money_of(rows, "BUY"), money_of(rows, "SELL")
    return oracle.Bar(
        index, len(rows), prices[0], max(prices), min(prices), prices[-1],
        float(money_of(rows)), float(bought - sold), float(bought + sold),
        float(quantity_of(rows, "BUY")), float(quantity_of(rows, "SELL")), ticks, float(squares))


def scaled(answer: Answer, factor, detail_too: bool = False) -> Answer:
    if answer.value is not None:
        answer.value *= factor
        answer.scale *= factor
        if detail_too and answer.detail is not None:
            answer.detail *= factor
    return answer


def annualised(estimator, interval: str, lengths: int):
    def measure(market: Market) -> Answer:
        answer = estimator(market.bars(interval, lengths))
        if answer.value is not None:
            per_year = L(365 * 86400 // SECONDS[interval])
            answer.value = np.sqrt(answer.value * per_year)
            answer.scale = np.sqrt(answer.scale * per_year)
        return answer
    return measure


def of_bars(estimator, interval: str, lengths: int):
    return lambda market: estimator(market.bars(interval, lengths))


def in_bp(estimator, interval: str, lengths: int, detail_too: bool):
    return lambda market: scaled(estimator(market.bars(interval, lengths)), 10000, detail_too)


def kyle_obizhaeva(market: Market) -> Answer:
    bars = market.bars("5m", 289)
    answer = oracle.realized(bars)
    if answer.value is not None:
        days = L(bars[-1].index - bars[0].index) / 288
        variance = answer.value * 288
        money = sum(L(bar.money) for bar in bars[1:]) / days
        answer.value = np.cbrt(variance / money)
    return answer


# Prices by volume.


def counting(rows: list[Row]) -> list[Row]:
    return [row for row in rows if row.counts]


def vwap_parts(rows: list[Row]):
    vwap = money_of(rows) / quantity_of(rows)
    mean_square = Fraction(sum(row.price * row.raw_money for row in rows), UNIT**3)
    return vwap, np.sqrt(long_of(mean_square / quantity_of(rows) - vwap * vwap))


def vwap_of(rows: list[Row]) -> Answer:
    rows = counting(rows)
    if not rows:
        return Answer(reason="too_few")
    vwap, sd = vwap_parts(rows)
    return Answer(long_of(vwap), n=len(rows), detail=sd)


def deviation_of(rows: list[Row]) -> Answer:
    rows = counting(rows)
    if not rows:
        return Answer(reason="too_few")
    vwap, sd = vwap_parts(rows)
    distance = Fraction(rows[-1].price, UNIT) - vwap
    return Answer(long_of(10000 * distance / vwap), n=len(rows),
                  detail=long_of(distance) / sd if sd > 0 else None)


def session(market: Market) -> list[Row]:
    day = 86400 * MICROS
    return market.between(market.now // day * day, market.now // day * day + day)


# Flow.


def imbalance(rows: list[Row]) -> Answer:
    rows = counting(rows)
    if not rows:
        return Answer(reason="too_few")
    bought, sold = money_of(rows, "BUY"), money_of(rows, "SELL")
    if bought + sold == 0:
        return Answer(reason="undefined", n=len(rows))
    return Answer(long_of((bought - sold) / (bought + sold)), n=len(rows),
                  detail=long_of((bought + sold) / money_of(rows)))


def relative_volume(hours: int):
    def measure(market: Market) -> Answer:
        hour, day = 3600 * MICROS, 86400 * MICROS
        end = market.now // hour * hour
        fetched = market.window("1h", 505)
        if not fetched:
            return Answer(reason="too_few")
        first = fetched[0].time // hour * hour

        def volume(until: int) -> Fraction:
            return quantity_of(counting(market.between(until - hours * hour, until)))

        days = [volume(end - i * day) for i in range(1, 21)
                if first <= end - i * day - hours * hour]
        if len(days) < 3:
            return Answer(reason="too_few", n=len(days))
        mean = sum(days) / len(days)
        if mean == 0:
            return Answer(reason="undefined", n=len(days))
        return Answer(long_of(volume(end) / mean), n=len(days), detail=long_of(mean))
    return measure


def concentration(market: Market) -> Answer:
    money = [money_of(counting(part.window("15m", 96))) for part in market.parts]
    n = sum(m > 0 for m in money)
    if len(money) < 2:
        return Answer(reason="single", n=n)
    if n == 0:
        return Answer(reason="too_few")
    index = sum((m / sum(money)) ** 2 for m in money)
    return Answer(long_of(index), n=n, detail=long_of(1 / index))


def gap(market: Market) -> Answer:
    if len(market.parts) < 2:
        return Answer(reason="single", n=len(market.parts))
    last = [rows[-1] for part in market.parts if (rows := counting(part.window("1m", 2)))]
    fresh = [row for row in last if market.now - row.time <= 5 * MICROS]
    if len(fresh) < 2:
        return Answer(reason="stale", n=len(fresh))
    low, high = min(fresh, key=lambda r: r.price), max(fresh, key=lambda r: r.price)
    age = max(0, market.now - min(low.time, high.time))
    return Answer(long_of(Fraction(10000 * (high.price - low.price), low.price)), n=len(fresh),
                  detail=L(age) / MICROS)


# What becomes of orders.


def failed_rate(rows: list[Row]) -> Answer:
    failed = sum(row.status == "FAILED" for row in rows)
    settled = failed + sum(row.status == "SUCCESS" for row in rows)
    pending = L(sum(row.status == "PENDING" for row in rows))
    if settled == 0:
        return Answer(reason="too_few", detail=pending)
    return Answer(L(failed) / settled, n=settled, detail=pending)


def fee_rate(rows: list[Row]) -> Answer:
    rows = counting(rows)
    if not rows:
        return Answer(reason="too_few")
    fees = Fraction(sum(row.fee for row in rows), UNIT)
    return Answer(long_of(10000 * fees / money_of(rows)), n=len(rows))


def large_from(rows: list[Row]) -> Fraction:
    mean = money_of(rows) / len(rows)
    return next(Fraction(10) ** e for e in range(-4, 40) if Fraction(10) ** e > 10 * mean)


def large_trade_from(rows: list[Row]) -> Answer:
    rows = counting(rows)
    if not rows:
        return Answer(reason="too_few")
    return Answer(long_of(large_from(rows)), n=len(rows))


def large_trades(rows: list[Row]) -> Answer:
    rows = counting(rows)
    if not rows:
        return Answer(reason="too_few")
    if large_from(rows) > 10**10:
        return Answer(reason="undefined", n=len(rows))
    least = large_from(rows) * UNIT**2
    large = sum(row.raw_money >= least for row in rows)
    return Answer(L(large), n=len(rows), detail=L(large) / len(rows))


def of_rows(measure, interval: str, lengths: int):
    return lambda market: measure(market.window(interval, lengths))


def of_session(measure):
    return lambda market: measure(session(market))


RANGES = {"parkinson": (oracle.parkinson, 0), "garman_klass": (oracle.garman_klass, 0),
          "rogers_satchell": (oracle.rogers_satchell, 0), "yang_zhang": (oracle.yang_zhang, 1)}

# name -> function of a market. Returns need the bar before their window: one more.
CATALOG = {
    "realized_1h": annualised(oracle.realized, "5m", 13),
    "realized_24h": annualised(oracle.realized, "5m", 289),
    "bipower_1h": annualised(oracle.bipower, "5m", 13),
    "bipower_24h": annualised(oracle.bipower, "5m", 289),
    "two_scale_1h": annualised(oracle.two_scale, "1m", 61),
    "two_scale_24h": annualised(oracle.two_scale, "1m", 1441),
    "close_to_close_1h": annualised(oracle.close_to_close, "1m", 61),
    **{f"{name}_1h": annualised(of, "1m", 60 + more) for name, (of, more) in RANGES.items()},
    **{f"{name}_24h": annualised(of, "15m", 96 + more) for name, (of, more) in RANGES.items()},
    "ewma": annualised(oracle.ewma, "1m", 241),
    "atr_14": of_bars(oracle.atr, "1m", 70),
    "atr_14_1h": of_bars(oracle.atr, "1h", 70),
    "bollinger_position": of_bars(oracle.bollinger_position, "1m", 60),
    "bollinger_bandwidth": of_bars(oracle.bollinger_bandwidth, "1m", 60),
    "edge_1h": in_bp(oracle.edge, "1m", 60, True),
    "edge_24h": in_bp(oracle.edge, "5m", 288, True),
    "corwin_schultz_1h": in_bp(oracle.corwin_schultz, "1m", 60, False),
    "corwin_schultz_signed_1h": in_bp(oracle.corwin_schultz_signed, "1m", 60, False),
    "abdi_ranaldo_1h": in_bp(oracle.abdi_ranaldo, "1m", 60, True),
    "roll_24h": in_bp(oracle.roll, "1m", 1441, False),
    "amihud_24h": of_bars(oracle.amihud_mean, "1m", 1441),
    "amihud_median_24h": of_bars(oracle.amihud_median, "1m", 1441),
    "amihud_ratio_24h": of_bars(oracle.amihud_ratio, "1m", 1441),
    "kyle_lambda_1h": of_bars(oracle.kyle_lambda, "1m", 61),
    "kyle_r2_1h": of_bars(oracle.kyle_r2, "1m", 61),
    "kyle_obizhaeva_24h": kyle_obizhaeva,
    "exchange_gap": gap,
    "exchange_hhi_24h": concentration,
    "vwap_session": of_session(vwap_of),
    "vwap_1h": of_rows(vwap_of, "1m", 60),
    "vwap_24h": of_rows(vwap_of, "5m", 288),
    "vwap_deviation_session": of_session(deviation_of),
    "vwap_deviation_1h": of_rows(deviation_of, "1m", 60),
    "vwap_deviation_24h": of_rows(deviation_of, "5m", 288),
    "imbalance_1m": of_rows(imbalance, "1s", 60),
    "imbalance_5m": of_rows(imbalance, "1m", 5),
    "vpin_24h": of_bars(oracle.vpin, "1m", 1440),
    "relative_volume_1h": relative_volume(1),
    "relative_volume_24h": relative_volume(24),
    "large_trades_24h": of_rows(large_trades, "5m", 288),
    "large_trade_from_24h": of_rows(large_trade_from, "5m", 288),
    "failed_rate_1h": of_rows(failed_rate, "1m", 60),
    "failed_rate_24h": of_rows(failed_rate, "5m", 288),
    "fee_rate_24h": of_rows(fee_rate, "5m", 288),
}


# The volatility cone.


HORIZONS = {"1h": ("5m", 12, 576), "4h": ("15m", 16, 672), "1d": ("15m", 96, 672),
            "7d": ("1h", 168, 744), "30d": ("1d", 30, 400)}


def cone(market: Market, horizon: str) -> tuple[int, dict[str, Answer]]:
    interval, length, history = HORIZONS[horizon]
    bars = market.bars(interval, history + 1)
    indices = [bar.index for bar in bars]

    def volatility(last: int) -> Answer:
        first, end = bisect_left(indices, last - length), bisect_right(indices, last)
        answer = oracle.realized(bars[first:end])
        if answer.n < length // 2:
            return Answer(reason="too_few", n=answer.n)
        if answer.value is not None:
            answer.value = np.sqrt(answer.value * (365 * 86400 // SECONDS[interval]))
        return answer

    values = [answer.value for bar in bars if bar.index - bars[0].index >= length
              and (answer := volatility(bar.index)).value is not None]
    parts = [0, 25, 50, 75, 100]
    points = np.percentile(np.array(values, dtype=float), parts) if values else [0] * 5
    names = ("min", "lower", "median", "upper", "max")
    return len(values), {"now": volatility(market.index_now(interval)),
                         **{name: Answer(L(v)) for name, v in zip(names, points)}}
