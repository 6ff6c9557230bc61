"""A DynamoDB table (DynamoDB Local) as a source: its stream, and a first load while it is written to.

In the end the lake holds what a Scan gives, attribute for attribute, what is in `_rescued` counted
in.
"""

import json
import random
import time
from decimal import Decimal

import pytest

from support import csv_table
from support.csv_table import NULL
from support.dynamodb_server import TABLE, CryptoTransactions, dynamodb_local
from support.pulled import PulledTable

SOURCE = f"{{kind: dynamodb_streams, table: {TABLE}}}"
FIRST_LOAD = f"{{kind: dynamodb_streams, table: {TABLE}, first_load: true}}"
CHANGES = 5_000
KILLS = 5


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    with dynamodb_local(tmp_path_factory.mktemp("dynamodb")) as running:
        yield running


@pytest.fixture
def source(server):
    seed = random.SystemRandom().randrange(1 << 30)
    print(f"seed {seed}")
    table = CryptoTransactions(server, seed)
    yield table
    table.client.delete_table(TableName=TABLE)


def rows_by_key(table: PulledTable) -> dict[str, dict[str, str]]:
    """The lake's rows; a key that is there twice is an error of the table."""
    shown = table.lake.sql(f"SELECT * FROM {table.lake.table}")
    keys = [row[0] for row in shown.select(["transaction_id"]).rows]
    assert len(set(keys)) == len(keys)
    return {row[0]: dict(zip(shown.columns, line))
            for row, line in zip(shown.select(["transaction_id"]).rows, shown.rows)}


def assert_row_is_item(row: dict[str, str], item: dict):
    """Every attribute is in its column, or word for word in `_rescued`."""
    rescued = json.loads(row["_rescued"]) if row["_rescued"] != NULL else {}
    assert row["event_date"] == item["timestamp"]["S"][:10]
    for name, value in item.items():
        if name in rescued:
            assert rescued[name] == value
            continue
        (kind, plain), shown = next(iter(value.items())), row[name]
        assert shown != NULL, f"{name} of {item} is lost"
        if name == "timestamp":
            assert shown[:19].replace(" ", "T") == plain[:19]
        elif kind == "N":
            assert Decimal(shown) == Decimal(plain)
        elif kind == "S":
            assert shown == plain
        else:
            assert json.loads(shown)  # nested values: their form is transform's own test
    for name, shown in row.items():
        own = name.startswith("_") or name == "event_date"
        assert own or name in item or shown == NULL, f"{name} is not in {item}"


def equals_scan(table: PulledTable, items: dict[str, dict]) -> bool:
    return table.lake.table_path.is_dir() and bool(table.lake.instants()) and (
        rows_by_key(table).keys() == items.keys())


def check(table: PulledTable, source: CryptoTransactions):
    items = source.scan()
    rows = rows_by_key(table)
    assert rows.keys() == items.keys()
    for key, item in items.items():
        assert_row_is_item(rows[key], item)
    assert any(row["_rescued"] != NULL for row in rows.values())


def streamed(table: PulledTable) -> int:
    return sum(count for source, count in table.positions().items()
               if source.startswith("dynamodb_streams:"))


@pytest.mark.parametrize("kills", [0, KILLS])
def test_changes_of_a_table_while_it_is_written_to(server, source, tmp_path, kills):
    table = PulledTable(tmp_path, SOURCE, server.environment())
    table.start()
    for _ in range(kills):
        source.write(CHANGES // (kills + 1))
        table.kill()
        table.start()
    source.write(CHANGES - source.writes)
    wanted = source.records()
    table.wait_for(lambda: streamed(table) == wanted, "all records of the stream")
    table.stop()
    check(table, source)
    assert table.status()["source_gaps"] == 0


def test_a_first_load_of_a_table_that_is_written_to_and_a_process_that_is_killed(
        server, source, tmp_path):
    source.write(CHANGES)
    table = PulledTable(tmp_path, FIRST_LOAD, server.environment())
    with source.write_in_the_background(pause_s=0.002):
        table.start()
        for _ in range(KILLS):
            time.sleep(random.uniform(0.2, 2.5))
            table.kill()
            table.start()
        time.sleep(2)
    source.write(50)
    table.wait_for(lambda: settled(table, source), "the rows of the table")
    table.wait_for(lambda: table.ended("dynamodb_scan:") == 4, "marks of a scan that is over")
    table.stop()
    check(table, source)
    assert table.status()["source_gaps"] == 0
    scans = [mark for name, mark in table.marks().items() if name.startswith("dynamodb_scan:")]
    assert len(scans) == 4 and all(len(mark) == 3 for mark in scans), "the scan is over for good"


def settled(table: PulledTable, source: CryptoTransactions) -> bool:
    """Whether the keys and their newest states are there (the whole look comes after the end)."""
    if not equals_scan(table, source.scan()):
        return False
    before = table.positions()
    time.sleep(3)
    return table.positions() == before


def test_a_table_without_a_stream_is_refused_with_the_remedy(server, tmp_path):
    # A name of its own: DynamoDB Local tells a new table of the stream of a deleted namesake.
    name = "Streamless"
    client = server.client()
    client.create_table(
        TableName=name, BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[{"AttributeName": "transaction_id", "AttributeType": "S"}],
        KeySchema=[{"AttributeName": "transaction_id", "KeyType": "HASH"}])
    try:
        table = PulledTable(tmp_path, f"{{kind: dynamodb_streams, table: {name}}}", server.environment())
        table.start()
        assert table.process.wait(60) != 0
        assert "NEW_AND_OLD_IMAGES" in table.said()
    finally:
        client.delete_table(TableName=name)
