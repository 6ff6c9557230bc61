"""Tables that Spark makes with its default index and metadata table, ingested into by the program."""

import copy
import json
import shutil
from collections import Counter

import pytest

from support import program
from support.cells import COW, READS_OURS, TYPES, Case, History, cell
from support.change_feed import read_changes
from support.program import FULL
from support.lake_under_test import LakeUnderTest

CHANGES = 5_000
SPARK_CHANGES = {"updates": 120, "inserts": 80, "deletes": 40}


def remade_by_spark(spark, table) -> None:
    """Put a table that Spark makes of the same rows, with its defaults, in the place of ours."""
    path, made = table.lake.table_path, table.folder / "made"
    frame = spark.read.format("hudi").load(str(path))
    frame = frame.drop(*[name for name in frame.columns if name.startswith("_hoodie_")])
    type = {"cow": "COPY_ON_WRITE", "mor": "MERGE_ON_READ"}[table.type]
    frame.write.format("hudi").options(**{
        "hoodie.table.name": path.name,
        "hoodie.datasource.write.table.type": type,
        "hoodie.datasource.write.recordkey.field": "transaction_id",
        "hoodie.datasource.write.partitionpath.field": "event_date",
        "hoodie.datasource.write.precombine.field": "_change_seq",
    }).mode("append").save(str(made))
    shutil.rmtree(path)
    shutil.move(made, path)
    properties = table.properties()
    assert "hoodie.index.type" not in properties
    assert properties["hoodie.table.metadata.partitions"] == "files"


def verified(table) -> bool:
    done = program.run("table", "verify", table.lake.table, "--lake", table.lake.path, "--json",
                       check=False)
    report = json.loads(done.stdout)
    assert report["sound"], report["findings"][:5]
    return True


@pytest.mark.parametrize("type", ["cow", "mor"])
def test_the_program_and_spark_continue_each_other(type, tmp_path, spark, spark_0_15, sparks, peers):
    table = LakeUnderTest(tmp_path, type, "streams", CHANGES, sparks, peers=peers)
    table.ingest(table.simulation.events)
    remade_by_spark(spark, table)
    table.history = History(TYPES[type], "bloom")
    table.expect_equal_everywhere("upsert", by=[spark_0_15])
    for round in range(2):
        counts = table.ingest(table.further_changes())
        assert counts["applied"] == counts["received"] > 0
        assert not (table.timeline / "metadata").exists()
        table.expect_equal_everywhere("ingest")
        assert verified(table)
        table.change_with_spark(spark_0_15, **SPARK_CHANGES)
        table.expect_equal_everywhere(["upsert", "delete"], by=[spark_0_15])
    counts = table.ingest(table.further_changes())
    assert counts["applied"] == counts["received"] > 0
    table.expect_equal_everywhere("ingest")
    assert verified(table)


@pytest.mark.parametrize("type", ["cow", "mor"])
@pytest.mark.parametrize("index", ["bloom", "simple"] if FULL else ["bloom"])
def test_the_program_makes_tables_with_an_index_of_keys(index, type, tmp_path, sparks, peers):
    table = LakeUnderTest(tmp_path, type, "streams", CHANGES, sparks, index=index, peers=peers)
    table.ingest(table.simulation.events, "commit: {changes_max: 1500}")
    properties = table.properties()
    assert properties["hoodie.index.type"] == index.upper()
    table.expect_equal_everywhere("ingest")
    for spark in table.sparks:
        table.change_with_spark(spark, **SPARK_CHANGES)
        table.expect_equal_everywhere(["upsert", "delete"], by=[spark])
        counts = table.ingest(table.further_changes())
        assert counts["applied"] == counts["received"] > 0
        table.expect_equal_everywhere("ingest")
        assert verified(table)
    table.expect_properties_kept(properties)
    if type == "mor":
        program.run("table", "compact", table.lake.table, "--lake", table.lake.path)
        table.expect_equal_everywhere("compaction")
        table.expect_read_optimized_equal()


MODES = ["op_key_only", "data_before", "data_before_after"] if FULL else ["data_before_after"]


@pytest.mark.parametrize("mode", MODES)
def test_spark_reads_the_change_data_of_tables_configured_to_keep_it(mode, tmp_path, sparks):
    table = LakeUnderTest(tmp_path, "cow", "streams", CHANGES, sparks, index="bloom",
                          change_data=mode)
    table.ingest(table.simulation.events)
    properties = table.properties()
    assert properties["hoodie.table.cdc.enabled"] == "true"
    assert properties["hoodie.table.cdc.supplemental.logging.mode"] == mode.upper()
    begin = table.lake.instants()[-1].split(".")[0]
    before = copy.deepcopy(table.expected)
    table.ingest(table.further_changes())
    assert list(table.lake.table_path.rglob("*.cdc"))
    table.expect_equal_everywhere("ingest")
    path = table.lake.table_path
    ours = Counter(map(tuple, table.lake.sql(
        f"SELECT op, _hoodie_record_key FROM hudi_changes('{path}', '{begin}')").rows))
    changed = {key for key in before | table.expected if before.get(key) != table.expected.get(key)}
    assert {key for _, key in ours} == changed
    for spark in sparks:
        theirs = read_changes(spark, path, begin, key="transaction_id")
        with cell(spark.name, Case(READS_OURS, 6, f"change data, {mode.upper()}", COW, "bloom")):
            assert theirs == ours
