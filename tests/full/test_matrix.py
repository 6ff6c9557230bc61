"""Every operation on every kind of table, by each Spark and by us, in all four directions."""

import copy
from collections import Counter

import pytest

from support import csv_table, readers
from support.cells import (
    CONTINUES_OURS, COW, LACKS, OURS, READS_THEIRS, Case, cell, find_lack)
from support.spark_session import ENGINES, HUDI_0_15, HUDI_1_0, HUDI_1_1
from support.spark_table import READ_OPTIMIZED
from support.table_steps import Steps
from support.written_table import KINDS, WrittenTable, job_options, row

SPARKS = {"spark_0_15": HUDI_0_15, "spark_1_0": HUDI_1_0, "spark_1_1": HUDI_1_1}


@pytest.fixture(params=KINDS, ids="-".join)
def kind(request):
    return request.param


@pytest.fixture(params=SPARKS)
def writer(request):
    return request.getfixturevalue(request.param)


def can(spark, case: Case) -> bool:
    """Whether the list does not say that it cannot; test_unsupported.py shows what it cannot."""
    return find_lack(LACKS, spark.name, case) is None


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
    steps = Steps(table)
    for operation in ("insert", "upsert", "delete"):
        steps.do(operation)
    table.history.wrote(())
    for operation in steps.names():
        if can(writer, table.history.case(CONTINUES_OURS, operation)):
            done = steps.do(operation, by=writer)
            table.expect_equal_everywhere(done, by=[writer])
            steps.do("upsert")
    table.expect_equal_everywhere("upsert")
    assert "hoodie.table.version=6" in table.properties()


def test_we_read_and_continue_what_a_spark_wrote(kind, writer, tmp_path):
    table = WrittenTable(tmp_path, *kind, [writer], jobs=job_options(*kind))
    steps = Steps(table)
    states = []
    for operation in steps.names():
        if can(writer, table.history.case(READS_THEIRS, operation)):
            done = steps.do(operation, by=writer)
            for each in done:
                expect_read(table, writer, each)
            states.append((table.instants()[-1].partition(".")[0], copy.deepcopy(table.expected)))
            if operation == "delete":
                expect_past_read(table, writer, states)
            if operation == "compaction":
                expect_read(table, writer, "read-optimized", READ_OPTIMIZED)
    if table.index == "bucket":  # Spark does not store the index of its job: who goes on must
        file = table.path / ".hoodie" / "hoodie.properties"
        stated = {name: value for name, value in table.jobs.items() if "index" in name}
        file.write_text(table.properties() + "".join(f"{n}={v}\n" for n, v in stated.items()))
        (file.parent / ".hoodie.properties.crc").unlink(missing_ok=True)
    table.history.wrote((writer.name,))
    for operation in steps.names():
        table.expect_equal_everywhere(steps.do(operation))
        steps.do("upsert", by=writer)
    table.expect_equal_everywhere("upsert", by=[writer])
    assert "hoodie.table.version=6" in table.properties()


def expect_read(table, spark, operation: str, *query, expected=None, **past) -> None:
    expected = expected or table.table_of(table.expected)
    with cell(spark.name, table.history.case(READS_THEIRS, operation)):
        rows = readers.read_sql_path(table.lake, *query, **past)
        csv_table.assert_equal(rows.select(expected.columns), expected, OURS, key="id")


def expect_past_read(table, spark, states) -> None:
    """After insert, upsert and delete: as of the insert, and what came after it."""
    first, rows = states[0]
    expect_read(table, spark, "time travel", expected=table.table_of(rows), as_of=first)
    later = {key: each for key, each in table.expected.items() if each != rows.get(key)}
    assert 0 < len(later) < len(table.expected)
    expect_read(table, spark, "incremental", expected=table.table_of(later), begin=first)


@pytest.mark.parametrize("logging", ["DATA_BEFORE_AFTER", "DATA_BEFORE", "OP_KEY_ONLY"])
def test_we_read_the_changes_that_a_spark_logged(logging, writer, tmp_path):
    jobs = job_options("cow", "bloom") | {
        "hoodie.table.cdc.enabled": "true", "hoodie.table.cdc.supplemental.logging.mode": logging}
    table = WrittenTable(tmp_path, "cow", "bloom", [], jobs=jobs)
    for operation, first, last in (("insert", 0, 30), ("upsert", 20, 40), ("delete", 0, 6)):
        table.write_with_spark(writer, operation, [row(f"k{i:03}", "p0", i) for i in range(first, last)])
    begin = table.instants()[0].partition(".")[0]
    rows = table.lake.sql(
        f"SELECT op, _hoodie_record_key FROM hudi_changes('{table.path}', '{begin}')").rows
    expected = Counter((op, f"k{i:03}") for op, first, last in
                       (("u", 20, 30), ("i", 30, 40), ("d", 0, 6)) for i in range(first, last))
    with cell(writer.name, Case(READS_THEIRS, 6, f"change data, {logging}", COW, "bloom")):
        assert Counter(map(tuple, rows)) == expected


def test_the_sparks_of_the_page_are_these():
    assert set(SPARKS.values()) == set(ENGINES)
