"""Savepoint, restore, compaction and cleaning by hand, between two Sparks that read and write on.

One table per type goes through the steps; whoever restores, everybody sees the pinned rows.
"""

import copy
import json

import pytest

from support import csv_table, program
from support.lake_under_test import LakeUnderTest

CHANGES = 5_000
SPARK_CHANGES = {"updates": 60, "inserts": 40, "deletes": 20}


def told(table, verb, *arguments) -> dict:
    return json.loads(program.run("table", verb, table.lake.table, "--lake", table.lake.path,
                                  "--json", *arguments).stdout)


def call(spark, procedure: str, **arguments) -> csv_table.Table:
    """A stored procedure of Hudi."""
    given = ", ".join(f"{name} => '{value}'" for name, value in arguments.items())
    return spark.sql(f"call {procedure}({given})")


@pytest.mark.parametrize("type", ["mor", "cow"])
def test_pinned_rows_come_back_whoever_restores(type, tmp_path, spark_0_15, sparks, peers):
    table = LakeUnderTest(tmp_path, type, "streams", CHANGES, sparks, peers=peers)
    table.ingest(table.simulation.events, "commit: {changes_max: 1500}")
    table.ingest(table.further_changes())
    pinned = told(table, "savepoint", "--comment", "before the trial")["savepoint"]
    rows = copy.deepcopy(table.expected)
    savepoints = call(spark_0_15, "show_savepoints", path=table.lake.table_path)
    assert savepoints.select(["savepoint_time"]).rows == [[pinned]]

    table.ingest(table.further_changes())
    if type == "mor":
        told(table, "compact")
    table.ingest(table.further_changes())
    assert told(table, "restore", pinned)["instants_taken_back"] >= 2
    table.expected = copy.deepcopy(rows)
    table.expect_equal_everywhere(["savepoint", "restore"])
    assert told(table, "verify")["sound"]

    for spark in reversed(table.sparks):
        table.change_with_spark(spark, **SPARK_CHANGES)
    table.expect_equal_everywhere(["upsert", "delete"], by=table.sparks)
    assert told(table, "verify")["sound"]

    call(spark_0_15, "rollback_to_savepoint", path=table.lake.table_path, instant_time=pinned)
    table.expected = copy.deepcopy(rows)
    table.expect_equal_everywhere("restore", by=[spark_0_15])
    assert told(table, "verify")["sound"]

    table.ingest(table.further_changes())
    if type == "mor":
        told(table, "compact")
    told(table, "savepoint", pinned, "--delete")
    told(table, "clean", "--versions", "1", "--readers", "0s")
    assert told(table, "verify")["sound"]
    table.expect_equal_everywhere("clean")
    table.change_with_spark(spark_0_15, **SPARK_CHANGES)
    table.expect_equal_everywhere(["upsert", "delete"], by=[spark_0_15])
    assert told(table, "verify")["sound"]
