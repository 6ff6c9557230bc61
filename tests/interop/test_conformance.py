"""The main claim: what was simulated is what Spark, hudi-rs and SQL read, whoever wrote last.

One table per type and record shape goes through the tests in their order.
"""

import pytest

from support import csv_table, readers
from support.csv_table import NULL
from support.lake_under_test import PROGRAM_COLUMNS, LakeUnderTest, without_own_column
from support.program import FULL
from support.records import compress

# Merge-on-read comes first: pytest keeps the tests of one table together by the place in the list.
MERGE_ON_READ = [("mor", "streams", 100_000), ("mor", "kinesis", 20_000)]
COPY_ON_WRITE = [("cow", "streams", 20_000)]
if FULL:
    COPY_ON_WRITE.append(("cow", "kinesis", 20_000))
ALL = MERGE_ON_READ + COPY_ON_WRITE
SPARK_CHANGES = {"updates": 600, "inserts": 400, "deletes": 100}
SEVERAL_COMMITS = "commit: {changes_max: 15000}"
COMPACT_AT_ONCE = "compaction: {log_files_max: 1}"
COMPACTION_ROUNDS = 4


def tables(cases):
    """Run a test on each of the tables, which live as long as the module's tests."""
    return pytest.mark.parametrize("table", cases, indirect=True, scope="module",
                                   ids=lambda case: f"{case[0]}-{case[1]}")


@pytest.fixture(scope="module")
def table(request, tmp_path_factory, sparks, peers):
    type, shape, changes = request.param
    table = LakeUnderTest(tmp_path_factory.mktemp(f"{type}-{shape}"), type, shape, changes, sparks,
                          peers=peers)
    table.changes = changes
    table.first_counts = table.ingest(table.simulation.events, SEVERAL_COMMITS)
    table.first_properties = table.properties()
    return table


@tables(ALL)
def test_all_readers_see_the_simulated_table(table):
    table.expect_equal_everywhere("ingest")


@tables(MERGE_ON_READ)
def test_the_first_commits_wrote_logs_only(table):
    assert table.base_files() == []
    assert len(table.lake.instants()) == table.first_counts["commits"] > 1


@tables(ALL)
def test_every_change_is_accounted_for(table):
    counts = table.first_counts
    with open(table.simulation.events, encoding="utf-8") as events:
        lines = sum(1 for _ in events)
    assert lines > table.changes
    assert counts["received"] == lines
    parts = ("applied", "duplicates", "stale", "errors")
    assert sum(counts[part] for part in parts) == lines
    assert counts["duplicates"] > 0 and counts["errors"] == 0


@tables(ALL)
def test_the_simulation_holds_what_makes_it_hard(table):
    assert len(table.columns) > 12 + 4, "no attribute was added midway"
    rows = table.expected.values()
    assert any(row["_rescued"] != NULL for row in rows), "no value of an unexpected type"
    assert len({row["event_date"] for row in rows}) > 1, "one partition only"
    for name in [n for n in table.columns if n not in PROGRAM_COLUMNS]:
        assert {row[name] == NULL for row in rows} == {True, False}, f"{name} is not partly null"


@tables(ALL)
def test_the_same_file_again_changes_nothing(table):
    before = table.lake.instants()
    counts = table.ingest(table.simulation.events)
    assert counts["applied"] == 0
    assert table.lake.instants() == before


@tables(ALL)
def test_the_same_events_from_another_source_leave_the_table_as_it_is(table):
    # No position is known for this file: the order of changes itself must say no. Keys that were
    # removed longer ago than the horizon come and go once more, in one commit or in two.
    copy = compress(table.simulation.events, table.folder / "again.ndjson.gz")
    counts = table.ingest(copy)
    assert counts["received"] == table.first_counts["received"]
    assert counts["duplicates"] > counts["received"] * 0.8
    if table.type == "cow":  # merge-on-read counts what the changes say of themselves
        assert counts["inserted_rows"] == counts["deleted_rows"] < counts["received"] * 0.01
    expected = csv_table.from_keyed(table.expected, table.columns)
    rows = without_own_column(readers.read_sql(table.lake))
    csv_table.assert_equal(rows, expected, readers.SQL)


@tables(ALL)
def test_every_spark_upserts_and_deletes_with_the_table_name_alone(table):
    for spark in reversed(table.sparks):
        table.change_with_spark(spark, **SPARK_CHANGES)
        table.expect_equal_everywhere(["upsert", "delete"], by=[spark])
    table.expect_properties_kept(table.first_properties)


@tables(ALL)
def test_ingest_commits_again_after_spark(table):
    """New, changed, moved and removed rows, also rows that Spark had written."""
    counts = table.ingest(table.further_changes())
    assert counts["applied"] == counts["received"] > 0
    table.expect_equal_everywhere("ingest")


@tables(MERGE_ON_READ)
def test_compaction_shows_read_optimized_readers_the_same_table(table):
    """Compaction follows the next commit; one plan need not hold every file group."""
    table.ingest(table.further_changes(), COMPACT_AT_ONCE)
    for _ in range(COMPACTION_ROUNDS):
        if readers.log_files(table.lake.table_path) == 0:
            break
        table.ingest(table.further_changes(of_spark=0, of_us=4), COMPACT_AT_ONCE)
    assert readers.log_files(table.lake.table_path) == 0 < len(table.base_files())
    table.expect_equal_everywhere("compaction")
    table.expect_read_optimized_equal()


@tables(MERGE_ON_READ)
def test_ingest_commits_on_top_of_the_compaction(table):
    base_files = table.base_files()
    table.ingest(table.further_changes())
    assert table.base_files() == base_files
    table.expect_equal_everywhere("ingest")


@tables(MERGE_ON_READ)
def test_the_sparks_continue_the_compacted_table(table):
    for spark in table.sparks:
        table.change_with_spark(spark, **SPARK_CHANGES)
    table.expect_equal_everywhere(["upsert", "delete"], by=table.sparks)
    table.expect_properties_kept(table.first_properties)


@tables(MERGE_ON_READ)
def test_ingest_has_the_last_word(table):
    table.ingest(table.further_changes(), COMPACT_AT_ONCE)
    table.expect_equal_everywhere("ingest")
