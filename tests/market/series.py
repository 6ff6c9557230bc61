"""Random and edge series of bars, each from a seed."""

import numpy as np

from oracle import Bar

UNIT = 10**18
BROKEN = "outside_range"  # bars that no trades can make


def raw(price: float) -> int:
    return max(1, int(round(price * 1e6)) * 10**12 if price > 1e3 else int(round(price * 1e18)))


def bar_of(index: int, prices: list[int], quantities, sides) -> Bar:
    values = np.array([p / UNIT for p in prices]) * quantities
    logs = np.log(np.array(prices, dtype=float))
    buys, sells = sides > 0, sides < 0
    return Bar(
        index, len(prices), prices[0], max(prices), min(prices), prices[-1],
        money=float(values.sum()),
        signed_money=float(values[buys].sum() - values[sells].sum()),
        sided_money=float(values[buys].sum() + values[sells].sum()),
        buy_quantity=float(quantities[buys].sum()), sell_quantity=float(quantities[sells].sum()),
        tick_returns=len(prices) - 1, squared_tick_returns=float((np.diff(logs) ** 2).sum()),
    )


def market(seed: int, bars: int, *, price=100.0, sigma=1e-3, spread=1e-3, trades=(2, 40),
           empty=0.0, jump=0.0, unsided=0.0, first_index=-7, tick=None) -> list[Bar]:
    """A geometric Brownian motion seen through trades at bid or ask, in steps of `tick`."""
    random = np.random.default_rng(seed)
    made, log_price = [], np.log(price)
    for index in range(first_index, first_index + bars):
        if random.random() < jump:
            log_price += random.choice([-1, 1]) * random.uniform(0.1, 2.0)
        count = int(random.integers(trades[0], trades[1] + 1))
        steps = random.normal(0, sigma / np.sqrt(count), count)
        path = log_price + np.cumsum(steps)
        log_price = path[-1]
        if random.random() < empty:
            continue
        sides = random.choice([-1, 1], count)
        seen = np.exp(path) * (1 + sides * spread / 2)
        prices = [raw(float(p)) for p in (np.round(seen / tick) * tick if tick else seen)]
        sides = np.where(random.random(count) < unsided, 0, sides)
        made.append(bar_of(index, prices, random.lognormal(-1, 1.5, count), sides))
    return made


def constant(bars: int, price: int = 5 * UNIT, trades: int = 3) -> list[Bar]:
    sides = np.array([1, -1, 1])[:trades]
    return [bar_of(i, [price] * trades, np.full(trades, 0.5), sides) for i in range(bars)]


def bouncing(bars: int) -> list[Bar]:
    """Every bar trades at the same two prices, closing at one and the other in turn."""
    random = np.random.default_rng(400)
    pair = [100 * UNIT, 101 * UNIT]
    return [bar_of(i, pair if i % 2 else pair[::-1], random.uniform(1, 2, 2), np.array([1, -1]))
            for i in range(bars)]


def without_volume(series: list[Bar]) -> list[Bar]:
    for bar in series[::3]:
        bar.money = bar.signed_money = bar.sided_money = bar.buy_quantity = bar.sell_quantity = 0.0
    return series


def outside_range(series: list[Bar]) -> list[Bar]:
    """Some bars whose close is far outside their range, as a broken source might give."""
    for bar in series[::5]:
        bar.close = bar.high * 2
    return series


def every() -> dict[str, list[Bar]]:
    """name -> series."""
    made = {f"first_{n}": market(1, n) for n in (0, 1, 2, 3, 5, 9, 10, 11, 12, 14, 15, 20, 21, 22,
                                                30, 31, 32, 49, 50, 51)}
    for seed in range(6):
        made |= {
            f"plain_{seed}": market(10 + seed, 61),
            f"day_{seed}": market(20 + seed, 400, trades=(1, 20)),
            f"thin_{seed}": market(30 + seed, 120, trades=(1, 3)),
            f"dense_{seed}": market(40 + seed, 40, trades=(150, 250)),
            f"holes_{seed}": market(50 + seed, 200, empty=0.3),
            f"mostly_empty_{seed}": market(60 + seed, 300, empty=0.85),
            f"single_trades_{seed}": market(70 + seed, 100, trades=(1, 1)),
            f"jumps_{seed}": market(80 + seed, 120, jump=0.1),
            f"no_spread_{seed}": market(90 + seed, 120, spread=0.0),
            f"wide_spread_{seed}": market(100 + seed, 120, spread=0.02),
            f"unsided_{seed}": market(110 + seed, 120, unsided=0.9, trades=(1, 4)),
            f"coarse_{seed}": market(140 + seed, 150, trades=(1, 4), tick=0.25, empty=0.02),
            f"calm_{seed}": market(120 + seed, 120, sigma=1e-7, spread=1e-7),
            f"wild_{seed}": market(130 + seed, 120, sigma=0.3, spread=0.2, empty=0.05),
        }
    for exponent in (-12, -9, -6, -3, 3, 6, 9):
        made[f"price_1e{exponent}"] = market(200 + exponent, 120, price=10.0**exponent)
    return made | {
        "constant": constant(100),
        "constant_tiny": constant(100, price=1),
        "constant_single": constant(100, trades=1),
        "bouncing": bouncing(100),
        "some_without_volume": without_volume(market(300, 200)),
        BROKEN: outside_range(market(301, 100)),
        "far_apart": [bar for bar in market(302, 2000) if bar.index % 40 == 0],
        "pairs_only": [bar for bar in market(303, 400) if bar.index % 4 < 2],
    }
