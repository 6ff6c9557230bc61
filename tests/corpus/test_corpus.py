"""Malformed and odd records never stop the work, and every one is found again."""

import base64
import json
from collections import Counter

import pytest

import kinds as corpus
from support import csv_table, delivered, program


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """The corpus file and what must become of each of its records."""
    path = tmp_path_factory.mktemp("corpus") / "corpus.ndjson"
    return path, corpus.write(path)


def error_lines(text: str) -> list[tuple[str, bytes]]:
    """(error type, exact bytes of the record) of every error line."""
    lines = []
    for line in text.splitlines():
        error = json.loads(line)
        checksums = {"raw_xxh64", "tapelake.checksum"}
        assert set(error) - checksums == {"error_type", "reason", "source", "offset", "raw_data"}
        assert error["reason"]
        lines.append((error["error_type"], base64.b64decode(error["raw_data"], validate=True)))
    return lines


# A file source hands out this much of a line over the limit; the error object's offset leads to the rest.
LINE_BYTES_MAX = (16 << 20) + 1


def without_return(record: bytes) -> bytes:
    return record[:-1] if record.endswith(b"\r") else record


def test_the_corpus_is_broad(made):
    kinds = made[1]
    assert len(kinds) >= 60
    wanted = {"invalid-json", "invalid-base64", "too-deep", "unknown-shape", "unknown-event", "no-key",
              "no-order", "no-image", "invalid-attribute", "duplicate-key", "too-large", "no-partition",
              "wrong-shape", "row", "duplicate", "stale"}
    assert {kind.ingest for kind in kinds} == wanted


def test_transform_finds_every_piece_again(made):
    path, kinds = made
    done = program.run("transform", input=path.read_bytes())
    rows = [json.loads(line, parse_int=str, parse_float=str) for line in done.stdout.splitlines()]
    errors = error_lines(done.stderr.decode())
    assert errors == [(kind.transform, without_return(kind.record))
                      for kind in kinds if kind.transform != corpus.ROW]
    good = [kind for kind in kinds if kind.transform == corpus.ROW]
    assert len(rows) == len(good)
    for kind, row in zip(good, rows):
        assert row["event_name"] == "INSERT"
        if kind.key:
            assert row["transaction_id"] == kind.key, kind.name
    by_key = {row.get("transaction_id"): row for row in rows}
    assert by_key["39 digits"]["price"] == "123456789012345678901234567890123456789"
    assert by_key["name of a row line member"]["_rescued"] == {"change_time": {"S": "v"}}
    assert by_key["string of 1 MB"]["wallet_address"] == "w" * 1_000_000
    assert by_key["number without an integer part"]["price"] == "-0.5"


def test_offsets_point_at_the_records(made):
    path, kinds = made
    data = path.read_bytes()
    done = program.run("transform", input=data)
    for line in done.stderr.splitlines():
        error = json.loads(line)
        raw = base64.b64decode(error["raw_data"])
        assert data[error["offset"]:error["offset"] + len(raw)] == raw


def test_a_payload_gives_every_record_back(made):
    kinds = [kind for kind in made[1] if kind.transform != "too-large"]
    records = [{"recordId": str(i), "data": base64.b64encode(kind.record).decode()}
               for i, kind in enumerate(kinds)]
    payload = json.dumps({"invocationId": "i", "records": records}).encode()
    done = program.run("transform", "--payload", input=payload + b"\n")
    answers = json.loads(done.stdout)["records"]
    assert [answer["recordId"] for answer in answers] == [str(i) for i in range(len(kinds))]
    for kind, sent, answer in zip(kinds, records, answers):
        if answer["result"] == "Ok":
            row = json.loads(base64.b64decode(answer["data"]))
            assert not kind.key or row["transaction_id"] == kind.key, kind.name
            assert kind.transform == corpus.ROW, kind.name
        else:
            assert answer == {**sent, "result": "ProcessingFailed"}, kind.name
            assert kind.transform != corpus.ROW or kind.name == "base64 of a record", kind.name


@pytest.fixture(scope="module")
def ingested(made, tmp_path_factory):
    """A lake into which the corpus went, with the counts of that run."""
    lake = program.Lake(tmp_path_factory.mktemp("corpus-lake") / "lake")
    return lake, lake.ingest(made[0])


def test_ingest_accounts_for_every_record(made, ingested):
    kinds, counts = made[1], ingested[1]
    fates = Counter(kind.ingest for kind in kinds)
    assert counts["received"] == len(kinds)
    assert counts["duplicates"] == fates["duplicate"]
    assert counts["stale"] == fates["stale"]
    assert counts["applied"] == fates[corpus.ROW]
    assert counts["applied"] + counts["duplicates"] + counts["stale"] + counts["errors"] == counts["received"]


def test_ingest_keeps_what_it_refuses(made, ingested):
    kinds, lake = made[1], ingested[0]
    found = Counter()
    for path in sorted((lake.path / "errors").rglob("*.ndjson")):
        kind_folder = path.relative_to(lake.path / "errors").parts[0]
        for error_type, raw in error_lines(path.read_text("utf-8")):
            assert error_type == kind_folder
            found[error_type, raw] += 1
    fates = {corpus.ROW, "duplicate", "stale"}
    assert found == Counter((kind.ingest, without_return(kind.record)[:LINE_BYTES_MAX])
                            for kind in kinds if kind.ingest not in fates)


def test_the_table_holds_every_good_record(made, ingested):
    kinds, lake = made[1], ingested[0]
    rows = lake.sql("SELECT * FROM crypto.transactions").by_key()
    good = {kind.key: kind for kind in kinds if kind.ingest == corpus.ROW}
    assert set(rows) == set(good)
    for key, kind in good.items():
        row = rows[key]
        assert row["_rescued"] == (kind.rescued or csv_table.NULL), kind.name
        assert row["event_date"] == corpus.DAY, kind.name
        for column, cell in kind.cells.items():
            assert row[column] == cell, (kind.name, column)
    names = list(next(iter(rows.values())))
    lowered = [name.lower() for name in names]
    assert len(set(lowered)) == len(lowered)
    assert sum(name.startswith("_hoodie_") for name in names) == 5


def test_a_replay_of_the_corpus_gives_the_same_table_and_errors(made, ingested, tmp_path):
    path, kinds = made
    source = delivered.run_up(tmp_path, path)
    replayed = program.Lake(tmp_path / "replayed")
    into = ("--lake", replayed.path, "--from-lake", source.path, "--table", replayed.table, "--type", "cow")
    program.run("replay", "--raw", "all", *into)
    assert delivered.rows_of(replayed) == delivered.rows_of(ingested[0])
    assert len(delivered.lines_of(delivered.raw_objects(source))) == \
        sum(kind.ingest in {corpus.ROW, "duplicate", "stale"} for kind in kinds)
    errors = program.run("replay", "--errors", "all", "--from-lake", source.path).stdout
    assert Counter(errors.splitlines()) == Counter(
        without_return(kind.record)[:LINE_BYTES_MAX] for kind in kinds
        if kind.ingest not in {corpus.ROW, "duplicate", "stale"})
