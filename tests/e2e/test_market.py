"""The market's tables, kept by `up`, against SQL over the trades written independently."""

import gzip
from decimal import ROUND_HALF_EVEN, Decimal
from pathlib import Path

import pytest

from support import csv_table, program
from support.market_lake import (BARS_OF_TRADES, LENGTHS_S, number, running, start, wait_for,
                                 wait_for_rows)
from support.tape import EXCHANGE, make_tape, tapes

STORED = """
  SELECT pair, exchange, interval, epoch_us(start) // 1000000 AS start_s, open, high, low, close,
    quantity, trades, pending, failed, other
  FROM crypto.market_bars
"""


def rows_of(lake, statement: str) -> list:
    return sorted(lake.sql(statement).rows)


def expected_statement(exchange: str) -> str:
    return " UNION ALL ".join(
        BARS_OF_TRADES.format(name=name, seconds=seconds, exchange=exchange)
        for name, seconds in LENGTHS_S.items())


def rows_with_time(expected: csv_table.Table) -> int:
    """Rows without a time are in no bar."""
    return sum(time != csv_table.NULL for [time] in expected.select(["timestamp"]).rows)


def expect_bars_of_the_trades(lake) -> None:
    for exchange, which in (("coalesce(exchange, '')", "<>"), ("'*'", "=")):
        expected = rows_of(lake, expected_statement(exchange))
        assert expected
        assert rows_of(lake, f"{STORED} WHERE exchange {which} '*'") == expected


def expect_exact_money(lake) -> None:
    trades = lake.sql("SELECT coalesce(trading_pair, ''), coalesce(exchange, ''), event_date, price, quantity FROM "
                      "crypto.transactions WHERE trade_status = 'SUCCESS' AND price > 0 AND "
                      "quantity > 0 AND \"timestamp\" IS NOT NULL").rows
    money: dict[tuple, Decimal] = {}
    for pair, exchange, day, price, quantity in trades:
        key = (pair, exchange, day)
        money[key] = money.get(key, Decimal(0)) + Decimal(price) * Decimal(quantity)
    stored = lake.sql("SELECT pair, exchange, event_date, coalesce(money::VARCHAR, money_text) AS m "
                      "FROM crypto.market_bars WHERE interval = '1d' AND exchange <> '*' "
                      "AND trades > 0").rows
    step = Decimal(1).scaleb(-18)
    assert {tuple(row[:3]): Decimal(row[3]).quantize(step, ROUND_HALF_EVEN) for row in stored} == {
        key: value.quantize(step, ROUND_HALF_EVEN) for key, value in money.items()}


def test_bars_equal_sql_over_the_trades_through_restarts(tmp_path):
    simulation = program.simulate(tmp_path, seed=31, changes=6_000, shape="streams")
    source = f"{{kind: files, paths: [{simulation.events}]}}"
    lake = program.Lake(tmp_path / "lake")
    rows = rows_with_time(simulation.expected)
    with running(tmp_path, source) as process:
        wait_for_rows(lake, process, rows)
    expect_bars_of_the_trades(lake)
    expect_exact_money(lake)
    with running(tmp_path, source) as process:
        wait_for_rows(lake, process, rows)
    expect_bars_of_the_trades(lake)


def test_a_killed_market_heals(tmp_path):
    simulation = program.simulate(tmp_path, seed=32, changes=6_000, shape="kinesis")
    source = f"{{kind: files, paths: [{simulation.events}], shape: kinesis, speed: 20000x}}"
    lake = program.Lake(tmp_path / "lake")
    stored = -1
    for _ in range(2):
        process = start(tmp_path, source)
        try:
            before = max(stored, 0)
            wait_for(process, lambda: number(lake, "SELECT count(*) AS n FROM crypto.market_bars"),
                     lambda count: count > before, "more bars")
        finally:
            process.kill()
            process.wait()
        stored = number(lake, "SELECT count(*) AS n FROM crypto.market_bars")
    with running(tmp_path, source.replace("speed: 20000x", "speed: max")) as process:
        wait_for_rows(lake, process, rows_with_time(simulation.expected))
    expect_bars_of_the_trades(lake)


@pytest.mark.parametrize("tape", tapes(), ids=lambda tape: Path(tape).name)
def test_a_tape_gives_the_bars_that_sql_gives(tape, tmp_path):
    path = make_tape(tmp_path / "trades.csv.gz") if tape == "generated" else Path(tape)
    with gzip.open(path, "rt") as lines:
        trades = sum(1 for _ in lines) - 1
    lake = program.Lake(tmp_path / "lake")
    with running(tmp_path, f"{{kind: files, paths: [{path}], exchange: {EXCHANGE}}}") as process:
        wait_for_rows(lake, process, trades)
    expect_bars_of_the_trades(lake)
    expect_exact_money(lake)
