"""Savepoint, restore, compaction and cleaning by hand, between two Sparks that read and write on.

One table per type goes through the steps; whoever restores, everybody sees the pinned rows.
"""

import copy
import json

import pytest

from support import program
from support.lake_under_test import LakeUnderTest

CHANGES = 5_000
SPARK_CHANGES = {"updates": 60, "inserts": 40, "deletes": 20}


def told(table, verb, *arguments) -> dict:
    return json.loads(program.run("table", verb, table.lake.table, "--lake", table.lake.path,
                                  "--json", *arguments).stdout)


def call(spark, procedure: str, **arguments) -> list:
    """A stored procedure of Hudi."""
    given = ", ".join(f"{name} => '{value}'" for name, value in arguments.items())
    return spark.session.sql(f"call {procedure}({given})").collect()


@pytest.mark.parametrize("type", ["mor", "cow"])
def test_pinned_rows_come_back_whoever_restores(type, tmp_path, spark_0_15, spark_1_0):
    table = LakeUnderTest(tmp_path, type, "streams", CHANGES, [spark_1_0, spark_0_15])
    table.ingest(table.simulation.events, "commit: {changes_max: 1500}")
    table.ingest(table.further_changes())
    pinned = told(table, "savepoint", "--comment", "before the trial")["savepoint"]
    rows = copy.deepcopy(table.expected)
    savepoints = call(spark_0_15, "show_savepoints", path=table.lake.table_path)
    assert [row["savepoint_time"] for row in savepoints] == [pinned]

    table.ingest(table.further_changes())
    if type == "mor":
        told(table, "compact")
    table.ingest(table.further_changes())
    assert told(table, "restore", pinned)["instants_taken_back"] >= 2
    table.expected = copy.deepcopy(rows)
    table.expect_equal_everywhere("read after our restore")
    assert told(table, "verify")["sound"]

    table.change_with_spark(spark_0_15, **SPARK_CHANGES)
    table.change_with_spark(spark_1_0, **SPARK_CHANGES)
    table.expect_equal_everywhere("read after both Sparks wrote on what we restored")
    assert told(table, "verify")["sound"]

    call(spark_0_15, "rollback_to_savepoint", path=table.lake.table_path, instant_time=pinned)
    table.expected = copy.deepcopy(rows)
    table.expect_equal_everywhere("read after Spark restored our savepoint")
    assert told(table, "verify")["sound"]

    table.ingest(table.further_changes())
    if type == "mor":
        told(table, "compact")
    told(table, "savepoint", pinned, "--delete")
    told(table, "clean", "--versions", "1", "--readers", "0s")
    assert told(table, "verify")["sound"]
    table.expect_equal_everywhere("read after we cleaned by file versions")
    table.change_with_spark(spark_0_15, **SPARK_CHANGES)
    table.expect_equal_everywhere("read after Spark wrote on what we cleaned by file versions")
    assert told(table, "verify")["sound"]
