"""The captured records of both shapes against a computation of the test's own."""

import base64
import datetime
import json
from decimal import Decimal
from pathlib import Path

import pytest

from support import csv_table, program, readers
from support.cells import READS_OURS, TYPES, Case, cell
from support.csv_table import NULL
from support.lake_under_test import without_own_column

HERE = Path(__file__).resolve().parent
CAPTURES = {
    "streams": HERE.parent / "captures" / "cryptotransactions_streams.ndjson",
    "kinesis": HERE.parent / "captures" / "cryptotransactions_kinesis_destination.ndjson",
}
EPOCH = datetime.datetime(1970, 1, 1)
TEXTS = {"transaction_id": "transaction_id", "exchange": "exchange", "asset": "symbol",
         "order_type": "side", "trade_status": "status", "user_id": "user_id"}
DECIMALS = {"price": ("price", 18), "quantity": ("quantity", 8), "trade_fee": ("fee", 18),
            "total": ("total", 18)}
SETS = ("tags", "fills", "hashes")


def stamp(micros: int) -> str:
    return csv_table.cell(EPOCH + datetime.timedelta(microseconds=micros))


def plain(value: dict):
    """DynamoDB JSON -> plain JSON value; numbers stay text in a wrapper that prints bare."""
    (kind, content), = value.items()
    if kind == "M":
        return {name: plain(member) for name, member in content.items()}
    if kind == "L":
        return [plain(member) for member in content]
    if kind == "NS":
        return [Number(text) for text in sorted(content, key=Decimal)]
    if kind in ("SS", "BS"):
        return sorted(content)
    return {"N": Number, "NULL": lambda _: None}.get(kind, lambda same: same)(content)


class Number(str):
    """A number's digits as they were sent."""


def canonical(value) -> str:
    """Canonical JSON: members by name, no blanks, few escapes, digits as sent."""
    if isinstance(value, Number):
        return str(value)
    if isinstance(value, dict):
        members = sorted(value.items(), key=lambda member: member[0].encode())
        return "{" + ",".join(f"{canonical(k)}:{canonical(v)}" for k, v in members) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(canonical, value)) + "]"
    return json.dumps(value, ensure_ascii=False)


def exact(text: str, scale: int) -> str:
    """Decimal text with exactly `scale` decimals, nothing rounded."""
    number = Decimal(text)
    fixed = format(number, f".{scale}f")
    assert Decimal(fixed) == number
    return fixed


def row_of(item: dict, time: int, sequence: str | None) -> dict[str, str]:
    """The row that an item's image must become."""
    row = {column: item[name]["S"] for column, name in TEXTS.items()}
    row |= {column: exact(item[name]["N"], scale) for column, (name, scale) in DECIMALS.items()}
    traded = int(item["event_ts"]["N"]) * 1000
    updated = datetime.datetime.strptime(item["updated_at"]["S"], "%Y-%m-%dT%H:%M:%SZ")
    row |= {"traded_at": stamp(traded), "updated_at": csv_table.cell(updated)}
    row["attempts"] = item["attempts"]["N"] if "attempts" in item else NULL
    row["client_ip"] = item["meta"]["M"]["ip"]["S"] if "meta" in item else NULL
    row["meta"] = canonical(plain(item["meta"])) if "meta" in item else NULL
    for name in SETS:
        row[name] = canonical(plain(item[name])) if name in item else NULL
    row["raw"] = base64.b64decode(item["raw"]["B"]).hex() if "raw" in item else NULL
    row |= {"event_date": stamp(traded)[:10], "_rescued": NULL, "_change_time": stamp(time),
            "_change_sequence": sequence.lstrip("0") if sequence else NULL}
    return row


def expected_rows(path: Path, shape: str) -> dict[str, dict[str, str]]:
    """Fold the changes in their order: the last image of every key that was not removed."""
    records = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    assert len(records) == 260
    rows = {}
    for record in records:
        body = record["dynamodb"]
        key = body["Keys"]["transaction_id"]["S"]
        time = body["ApproximateCreationDateTime"]
        time = int(time) if shape == "kinesis" else int(time * 1_000_000)
        if record["eventName"] == "REMOVE":
            del rows[key]
        else:
            rows[key] = row_of(body["NewImage"], time, body.get("SequenceNumber"))
    return rows


@pytest.mark.parametrize("type", TYPES)
@pytest.mark.parametrize("shape", ["streams", "kinesis"])
def test_captured_records_become_the_computed_rows(shape, type, tmp_path, peers):
    expected = expected_rows(CAPTURES[shape], shape)
    lake = program.Lake(tmp_path / "lake", table="crypto.captured", config=HERE / "captures.yaml")
    counts = lake.ingest(CAPTURES[shape], more=("--type", type))
    assert counts["received"] == counts["applied"] == 260
    table = csv_table.from_keyed(expected, list(next(iter(expected.values()))))
    for engine, read in readers.read_all(lake, peers):
        with cell(engine, Case(READS_OURS, 6, "ingest", TYPES[type], "bucket")):
            csv_table.assert_equal(without_own_column(read()), table, engine)


@pytest.mark.parametrize("shape", ["streams", "kinesis"])
def test_captured_records_become_ndjson_rows(shape):
    records = [json.loads(line) for line in CAPTURES[shape].read_text("utf-8").splitlines()]
    done = program.run("transform", input=CAPTURES[shape].read_bytes())
    assert done.stderr == b""
    lines = done.stdout.decode().splitlines()
    assert len(lines) == len(records)
    for record, line in zip(records, lines):
        body = record["dynamodb"]
        item = body["OldImage" if record["eventName"] == "REMOVE" else "NewImage"]
        members = [f"{canonical(name)}:{canonical(plain(value))}" for name, value in item.items()]
        time = body["ApproximateCreationDateTime"]
        time = int(time) if shape == "kinesis" else int(time * 1_000_000)
        tail = {"event_name": record["eventName"], "event_id": record["eventID"],
                "change_time": Number(time), "position": body.get("SequenceNumber")}
        members += [f"{canonical(name)}:{canonical(value)}" for name, value in tail.items()]
        assert line == "{" + ",".join(members) + "}"
