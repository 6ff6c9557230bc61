"""Every operation on every kind of table, by each Spark and by us, in all four directions."""

import pytest

from support import csv_table, readers
from support.cells import (
    CONTINUES_OURS, LACKS, LOGGINGS, OURS, READS_THEIRS, Case, cell, exists, find_lack)
from support.change_feed import ChangeFeed
from support.spark_session import ENGINES, HUDI_0_15, HUDI_1_0, HUDI_1_1
from support.spark_table import READ_OPTIMIZED
from support.table_steps import Steps
from support.written_table import KINDS, WrittenTable, change_logging, job_options, row

SPARKS = {"spark_0_15": HUDI_0_15, "spark_1_0": HUDI_1_0, "spark_1_1": HUDI_1_1}
# Versions that we only read, each by the Hudi that made it.
NEWER = {"spark_1_0": 8, "spark_1_1": 9}
PARTS = ["p0", "p1"]


@pytest.fixture(params=KINDS, ids="-".join)
def kind(request):
    return request.param


@pytest.fixture(params=SPARKS)
def writer(request):
    return request.getfixturevalue(request.param)


@pytest.fixture(params=list(NEWER.items()), ids=lambda newer: f"version_{newer[1]}")
def newer(request):
    """A Spark and the version of the tables that it makes by itself."""
    name, version = request.param
    return request.getfixturevalue(name), version


def can(spark, case: Case) -> bool:
    """Whether no list says that it cannot or need not; test_unsupported.py shows what it cannot."""
    return exists(case) and find_lack(LACKS, spark.name, case) is None


# --- they read ours, they continue ours -----------------------------------------------------------


def test_all_read_what_we_wrote(kind, tmp_path, peers):
    table = WrittenTable(tmp_path, *kind, peers)
    steps = Steps(table)
    steps.do("insert")
    for operation in steps.names():
        steps.do("delete")  # which leaves a log in a merge-on-read table, whatever its index
        table.expect_equal_everywhere(steps.do(operation))
        if operation == "compaction":
            table.expect_equal_everywhere("read-optimized", query=READ_OPTIMIZED)


def test_a_spark_continues_what_we_wrote(kind, writer, tmp_path):
    table = WrittenTable(tmp_path, *kind, [writer])
    steps = Steps(table, writer)
    for operation in ("insert", "upsert", "delete"):
        steps.do(operation)
    table.history.wrote(())
    ours = table.state()
    for operation in steps.names():
        if can(writer, table.history.case(CONTINUES_OURS, operation)):
            table.expect_equal_everywhere(steps.do(operation, by=writer), by=[writer])
            if operation == "delete":
                table.expect_past_everywhere(ours, by=[writer])
            if operation == "compaction":
                table.expect_equal_everywhere("read-optimized", [writer], READ_OPTIMIZED)
            steps.do("upsert")
    table.expect_equal_everywhere("upsert")
    assert "hoodie.table.version=6" in table.properties()


# --- we read theirs, we continue theirs -----------------------------------------------------------


def test_we_read_and_continue_what_a_spark_wrote(kind, writer, tmp_path):
    table = WrittenTable(tmp_path, *kind, [writer], jobs=job_options(*kind))
    steps = Steps(table, writer)
    read_all_that_a_spark_does(table, steps, writer)
    theirs = table.state()
    table.state_index()
    table.history.wrote((writer.name,))
    for operation in steps.names():
        table.expect_equal_everywhere(steps.do(operation))
        if operation == "delete":
            table.expect_past_everywhere(theirs)
        if operation == "compaction":
            table.expect_equal_everywhere("read-optimized", query=READ_OPTIMIZED)
        steps.do("upsert", by=writer)
    table.expect_equal_everywhere("upsert", by=[writer])
    assert "hoodie.table.version=6" in table.properties()


def test_we_read_what_a_spark_wrote_in_a_newer_version(kind, newer, tmp_path):
    writer, version = newer
    table = WrittenTable(tmp_path, *kind, [], jobs=job_options(*kind, version), version=version)
    read_all_that_a_spark_does(table, Steps(table, writer), writer)
    assert f"hoodie.table.version={version}" in table.properties()


def read_all_that_a_spark_does(table, steps, spark) -> None:
    """Every operation by the Spark alone, and what we read after each."""
    first = None
    for operation in steps.names():
        if not can(spark, table.history.case(READS_THEIRS, operation)):
            continue
        for each in steps.do(operation, by=spark):
            expect_read(table, spark, each)
        first = first or table.state()
        if operation == "delete":
            instant, rows = first
            expect_read(table, spark, "time travel", rows=rows, as_of=instant)
            expect_read(table, spark, "incremental", rows=table.later_than(rows), begin=instant)
        if operation == "compaction":
            expect_read(table, spark, "read-optimized", READ_OPTIMIZED)


def expect_read(table, spark, operation: str, *query, rows=None, **past) -> None:
    """Of the past we read `rows`, else all that is expected."""
    expected = table.table_of(table.expected if rows is None else rows)
    with cell(spark.name, table.history.case(READS_THEIRS, operation)):
        read = readers.read_sql_path(table.lake, *query, **past)
        csv_table.assert_equal(read.select(expected.columns), expected, OURS, key="id")


# --- changes that they logged ---------------------------------------------------------------------


def rows(first: int, last: int, seq: int) -> list[dict]:
    return [row(f"k{i:03}", PARTS[i % 2], seq + i) for i in range(first, last)]


def changes_by_a_spark(folder, kind, logging, writer, version: int = 6) -> ChangeFeed:
    """Of a table that the Spark made, read by us."""
    jobs = job_options(*kind, version) | change_logging(logging)
    table = WrittenTable(folder, *kind, [], jobs, version=version)
    table.write_with_spark(writer, "insert", rows(0, 40, 0))
    feed = ChangeFeed(table, logging)
    feed.write("upsert", rows(30, 50, 1000), by=writer)
    feed.write("delete", rows(0, 6, 2000), by=writer)
    feed.expect([], by=[writer])
    return feed


@pytest.mark.parametrize("logging", LOGGINGS)
def test_we_read_and_continue_the_changes_that_a_spark_logged(kind, logging, writer, tmp_path):
    feed = changes_by_a_spark(tmp_path, kind, logging, writer)
    feed.table.state_index()
    feed.write("upsert", rows(40, 60, 3000))
    feed.write("delete", rows(10, 13, 4000))
    feed.expect([writer])


@pytest.mark.parametrize("logging", LOGGINGS)
@pytest.mark.parametrize("type", ["cow", "mor"])
def test_we_read_the_changes_that_a_spark_logged_in_a_newer_version(type, logging, newer, tmp_path):
    changes_by_a_spark(tmp_path, (type, "bloom"), logging, *newer)


def test_the_sparks_of_the_page_are_these():
    assert set(SPARKS.values()) == set(ENGINES)
