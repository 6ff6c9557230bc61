"""Every kind of commit of ours on every kind of table, between two Sparks that read and write on."""

import pyarrow
import pytest

from support.cells import LOGGINGS
from support.change_feed import ChangeFeed
from support.program import FULL
from support.table_steps import Steps
from support.written_table import KINDS, WrittenTable, row

KEYED = [kind for kind in KINDS if kind[1] != "bucket"]
PARTS = ["p0", "p1", "p2"]


def rows(first: int, last: int, seq: int, text: str = "ours") -> list[dict]:
    return [row(f"k{i:06}", PARTS[i % 3], seq + i, text) for i in range(first, last)]


def kinds(some):
    return pytest.mark.parametrize("kind", some, ids="-".join)


@pytest.fixture
def table(kind, tmp_path, peers):
    return WrittenTable(tmp_path, *kind, peers)


@kinds(KEYED)
def test_the_sparks_continue_a_table_of_ours_and_we_theirs(table, sparks):
    table.write("insert", rows(0, 300, 0))
    done = table.write("upsert", rows(200, 400, 1000, "changed"))
    assert (done["inserted"], done["updated"]) == (100, 100)
    table.expect_equal_everywhere(["insert", "upsert"])
    for round, spark in enumerate(reversed(sparks)):
        seq = 10_000 * (round + 1)
        table.write_with_spark(spark, "upsert", rows(350, 450 + 50 * round, seq, "by Spark"))
        table.write_with_spark(spark, "delete", rows(40 * round, 40 * round + 20, seq + 5000))
        table.expect_equal_everywhere(["upsert", "delete"], by=[spark])
        done = table.write("upsert", rows(300, 500 + 50 * round, seq + 2000, "ours again"))
        assert done["updated"] > 100 and done["inserted"] >= 50
        done = table.write("delete", rows(100 + 50 * round, 130 + 50 * round, seq + 3000))
        assert done["deleted"] == 30 and done["missing_deletes"] == 0
        table.expect_equal_everywhere(["upsert", "delete"])
    assert "hoodie.table.version=6" in table.properties()


@kinds(KEYED)
def test_bulk_insert_is_read_and_continued(table, spark_0_15):
    table.write("bulk_insert", rows(0, 3000, 0))
    table.expect_equal_everywhere("bulk insert")
    table.write_with_spark(spark_0_15, "upsert", rows(2900, 3100, 10_000, "by Spark"))
    table.write("bulk_insert", rows(4000, 4500, 20_000))
    table.write("upsert", rows(3050, 4100, 30_000, "ours"))
    table.expect_equal_everywhere(["bulk insert", "upsert"])


@kinds(KINDS)
def test_overwritten_partitions_are_read_and_continued(table, spark_0_15, spark_1_0):
    table.write("upsert", rows(0, 300, 0))
    table.write("upsert", rows(100, 200, 1000, "changed"))
    table.write("insert_overwrite", [r for r in rows(500, 600, 2000) if r["part"] == "p1"])
    table.expect_equal_everywhere("insert overwrite")
    table.write_with_spark(spark_0_15, "upsert", rows(480, 520, 10_000, "by Spark 0.15"))
    table.write_with_spark(spark_1_0, "upsert", rows(510, 550, 20_000, "by Spark 1.0"))
    table.expect_equal_everywhere("upsert", by=[spark_0_15, spark_1_0])
    table.write_with_spark(spark_0_15, "insert_overwrite",
                           [r for r in rows(700, 760, 30_000) if r["part"] == "p0"])
    table.write("upsert", rows(600, 730, 40_000, "ours again"))
    table.expect_equal_everywhere("upsert")
    table.write("insert_overwrite_table", rows(900, 960, 50_000))
    table.expect_equal_everywhere("insert overwrite table")
    table.write("upsert", rows(950, 1000, 60_000))
    table.expect_equal_everywhere("upsert")


@kinds(KINDS)
def test_deleted_partitions_are_gone_and_may_be_filled_again(table, spark_0_15):
    table.write("upsert", rows(0, 300, 0))
    table.write("upsert", rows(100, 200, 1000, "changed"))
    table.delete_partition("p1")
    table.expect_equal_everywhere("delete partition")
    table.write_with_spark(spark_0_15, "upsert", rows(280, 310, 10_000, "by Spark"))
    table.write("upsert", rows(290, 330, 20_000, "ours"))
    table.expect_equal_everywhere("upsert")


@kinds(KINDS)
def test_widened_columns_are_read_and_continued(table, sparks):
    table.write("upsert", rows(0, 90, 0))
    table.widen("number", pyarrow.int64())
    table.write("upsert", rows(60, 120, 1000, "wide"))
    table.expect_equal_everywhere("widening")
    for round, spark in enumerate(reversed(sparks)):
        table.write_with_spark(spark, "upsert", rows(100, 150, 10_000 + 1000 * round, "by Spark"))
    table.add_column("more", pyarrow.string())
    table.write("upsert", [each | {"more": "new"} for each in rows(140, 160, 20_000)])
    table.expect_equal_everywhere("widening and a new column")


@kinds([kind for kind in KINDS if kind[0] == "mor"])
def test_commits_under_a_pending_compaction_are_read(table, spark_0_15):
    table.write("upsert", rows(0, 90, 0))
    table.write("upsert", rows(0, 60, 1000))
    Steps(table).schedule_compaction(spark_0_15)
    table.write("upsert", rows(30, 120, 2000))
    table.expect_equal_everywhere("pending compaction")


@kinds([kind for kind in KEYED if kind[0] == "mor"])
def test_merged_small_files_with_their_logs_are_read_and_continued(table, sparks):
    table.write("insert", rows(0, 90, 0))
    table.write("upsert", rows(0, 60, 1000, "logged"))
    table.write("delete", rows(60, 72, 2000))
    table.write("insert", rows(90, 150, 3000))  # beside the logs: file groups of their own
    done = table.tool("cluster")
    assert done["files_replaced"] == 2 * done["files_written"] == 2 * len(PARTS)
    table.expect_equal_everywhere("clustering")
    for round, spark in enumerate(reversed(sparks)):
        table.write_with_spark(spark, "upsert", rows(30, 160, 10_000 * (round + 1), "by Spark"))
        table.write("upsert", rows(100, 170, 10_000 * (round + 1) + 5000, "ours"))
        table.expect_equal_everywhere("upsert")


LOGGED = [("cow", "bloom", logging) for logging in LOGGINGS] + [("mor", "bloom", LOGGINGS[0])]
if FULL:
    LOGGED = [(*kind, logging) for kind in KINDS for logging in LOGGINGS]


@pytest.mark.parametrize("type, index, logging", LOGGED, ids=map("-".join, LOGGED))
def test_change_data_is_what_spark_reads_whoever_wrote_last(type, index, logging, tmp_path, sparks,
                                                            peers):
    table = WrittenTable(tmp_path, type, index, peers, logging=logging)
    table.write("upsert", rows(0, 60, 0))
    table.compact()  # for a log Hudi 0.15 looks for the base file that it changes
    feed = ChangeFeed(table, logging)
    feed.write("upsert", rows(51, 69, 1000))
    feed.write("delete", rows(0, 6, 2000))
    feed.expect(sparks)
    for round, spark in enumerate(reversed(sparks)):
        first = 66 + 4 * round
        feed.write("upsert", rows(first, first + 9, 10_000 + 1000 * round, "by Spark"), by=spark)
        feed.expect([spark], by=[spark])
    feed.write("upsert", rows(60, 90, 20_000))
    feed.expect(sparks)
    table.expect_equal_everywhere("upsert")
