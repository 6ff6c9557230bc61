"""The past of what we wrote, as every engine tells it: as of a commit, and what came after one."""

import copy

import pytest

from support import csv_table, readers
from support.cells import OURS, READS_OURS, cell
from support.spark_table import INCREMENTAL, SNAPSHOT
from support.written_table import KINDS, WrittenTable, row

PARTS = ["p0", "p1"]


def rows(first: int, last: int, seq: int) -> list[dict]:
    return [row(f"k{i:06}", PARTS[i % 2], seq + i, f"at {seq}") for i in range(first, last)]


@pytest.fixture(params=KINDS, ids="-".join)
def table(request, tmp_path, sparks):
    """Four commits; `states` are the rows after each."""
    table = WrittenTable(tmp_path, *request.param, sparks)
    table.commits, table.states = [], []
    for operation, some in (("insert", rows(0, 60, 0)), ("upsert", rows(30, 90, 1000)),
                            ("delete", rows(0, 20, 2000)), ("upsert", rows(80, 110, 3000))):
        table.commits.append(table.write(operation, some)["instant"])
        table.states.append(copy.deepcopy(table.expected))
    return table


def expect_equal(table, operation: str, expected: csv_table.Table, reads: dict) -> None:
    for engine, read in reads.items():
        with cell(engine, table.history.case(READS_OURS, operation)):
            csv_table.assert_equal(read().select(expected.columns), expected, engine, key="id")


def test_every_engine_travels_to_a_commit_of_ours(table, sparks):
    then = table.commits[1]
    reads = {spark.name: lambda spark=spark: spark.read(table.path, SNAPSHOT, {"as.of.instant": then})
             for spark in sparks}
    reads[readers.HUDI_RS] = lambda: readers.read_hudi_rs(table.path, as_of=then)
    reads[OURS] = lambda: readers.read_sql_path(table.lake, as_of=then)
    expect_equal(table, "time travel", table.table_of(table.states[1]), reads)


def test_every_engine_reads_what_came_after_a_commit_of_ours(table, sparks):
    begin = table.commits[0]
    options = {"hoodie.datasource.read.begin.instanttime": begin}
    reads = {spark.name: lambda spark=spark: spark.read(table.path, INCREMENTAL, options)
             for spark in sparks}
    reads[readers.HUDI_RS] = lambda: readers.read_hudi_rs(table.path, begin=begin)
    reads[OURS] = lambda: readers.read_sql_path(table.lake, begin=begin)
    later = {key: each for key, each in table.expected.items() if each["seq"] >= 1000}
    assert 0 < len(later) < len(table.expected)
    expect_equal(table, "incremental", table.table_of(later), reads)
