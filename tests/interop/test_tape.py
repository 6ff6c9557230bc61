"""Trade dumps: the generated one always, a recorded one if $TAPELAKE_TAPE names it."""

import csv
import datetime
import gzip
from decimal import Decimal
from pathlib import Path

import pytest

from support import csv_table, program, readers
from support.cells import MOR, READS_OURS, Case, cell
from support.csv_table import NULL
from support.tape import EXCHANGE, make_tape, tapes


def expected_rows(tape: Path) -> dict[str, dict[str, str]]:
    """The rows that the tape's trades must become, computed with Python's decimal."""
    rows = {}
    with gzip.open(tape, "rt", newline="") as file:
        for trade in csv.DictReader(file):
            key = f"{EXCHANGE}-{trade['trading_pair'].replace('/', '')}-{trade['trade_id']}"
            time = datetime.datetime(1970, 1, 1) + datetime.timedelta(
                milliseconds=int(trade["timestamp_ms"]))
            rows[key] = {
                "transaction_id": key,
                "timestamp": csv_table.cell(time),
                "exchange": EXCHANGE,
                "trading_pair": trade["trading_pair"],
                "order_type": "SELL" if trade["is_buyer_maker"] == "true" else "BUY",
                "price": format(Decimal(trade["price"]), ".18f"),
                "quantity": format(Decimal(trade["quantity"]), ".18f"),
                "trade_status": "SUCCESS",
                "event_date": csv_table.cell(time)[:10],
            }
    return rows


@pytest.fixture(scope="module", params=tapes(), ids=lambda tape: Path(tape).name)
def tape(request, tmp_path_factory):
    if request.param == "generated":
        return make_tape(tmp_path_factory.mktemp("tape") / "trades.csv.gz")
    return Path(request.param)


def ingest(lake, tape) -> dict:
    return lake.ingest(tape, more=("--exchange", EXCHANGE))


def test_every_trade_becomes_its_row(tape, tmp_path, peers):
    expected = expected_rows(tape)
    lake = program.Lake(tmp_path / "lake")
    counts = ingest(lake, tape)
    assert counts["received"] == counts["applied"] == len(expected)
    columns = list(next(iter(expected.values())))
    table = csv_table.from_keyed(expected, columns)
    for engine, read in readers.read_all(lake, peers):
        with cell(engine, Case(READS_OURS, 6, "ingest", MOR, "bucket")):
            rows = read()
            csv_table.assert_equal(rows.select(columns), table, engine)
            others = [name for name in rows.columns if name not in columns]
            empty = rows.select([n for n in others if not n.startswith("_change")])
            assert all(value == NULL for row in empty.rows for value in row)


def test_the_market_figures_are_exact(tape, tmp_path):
    """Volume and notional per pair and day, as sums of exact products."""
    lake = program.Lake(tmp_path / "lake")
    ingest(lake, tape)
    days: dict[str, list[Decimal]] = {}
    for row in expected_rows(tape).values():
        sums = days.setdefault(row["event_date"], [Decimal(0), Decimal(0)])
        sums[0] += Decimal(row["quantity"])
        sums[1] += Decimal(row["quantity"]) * Decimal(row["price"])
    answer = lake.sql(
        "SELECT event_date, sum(quantity) AS volume, sum(notional) AS notional "
        "FROM transactions_enriched GROUP BY event_date ORDER BY event_date")
    got = {row[0]: [Decimal(row[1]), Decimal(row[2])] for row in answer.rows}
    assert got == days


def test_a_tape_again_changes_nothing(tape, tmp_path):
    lake = program.Lake(tmp_path / "lake")
    ingest(lake, tape)
    before = lake.instants()
    assert ingest(lake, tape)["applied"] == 0
    assert lake.instants() == before
