"""What the page shows of a recorded market, read in Chromium, against SQL over the lake."""

import gzip
import json
import subprocess
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from support import program
from support.market_lake import BARS_OF_TRADES, running, wait_for, wait_for_rows
from support.tape import EXCHANGE, make_tape, tapes

PAIR = "XRP/ETH"
INTERVAL, INTERVAL_S = "1h", 3_600
READER = program.ROOT / "tests" / "web" / "support" / "read_market.mjs"
SCALES = {"K": 3, "M": 6, "B": 9, "T": 12, "%": -2}

# The trades that count; `s` is their second, `now_s` that of the newest.
GOOD = """
  WITH good AS (
    SELECT epoch_us("timestamp") // 1000000 AS s, price, quantity, notional, order_type,
      {'t': "timestamp", 'l': strlen(transaction_id), 'k': encode(transaction_id)} AS place,
      max(epoch_us("timestamp") // 1000000) OVER () AS now_s
    FROM crypto.transactions_enriched
    WHERE trade_status = 'SUCCESS' AND price > 0 AND quantity > 0)
"""
LAST = "arg_max(price, place)"
# {since}: the first second of the window, which ends with the bar under way.
VWAP = "SELECT sum(notional::DOUBLE) / sum(quantity::DOUBLE), count(*) FROM good WHERE s >= {since}"
IMBALANCE = """
  SELECT sum(CASE order_type WHEN 'BUY' THEN notional ELSE -notional END::DOUBLE)
    / sum(notional::DOUBLE), count(*) FROM good WHERE s >= {since}"""
PARKINSON = """
  SELECT sqrt(avg(pow(ln(high / low), 2)) / (4 * ln(2)) * 365 * 24 * 4), count(*)
  FROM (SELECT max(price)::DOUBLE AS high, min(price)::DOUBLE AS low
        FROM good WHERE s >= {since} GROUP BY s // 900 HAVING count(*) > 1)"""
DEVIATION = f"""
  SELECT ({LAST}::DOUBLE / (sum(notional::DOUBLE) / sum(quantity::DOUBLE)) - 1) * 1e4, count(*)
  FROM good WHERE s >= {{since}}"""


def bars_ago(seconds: int, bars: int) -> str:
    """The start of so many bars, the one under way included."""
    return f"now_s // {seconds} * {seconds} - {seconds * (bars - 1)}"


# (label, window) as the page has them: how SQL makes the same.
MEASURES = {
    ("VWAP, since 00:00 UTC", "day x 5m"): VWAP.format(since="now_s // 86400 * 86400"),
    ("VWAP", "60 x 1m"): VWAP.format(since=bars_ago(60, 60)),
    ("VWAP", "288 x 5m"): VWAP.format(since=bars_ago(300, 288)),
    ("Trade imbalance", "5 x 1m"): IMBALANCE.format(since=bars_ago(60, 5)),
    ("Parkinson", "96 x 15m"): PARKINSON.format(since=bars_ago(900, 96)),
    ("Last price from VWAP", "288 x 5m"): DEVIATION.format(since=bars_ago(300, 288)),
}


def shown_number(text: str) -> tuple[Decimal, Decimal]:
    """The number of a text such as `2.87K ETH` or `+2.30%`, and one of its last digit."""
    word = text.split()[0].replace(",", "").lstrip("+")
    scale = SCALES.get(word[-1], 0)
    number = Decimal(word[:-1] if scale else word).scaleb(scale)
    step = Decimal(1).scaleb(number.as_tuple().exponent)
    # `44,300T`: three digits tell, those after them are there to count the places.
    return number, max(step, Decimal(1).scaleb(number.adjusted() - 2)) if scale > 0 else step


def expect_shown(cell: dict, value, what: str) -> None:
    """The text is the value to the digits shown; what hovering shows is all of it."""
    exact = Decimal(value)
    number, step = shown_number(cell["text"])
    # A little more than half a step: the page rounds the nearest double.
    assert abs(number - exact) <= step * Decimal("0.500001"), f"{what}: {cell} shows {value}"
    if isinstance(value, float):
        assert abs(Decimal(cell["exact"]) - exact) <= abs(exact) * Decimal("1e-9"), (what, value)
    elif cell["exact"]:
        assert Decimal(cell["exact"]) == exact, (what, value)


def read_page(lake, bars: int) -> dict:
    url = json.loads((lake.path / ".tapelake" / "http.json").read_text())["url"]
    done = subprocess.run(["node", READER, url, PAIR, EXCHANGE, INTERVAL, str(bars)],
                          capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def row_of(lake, statement: str) -> list[str]:
    [row] = lake.sql(statement).rows
    return list(row)


def expect_bars(lake, shown: list, bars: list) -> None:
    money = dict(lake.sql(GOOD + f"SELECT s // {INTERVAL_S} * {INTERVAL_S}, sum(notional) "
                                 "FROM good GROUP BY ALL").rows)
    by_start = {row[0]["exact"]: row for row in shown}
    for _, _, _, start_s, *prices, quantity, trades, pending, failed, _ in bars:
        start = datetime.fromtimestamp(int(start_s), UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z")
        row = by_start.pop(start)
        for cell, price in zip(row[1:5], prices, strict=True):
            assert Decimal(cell["text"].replace(",", "")) == Decimal(price), (start, cell, price)
        expect_shown(row[5], quantity, f"{start}: volume")
        expect_shown(row[6], money[start_s], f"{start}: money")
        for cell, count in zip(row[9:12], (trades, pending, failed), strict=True):
            assert cell["text"].replace(",", "") == count, start
    assert not by_start


def expect_figures(lake, seen: dict) -> None:
    """A day is 96 quarters of an hour; it begins after the last price that its change is of."""
    day = "now_s // 900 * 900 - 85500"
    [last] = row_of(lake, GOOD + f"SELECT {LAST} FROM good")
    [before] = row_of(lake, GOOD + f"SELECT {LAST} FROM good WHERE s < {day}")
    money, trades = row_of(lake, GOOD + f"SELECT sum(notional), count(*) FROM good WHERE s >= {day}")
    expect_shown(seen["last"], last, "last price")
    expect_shown(seen["facts"]["24 h"], float(Decimal(last) / Decimal(before) - 1), "change")
    expect_shown(seen["facts"]["Volume"], money, "volume")
    expect_shown(seen["facts"]["Trades"], trades, "trades")
    [exchange] = seen["exchanges"]
    assert exchange[0]["text"] == EXCHANGE
    expect_shown(exchange[1], last, "last price of the exchange")
    expect_shown(exchange[4], money, "volume of the exchange")
    expect_shown(exchange[5], 1.0, "share of the exchange")


@pytest.mark.parametrize("tape", tapes(), ids=lambda tape: Path(tape).name)
def test_the_page_shows_of_a_tape_what_sql_gives(tape, tmp_path):
    path = make_tape(tmp_path / "trades.csv.gz") if tape == "generated" else Path(tape)
    with gzip.open(path, "rt") as lines:
        trades = sum(1 for _ in lines) - 1
    lake = program.Lake(tmp_path / "lake")
    source = f"{{kind: files, paths: [{path}], exchange: {EXCHANGE}}}"
    with running(tmp_path, source, "{listen: '127.0.0.1:0'}") as process:
        wait_for_rows(lake, process, trades)
        place = lake.path / ".tapelake" / "http.json"
        wait_for(process, place.exists, bool, "the page")
        bars = lake.sql(BARS_OF_TRADES.format(name=INTERVAL, seconds=INTERVAL_S,
                                              exchange="exchange")).rows
        seen = read_page(lake, len(bars))
        expect_bars(lake, seen["bars"], bars)
        expect_figures(lake, seen)
        measures = {(row[0]["text"], row[4]["text"]): row for row in seen["measures"]}
        for name, statement in MEASURES.items():
            value, count = row_of(lake, GOOD + statement)
            expect_shown(measures[name][1], float(value), str(name))
            expect_shown(measures[name][3], count, f"{name}: observations")
