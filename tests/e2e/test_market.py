"""The market's tables, kept by `up`, against SQL over the trades written independently."""

import gzip
import signal
import subprocess
import time
from contextlib import contextmanager
from decimal import ROUND_HALF_EVEN, Decimal
from pathlib import Path

import pytest

from support import csv_table, program
from support.tape import EXCHANGE, make_tape, tapes

PATIENCE_S = 90
LENGTHS_S = {"1m": 60, "5m": 300, "15m": 900, "1h": 3_600, "1d": 86_400}

# One row per pair, exchange and bar: what the trades say, in the order (time, length of the key,
# key). {name} and {seconds} are the interval.
BARS_OF_TRADES = """
  SELECT coalesce(trading_pair, '') AS pair, {exchange} AS exchange, '{name}' AS interval,
    (epoch_us("timestamp") // {seconds}000000) * {seconds} AS start_s,
    arg_min(price, place) FILTER (good) AS open, max(price) FILTER (good) AS high,
    min(price) FILTER (good) AS low, arg_max(price, place) FILTER (good) AS close,
    coalesce(sum(quantity) FILTER (good), 0) AS quantity,
    count(*) FILTER (good) AS trades, count(*) FILTER (trade_status = 'PENDING') AS pending,
    count(*) FILTER (trade_status = 'FAILED') AS failed,
    count(*) FILTER (NOT good AND coalesce(trade_status, '') NOT IN ('PENDING', 'FAILED')) AS other
  FROM (
    SELECT *, coalesce(trade_status = 'SUCCESS' AND price > 0 AND quantity > 0, false) AS good,
      {{'t': "timestamp", 'l': strlen(transaction_id), 'k': encode(transaction_id)}} AS place
    FROM crypto.transactions WHERE "timestamp" IS NOT NULL)
  GROUP BY ALL
"""

STORED = """
  SELECT pair, exchange, interval, epoch_us(start) // 1000000 AS start_s, open, high, low, close,
    quantity, trades, pending, failed, other
  FROM crypto.market_bars
"""


def start(folder: Path, source: str) -> subprocess.Popen:
    """`up` over files, without a page."""
    config = folder / "tapelake.yaml"
    config.write_text(f"""
lake: {{path: {folder / "lake"}}}
tables: [{{name: transactions, source: {source}}}]
market: {{commit_interval: 1s, trade_window: 10s}}
dashboard: {{enabled: false}}
""")
    with open(folder / "up.log", "ab") as log:
        return subprocess.Popen([str(program.binary()), "up", "--config", str(config)],
                                cwd=folder, stdout=log, stderr=subprocess.STDOUT)


@contextmanager
def running(folder: Path, source: str):
    """The same, ended by a signal, or killed if the test failed."""
    process = start(folder, source)
    try:
        yield process
        process.send_signal(signal.SIGTERM)
        assert process.wait(PATIENCE_S) == 0, (folder / "up.log").read_text()
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()


def rows_of(lake, statement: str) -> list:
    return sorted(lake.sql(statement).rows)


def expected_statement(exchange: str) -> str:
    return " UNION ALL ".join(
        BARS_OF_TRADES.format(name=name, seconds=seconds, exchange=exchange)
        for name, seconds in LENGTHS_S.items())


def number(lake, statement: str) -> int:
    done = program.run("sql", "--lake", lake.path, "--format", "csv", statement, check=False)
    return int(done.stdout.split()[1]) if done.returncode == 0 else -1


def wait_for(process, statement_number, enough, what: str) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline and process.poll() is None:
        if enough(statement_number()):
            return
        time.sleep(0.2)
    pytest.fail(f"waited {PATIENCE_S} s for {what}")


def wait_for_rows(lake, process, rows: int) -> None:
    """Until the days' bars speak of so many rows."""
    wait_for(process, lambda: number(
        lake, "SELECT coalesce(sum(trades + pending + failed + other), 0)::BIGINT AS n "
              "FROM crypto.market_bars WHERE interval = '1d' AND exchange <> '*'"),
             lambda count: count == rows, f"bars of {rows} rows")


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
                      "quantity > 0").rows
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
