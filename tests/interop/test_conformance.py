"""The main claim: what was simulated is what Spark, hudi-rs and SQL read, also after Spark wrote."""

import datetime
import os
from decimal import Decimal

import pytest

from support import csv_table, program, readers
from support.cells import cell
from support.csv_table import NULL
from support.records import ChangeMaker, compress

SPARK, HUDI_RS, SQL = "Spark 3.5 + Hudi 0.15", "hudi-rs 0.5", "tapelake sql"
FULL = os.environ.get("TAPELAKE_CONFORMANCE") == "full"
CHANGES = {"streams": 100_000, "kinesis": 100_000 if FULL else 20_000}
OWN_COLUMN = "_change_seq"  # in the table, not in the expected file
SPARK_UPSERTS, SPARK_DELETES, SPARK_INSERTS = 1_000, 100, 400


class Conformance:
    """One lake that goes through the steps in order, and what it must hold by now."""

    def __init__(self, shape: str, folder, spark):
        self.shape, self.spark, self.folder = shape, spark, folder
        self.simulation = program.simulate(folder, seed=7, changes=CHANGES[shape], shape=shape)
        self.columns = self.simulation.expected.columns
        self.expected = self.simulation.expected.by_key()
        self.lake = program.Lake(folder / "lake")
        self.first_counts = self.lake.ingest(self.simulation.events)

    def expect_all_readers_equal(self, operation: str) -> None:
        """Compare the three readers with `expected`, every row and column."""
        expected = csv_table.from_keyed(self.expected, self.columns)
        name = f"{operation} ({self.shape} records)"
        for engine, read in (
            (SPARK, lambda: readers.read_spark(self.spark, self.lake.table_path)),
            (HUDI_RS, lambda: readers.read_hudi_rs(self.lake.table_path)),
            (SQL, lambda: readers.read_sql(self.lake)),
            (SQL, lambda: readers.read_sql_path(self.lake)),
        ):
            with cell(engine, name):
                csv_table.assert_equal(self.without_own_column(read()), expected, engine)

    def without_own_column(self, table: csv_table.Table) -> csv_table.Table:
        own = table.select([OWN_COLUMN])
        assert all(row[0] != NULL for row in own.rows)
        return table.select([name for name in table.columns if name != OWN_COLUMN])

    def stored(self):
        """The table as a Spark frame without Hudi's own columns."""
        frame = self.spark.read.format("hudi").load(str(self.lake.table_path))
        return frame.drop(*[name for name in frame.columns if name.startswith("_hoodie_")])

    def last_change_seq(self) -> int:
        return int(self.lake.sql(f"SELECT max({OWN_COLUMN}) FROM {self.lake.table}").rows[0][0])


@pytest.fixture(scope="module", params=["streams", "kinesis"])
def conformance(request, tmp_path_factory, spark):
    return Conformance(request.param, tmp_path_factory.mktemp(request.param), spark)


def test_all_readers_see_the_simulated_table(conformance):
    conformance.expect_all_readers_equal("read what ingest wrote")


def test_every_change_is_accounted_for(conformance):
    counts = conformance.first_counts
    with open(conformance.simulation.events, encoding="utf-8") as events:
        lines = sum(1 for _ in events)
    assert lines > CHANGES[conformance.shape]
    assert counts["received"] == lines
    parts = ("applied", "duplicates", "stale", "errors")
    assert sum(counts[part] for part in parts) == lines
    assert counts["duplicates"] > 0 and counts["errors"] == 0


def test_the_simulation_holds_what_makes_it_hard(conformance):
    columns = conformance.columns
    assert len(columns) > 12 + 4, "no attribute was added midway"
    rows = conformance.expected.values()
    assert any(row["_rescued"] != NULL for row in rows), "no value of an unexpected type"
    assert len({row["event_date"] for row in rows}) > 1, "one partition only"
    for name in [n for n in columns if n not in program_columns()]:
        assert {row[name] == NULL for row in rows} == {True, False}, f"{name} is not partly null"


def program_columns() -> set[str]:
    return {
        "transaction_id", "timestamp", "exchange", "trading_pair", "order_type", "price",
        "quantity", "trade_fee", "trade_status", "user_id", "wallet_address", "order_source",
        "event_date", "_rescued", "_change_time", "_change_sequence",
    }


def test_the_same_file_again_changes_nothing(conformance):
    before = conformance.lake.instants()
    counts = conformance.lake.ingest(conformance.simulation.events)
    assert counts["applied"] == 0
    assert conformance.lake.instants() == before


def test_the_same_events_from_another_source_leave_the_table_as_it_is(conformance):
    # No position is known for this file: the order of changes itself must say no. Keys that were
    # removed longer ago than the horizon come and go once more, within the commit.
    copy = compress(conformance.simulation.events, conformance.folder / "again.ndjson.gz")
    counts = conformance.lake.ingest(copy)
    assert counts["received"] == conformance.first_counts["received"]
    assert counts["duplicates"] > counts["received"] * 0.8
    assert counts["inserted_rows"] == counts["deleted_rows"] == 0
    expected = csv_table.from_keyed(conformance.expected, conformance.columns)
    rows = conformance.without_own_column(readers.read_sql(conformance.lake))
    csv_table.assert_equal(rows, expected, SQL)


def test_spark_upserts_and_deletes_with_the_table_name_alone(conformance):
    """Step two: Spark's DataFrame writer, no option but the table name (and the operation)."""
    spark_changes_rows(conformance)
    conformance.expect_all_readers_equal("read after Spark's upsert of 1,000 and delete of 100")


def spark_changes_rows(conformance) -> None:
    """Update 600 rows, insert 400, then delete 100 others; keep `expected` in step."""
    from pyspark.sql import functions as F

    keys = sorted(conformance.expected)
    updated = spread(keys, SPARK_UPSERTS - SPARK_INSERTS)
    copied = updated[:SPARK_INSERTS]
    deleted = spread(sorted(set(keys) - set(updated)), SPARK_DELETES)
    assert (len(updated), len(deleted)) == (SPARK_UPSERTS - SPARK_INSERTS, SPARK_DELETES)

    stored = conformance.stored().cache()
    seq = conformance.last_change_seq()
    changed = stored.where(F.col("transaction_id").isin(updated)).withColumns({
        "price": (F.col("price") + F.lit("0.000000000000000001").cast("decimal(38,18)"))
        .cast("decimal(38,18)"),
        "trade_status": F.lit("AUDITED"),
        OWN_COLUMN: F.lit(seq + 1).cast("bigint"),
    })
    inserted = stored.where(F.col("transaction_id").isin(copied)).withColumns({
        "transaction_id": F.concat(F.lit("spark-"), F.col("transaction_id")),
        OWN_COLUMN: F.lit(seq + 2).cast("bigint"),
    })
    write_with_spark(conformance, changed.unionByName(inserted), rows=SPARK_UPSERTS)
    write_with_spark(conformance, stored.where(F.col("transaction_id").isin(deleted)),
                     rows=SPARK_DELETES, operation="delete")
    stored.unpersist()

    before = {key: dict(conformance.expected[key]) for key in updated}
    for key in updated:
        row = conformance.expected[key]
        if row["price"] != NULL:
            row["price"] = format(Decimal(row["price"]) + Decimal("1E-18"), "f")
        row["trade_status"] = "AUDITED"
    for key in copied:
        new_key = "spark-" + key
        conformance.expected[new_key] = before[key] | {"transaction_id": new_key}
    for key in deleted:
        del conformance.expected[key]


def spread(keys: list[str], count: int) -> list[str]:
    """Return `count` of the keys, evenly spread."""
    return keys[:: len(keys) // count][:count]


def write_with_spark(conformance, frame, rows: int, operation: str | None = None) -> None:
    frame = frame.cache()
    assert frame.count() == rows
    writer = frame.write.format("hudi").option("hoodie.table.name", "transactions")
    if operation:
        writer = writer.option("hoodie.datasource.write.operation", operation)
    writer.mode("append").save(str(conformance.lake.table_path))
    frame.unpersist()


def test_ingest_commits_again_after_spark(conformance):
    """Step three: new, changed, moved and removed rows, also rows that Spark had written."""
    path = make_further_changes(conformance).write(conformance.folder / "further.ndjson")
    counts = conformance.lake.ingest(path)
    assert counts["applied"] == counts["received"] > 0
    conformance.expect_all_readers_equal("read after our commit on top of Spark's")


def make_further_changes(conformance) -> ChangeMaker:
    rows = conformance.expected
    maker = ChangeMaker(conformance.simulation.events, conformance.shape,
                        numbers={"price", "quantity", "trade_fee"})
    plain = [key for key, row in sorted(rows.items()) if is_plain(conformance, row)]
    by_spark = [key for key in plain if rows[key]["trade_status"] == "AUDITED"][:40]
    by_spark += [key for key in plain if key.startswith("spark-")][:40]
    by_us = [key for key in plain if key not in set(by_spark)][:: max(1, len(plain) // 120)][:120]
    for index, key in enumerate(by_spark + by_us):
        old, kind = rows[key], ("REMOVE", "MODIFY", "INSERT", "MODIFY")[index % 4]
        if kind == "REMOVE":
            maker.change(kind, key, rows.pop(key), None)
            continue
        new_key = f"made-{index}" if kind == "INSERT" else key
        new = old | {"transaction_id": new_key, "trade_fee": nudged(old["trade_fee"])}
        if index % 4 == 1:  # the row moves to another day
            new["timestamp"] = f"2024-06-0{1 + index % 9}{old['timestamp'][10:]}"
        new["event_date"] = new["timestamp"][:10]
        rows[new_key] = new | maker.change(kind, new_key, old if new_key == key else None, new)
    return maker


def nudged(amount: str) -> str:
    """The next larger amount of 18 decimals."""
    return format(Decimal(amount) + Decimal("1E-18"), "f")


def is_plain(conformance, row) -> bool:
    """Rows whose image the test can write: declared columns only, nothing rescued."""
    added = [name for name in conformance.columns if name not in program_columns()]
    return (row["_rescued"] == NULL and row["trade_fee"] != NULL and row["timestamp"] != NULL
            and all(row[name] == NULL for name in added))


def test_two_halves_make_the_same_table(tmp_path, spark):
    """The same changes in two runs, from .gz and .zst, end in the same table."""
    simulation = program.simulate(tmp_path, seed=11, changes=20_000, shape="kinesis")
    lines = simulation.events.read_bytes().splitlines(keepends=True)
    first, second = tmp_path / "first.ndjson", tmp_path / "second.ndjson"
    first.write_bytes(b"".join(lines[: len(lines) // 2]))
    second.write_bytes(b"".join(lines[len(lines) // 2:]))
    lake = program.Lake(tmp_path / "lake")
    counts = [
        lake.ingest(compress(first, tmp_path / "first.ndjson.gz")),
        lake.ingest(compress(second, tmp_path / "second.ndjson.zst")),
    ]
    assert sum(count["received"] for count in counts) == len(lines)
    for engine, table in (
        (SPARK, readers.read_spark(spark, lake.table_path)),
        (HUDI_RS, readers.read_hudi_rs(lake.table_path)),
        (SQL, readers.read_sql(lake)),
    ):
        with cell(engine, "read what two runs of ingest wrote"):
            rows = table.select([name for name in table.columns if name != OWN_COLUMN])
            csv_table.assert_equal(rows, simulation.expected, engine)


def test_a_growing_file_is_taken_up_where_it_ended(tmp_path):
    simulation = program.simulate(tmp_path, seed=12, changes=5_000, shape="streams")
    lines = simulation.events.read_bytes().splitlines(keepends=True)
    growing, lake = tmp_path / "growing.ndjson", program.Lake(tmp_path / "lake")
    received = 0
    for end in (len(lines) // 3, len(lines) // 2, len(lines)):
        growing.write_bytes(b"".join(lines[:end]))
        received += lake.ingest(growing)["received"]
        assert received == end
    rows = readers.read_sql(lake)
    rows = rows.select([name for name in rows.columns if name != OWN_COLUMN])
    csv_table.assert_equal(rows, simulation.expected, SQL)


def test_sql_reads_a_table_that_spark_made_with_its_defaults(tmp_path, spark):
    """Foreign tables: bloom index, metadata table, Spark's own file names."""
    from pyspark.sql import functions as F

    path = tmp_path / "lake" / "crypto" / "plain"
    frame = spark.range(500).select(
        F.concat(F.lit("tx"), F.col("id")).alias("transaction_id"),
        (F.col("id") * F.lit("1.00000001").cast("decimal(18,8)")).cast("decimal(38,18)")
        .alias("price"),
        F.timestamp_seconds(F.col("id") * 1000 + 1_714_600_800).alias("timestamp"),
        (F.col("id") % 3).cast("string").alias("exchange"),
        F.col("id").alias("_change_seq"),
    )
    options = {
        "hoodie.table.name": "plain",
        "hoodie.datasource.write.recordkey.field": "transaction_id",
        "hoodie.datasource.write.precombine.field": "_change_seq",
        "hoodie.datasource.write.partitionpath.field": "exchange",
    }
    frame.write.format("hudi").options(**options).mode("append").save(str(path))
    newer = frame.where("id % 5 = 0").withColumn("price", F.lit("7.5").cast("decimal(38,18)"))
    newer.write.format("hudi").options(**options).mode("append").save(str(path))
    lake = program.Lake(tmp_path / "lake", table="crypto.plain")
    start = datetime.datetime(2024, 5, 1, 22)
    rows = [[f"tx{i}", "7.5" + "0" * 17 if i % 5 == 0 else format(i * Decimal("1.00000001"), ".18f"),
             csv_table.cell(start + datetime.timedelta(seconds=1000 * i)), str(i % 3), str(i)]
            for i in range(500)]
    expected = csv_table.Table(
        ["transaction_id", "price", "timestamp", "exchange", OWN_COLUMN], rows)
    for engine, read in ((SPARK, lambda: readers.read_spark(spark, path)),
                         (HUDI_RS, lambda: readers.read_hudi_rs(path)),
                         (SQL, lambda: readers.read_sql_path(lake))):
        with cell(engine, "read a table that Spark wrote with its defaults"):
            csv_table.assert_equal(read(), expected, engine)
