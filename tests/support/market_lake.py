"""`up` over files, and the bars that SQL over the trades gives."""

import signal
import subprocess
import time
from contextlib import contextmanager
from pathlib import Path

import pytest

from support import program

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


def start(folder: Path, source: str, dashboard: str = "{enabled: false}") -> subprocess.Popen:
    """`up` over files; without a page unless `dashboard` says where."""
    config = folder / "tapelake.yaml"
    config.write_text(f"""
lake: {{path: {folder / "lake"}}}
tables: [{{name: transactions, source: {source}}}]
market: {{commit_interval: 1s, trade_window: 10s}}
dashboard: {dashboard}
""")
    with open(folder / "up.log", "ab") as log:
        return subprocess.Popen([str(program.binary()), "up", "--config", str(config)],
                                cwd=folder, stdout=log, stderr=subprocess.STDOUT)


@contextmanager
def running(folder: Path, source: str, dashboard: str = "{enabled: false}"):
    """The same, ended by a signal, or killed if the test failed."""
    log = folder / "up.log"
    before = log.stat().st_size if log.exists() else 0
    process = start(folder, source, dashboard)
    try:
        # What it says comes after it has learnt to end in order.
        wait_for(process, lambda: log.stat().st_size, lambda size: size > before, "its first words")
        yield process
        process.send_signal(signal.SIGTERM)
        assert process.wait(PATIENCE_S) == 0, (folder / "up.log").read_text()
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()


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
