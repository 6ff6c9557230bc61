"""Row groups that were moved without decoding them: ours, Spark's, and those of merged files."""

import json
from decimal import Decimal

import pyarrow.parquet
import pytest
from support import csv_table, program, readers
from support.cells import COW, READS_OURS, History, cell
from support.lake_under_test import LakeUnderTest
from support.parquet_chunks import moved_row_groups

CHANGES = 60_000  # with one bucket a partition, so that a file has enough rows to be moved
BIG_DAY = "2024-05-02"
NEW_ROWS = 50
SPARK_CHANGES = {"updates": 60, "inserts": 40, "deletes": 20}


@pytest.fixture(scope="module")
def table(tmp_path_factory, sparks, peers):
    table = LakeUnderTest(tmp_path_factory.mktemp("moved"), "cow", "streams", CHANGES,
                          sparks, buckets=1, peers=peers)
    table.ingest(table.simulation.events, "commit: {changes_max: 1000000}")
    return table


def newest_file(table):
    """The base file of the big day: the name ends with its instant."""
    folder = table.lake.table_path / f"event_date={BIG_DAY}"
    return max(folder.glob("*.parquet"), key=lambda path: path.stem.rsplit("_", 1)[1])


def insert_on_the_big_day(table):
    """New rows only: no stored row is replaced."""
    table.rounds += 1
    plain = [key for key, row in sorted(table.expected.items())
             if row["event_date"] == BIG_DAY and table.is_plain(row)]
    for number, key in enumerate(plain[:NEW_ROWS]):
        new_key = f"moved-{table.rounds}-{number}"
        new = table.expected[key] | {"transaction_id": new_key}
        table.expected[new_key] = new | table.maker.change("INSERT", new_key, None, new)
    file = table.maker.write(table.folder / f"inserts-{table.rounds}.ndjson")
    table.maker.lines.clear()
    table.ingest(file)


def is_sound(table) -> bool:
    done = program.run("table", "verify", table.lake.table, "--lake", table.lake.path, "--json")
    return json.loads(done.stdout)["sound"]


def expect_single_files_equal(table, file):
    """Readers of nothing but the Parquet file: every value, page index and statistics included."""
    rows = {key: row for key, row in table.expected.items() if row["event_date"] == BIG_DAY}
    arrow = pyarrow.parquet.ParquetFile(file, page_checksum_verification=True).read()
    assert arrow.num_rows == len(rows)
    columns = ["transaction_id", "trading_pair", "price", "_change_time"]
    expected = csv_table.from_keyed(rows, table.columns).select(columns)
    by_arrow = [[csv_table.cell(value) for value in row.values()]
                for row in arrow.select(columns).to_pylist()]
    csv_table.assert_equal(csv_table.Table(columns, by_arrow), expected, "pyarrow")
    source = f"FROM read_parquet('{file}')"
    csv_table.assert_equal(table.lake.sql(f"SELECT {', '.join(columns)} {source}"), expected, "DuckDB")
    some = list(rows)[::97]  # found through statistics
    keys = ", ".join(f"'{key}'" for key in some)
    found = table.lake.sql(f"SELECT count(*) {source} WHERE transaction_id IN ({keys})")
    assert found.rows == [[str(len(some))]]


def expect_equal_with_both_parquet_readers_of_spark(table, operation, spark_0_15):
    table.expect_equal_everywhere(operation)
    setting = "spark.sql.parquet.enableVectorizedReader"
    spark_0_15.session.conf.set(setting, "false")
    try:
        expected = csv_table.from_keyed(table.expected, table.columns)
        with cell(spark_0_15.name, table.history.case(READS_OURS, operation)):
            read = spark_0_15.read(table.lake.table_path).select(table.columns)
            csv_table.assert_equal(read, expected, "Spark, row by row")
    finally:
        spark_0_15.session.conf.unset(setting)


def test_readers_take_moved_row_groups_of_ours(table, spark_0_15):
    before = newest_file(table)
    insert_on_the_big_day(table)
    after = newest_file(table)
    assert after != before
    assert moved_row_groups(before, after) == [0]
    assert pyarrow.parquet.ParquetFile(after).num_row_groups == 2
    expect_single_files_equal(table, after)
    expect_equal_with_both_parquet_readers_of_spark(table, "ingest", spark_0_15)
    assert is_sound(table)


def test_readers_take_moved_row_groups_of_spark(table, spark_0_15):
    table.change_with_spark(spark_0_15, **SPARK_CHANGES)
    before = newest_file(table)
    assert "parquet-mr" in pyarrow.parquet.ParquetFile(before).metadata.created_by
    insert_on_the_big_day(table)
    after = newest_file(table)
    assert moved_row_groups(before, after) == [0]
    assert pyarrow.parquet.ParquetFile(after).metadata.row_group(0).column(0).compression == "GZIP"
    expect_single_files_equal(table, after)
    expect_equal_with_both_parquet_readers_of_spark(table, "ingest", spark_0_15)
    assert is_sound(table)
    table.change_with_spark(spark_0_15, **SPARK_CHANGES)
    table.expect_equal_everywhere(["upsert", "delete"], by=[spark_0_15])
    assert is_sound(table)


def test_merged_small_files_are_moved_row_groups(tmp_path, spark, spark_0_15, peers):
    from pyspark.sql import functions as F

    path = tmp_path / "lake" / "crypto" / "merged"
    rows = 40_000
    frame = spark.range(rows).repartition(2).select(
        F.concat(F.lit("tx"), F.col("id")).alias("transaction_id"),
        (F.col("id") * F.lit("1.00000001").cast("decimal(18,8)")).cast("decimal(38,18)")
        .alias("price"),
        F.when(F.col("id") % 7 != 0, F.lit("some")).alias("note"),
        F.lit("a").alias("exchange"), F.col("id").alias("_change_seq"))
    options = {
        "hoodie.table.name": "merged",
        "hoodie.datasource.write.operation": "bulk_insert",
        "hoodie.datasource.write.recordkey.field": "transaction_id",
        "hoodie.datasource.write.precombine.field": "_change_seq",
        "hoodie.datasource.write.partitionpath.field": "exchange",
        "hoodie.bulkinsert.sort.mode": "NONE",
    }
    frame.write.format("hudi").options(**options).mode("append").save(str(path))
    small = list((path / "a").glob("*.parquet"))
    assert len(small) == 2
    lake = program.Lake(tmp_path / "lake", table="crypto.merged")
    program.run("table", "cluster", lake.table, "--lake", lake.path, "--json")
    (merged,) = set((path / "a").glob("*.parquet")) - set(small)
    moved = [group for file in small for group in moved_row_groups(file, merged)]
    assert sorted(moved) == [0, 1]
    expected = csv_table.Table(
        ["transaction_id", "price", "note", "exchange", "_change_seq"],
        [[f"tx{i}", format(i + i * Decimal("1E-8"), ".18f"),
          csv_table.NULL if i % 7 == 0 else "some", "a", str(i)] for i in range(rows)])
    history = History(COW, "bloom")
    history.wrote((spark_0_15.name,))
    for engine, read in readers.read_all(lake, peers):
        with history.reading(engine, "clustering"):
            csv_table.assert_equal(read(), expected, engine)
