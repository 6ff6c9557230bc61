"""The whole catalog, from rows to measures, equals definitions written once more."""

import numpy as np
import pytest

import catalog_oracle
import estimates
from catalog_oracle import MICROS, UNIT, Market, Row

NOW = 1_772_638_643_500_000  # 2026-03-04 15:37:23.5 UTC
DAY = 86_400 * MICROS


def rows_of(random, exchange: str, times, price: float) -> list[Row]:
    times = np.sort(np.asarray(times, dtype=np.int64))
    path = np.log(price) + np.cumsum(random.normal(0, 4e-4, len(times)))
    made = []
    for number, (time, log_price) in enumerate(zip(times, path)):
        side = random.choice(["BUY", "SELL", "OTHER"], p=[0.5, 0.4, 0.1])
        bounce = {"BUY": 1.0002, "SELL": 0.9998, "OTHER": 1.0}[side]
        raw = int(np.exp(log_price) * bounce * 1e8) * 10**10
        quantity = int(random.lognormal(-2, 2) * 1e8 + 1) * 10**10
        status = random.choice(["SUCCESS", "PENDING", "FAILED", "ODD"], p=[0.9, 0.05, 0.03, 0.02])
        if random.random() < 0.002:
            raw = 0
        made.append(Row(exchange, f"{exchange[0]}{number}", int(time), str(status), str(side), raw,
                        quantity, raw * quantity // UNIT // 1000))
    return made


def busy() -> list[Row]:
    """Three exchanges: a day of trades, one of them with holes, and weeks of a few."""
    random = np.random.default_rng(5)
    recent = [("kraken", 2000, 1), ("binance", 5000, 1), ("late", 300, 40 * MICROS)]
    rows = []
    for exchange, count, age in recent:
        times = list(random.integers(NOW - 26 * 3600 * MICROS, NOW - age, count))
        times += list(random.integers(NOW - 90 * MICROS, NOW, 40) - age)
        times += list(range(NOW - 32 * DAY, NOW - 26 * 3600 * MICROS, 3000 * MICROS))
        rows += rows_of(random, exchange, times, 64_000.0)
    return rows


def quiet() -> list[Row]:
    """A pair that trades now and then on a single exchange."""
    random = np.random.default_rng(6)
    return rows_of(random, "kraken", random.integers(NOW - 3600 * MICROS, NOW, 90), 3e-7)


def failed_only() -> list[Row]:
    return [Row("kraken", f"k{i}", NOW - i * MICROS, "FAILED", "BUY", UNIT, UNIT, 0)
            for i in range(5)]


def young() -> list[Row]:
    """Five minutes after the start of two exchanges; times ahead of the clock."""
    random = np.random.default_rng(7)
    return [row for exchange in ("a", "b") for row in rows_of(
        random, exchange, random.integers(NOW - 300 * MICROS, NOW + MICROS, 400), 1e6)]


DATA = {"busy": busy, "quiet": quiet, "failed_only": failed_only, "young": young}


def markets(rows: list[Row]) -> dict[str, Market]:
    by_exchange = {name: Market([row for row in rows if row.exchange == name], NOW)
                   for name in sorted({row.exchange for row in rows})}
    return by_exchange | {"*": Market(rows, NOW, list(by_exchange.values()))}


@pytest.fixture(scope="module", params=DATA)
def case(request):
    rows = DATA[request.param]()
    text = "".join(",".join(map(str, vars(row).values())) + "\n" for row in rows)
    return markets(rows), [line.split() for line in estimates.run("catalog", NOW, text=text)
                           .splitlines()]


def test_catalog_equals_its_definitions(case):
    series, lines = case
    said = {(cells[0], cells[1]): estimates.parse(cells[2:]) for cells in lines
            if not cells[1].startswith("cone_")}
    assert set(said) == {(name, measure) for name in series for measure in catalog_oracle.CATALOG}
    wrong = {}
    for (name, measure), answer in said.items():
        with np.errstate(all="ignore"):
            expected = catalog_oracle.CATALOG[measure](series[name])
        if found := estimates.differences(answer, expected):
            wrong[name, measure] = found
    assert not wrong


def test_cone_equals_its_definition(case):
    series, lines = case
    wrong, seen = {}, 0
    expected = {(name, horizon): catalog_oracle.cone(market, horizon)
                for name, market in series.items() for horizon in catalog_oracle.HORIZONS}
    for name, horizon, windows, point, *cells in lines:
        if not horizon.startswith("cone_"):
            continue
        count, points = expected[name, horizon.removeprefix("cone_")]
        found = estimates.differences(estimates.parse(cells), points[point])
        if found or int(windows) != count:
            wrong[name, horizon, point] = found, windows, count
        seen += 1
    assert seen == len(expected) * 6
    assert not wrong


def test_arrival_order_does_not_change_a_bit():
    rows = young()
    texts = ["".join(",".join(map(str, vars(row).values())) + "\n" for row in order)
             for order in (rows, rows[::-1])]
    said = [estimates.run("catalog", NOW, text=text) for text in texts]
    assert said[0] == said[1]
