"""Tables that Spark wrote, of versions 6, 8 and 9, read as Spark read them: now and in the past."""

import json
import subprocess
from collections import Counter
from contextlib import nullcontext
from pathlib import Path

import pytest

from support import csv_table, program, readers
from support.cells import COW, MOR, READS_THEIRS, Case, cell
from support.spark_session import ENGINES, HUDI_0_15, HUDI_1_0, HUDI_1_1
from support.spark_table import READ_OPTIMIZED, changed_image

GOLDEN = Path(__file__).resolve().parent.parent / "golden"
TABLES = sorted(path.name.removesuffix(".tar.zst") for path in GOLDEN.glob("*.tar.zst"))
WRITERS = {6: HUDI_0_15, 8: HUDI_1_0, 9: HUDI_1_1}
# What a table shows, by its name; all went through inserts, upserts and deletes.
WRITTEN = ["insert", "upsert", "delete"]
SHOWN = {"replace_evolve_clean": ["insert overwrite", "new column", "clean"],
         "compacted_then_logs": ["compaction"], "logcompaction": ["log compaction"],
         "archive_savepoint_rollback": ["archive", "savepoint"],
         "lsm_history_savepoint": ["archive", "savepoint"]}


class Golden:
    """One golden table, unpacked into a lake."""

    def __init__(self, name: str, folder: Path):
        version, kind, self.scenario = name.split("_", 2)
        self.version, self.type = int(version[1:]), {"cow": COW, "mor": MOR}[kind]
        self.index = "bucket" if self.scenario.startswith("bucket") else "bloom"
        self.stem, self.written = GOLDEN / name, json.loads((GOLDEN / f"{name}.json").read_text())
        self.lake = program.Lake(folder, table=f"crypto.{name}")
        self.lake.table_path.parent.mkdir()
        subprocess.run(["tar", "--zstd", "-xf", f"{self.stem}.tar.zst", "-C",
                        self.lake.table_path.parent], check=True)

    def expected(self, query: str) -> csv_table.Table | None:
        """What Spark's query returned, if it was asked."""
        file = Path(f"{self.stem}.{query}.csv")
        return csv_table.load(file) if file.exists() else None

    def cell(self, operation: str):
        if self.scenario.startswith("inmemory"):
            return nullcontext()  # no row of the page: an index that we do not write
        case = Case(READS_THEIRS, self.version, operation, self.type, self.index)
        return cell(ENGINES[WRITERS[self.version]], case)


@pytest.fixture(params=TABLES)
def golden(request, tmp_path):
    return Golden(request.param, tmp_path)


def test_golden_tables_read_right(golden):
    rows = readers.read_sql_path(golden.lake)
    for operation in SHOWN.get(golden.scenario, []) + WRITTEN:
        with golden.cell(operation):
            csv_table.assert_equal(rows, golden.expected("snapshot"), readers.SQL)
    if golden.expected("ro"):
        with golden.cell("read-optimized"):
            rows = readers.read_sql_path(golden.lake, READ_OPTIMIZED)
            csv_table.assert_equal(rows, golden.expected("ro"), readers.SQL)
    if golden.expected("incremental"):
        # Hudi 1.0.2 took the begin to be inclusive.
        begin = golden.written["expected_rows"]["incremental_begin_exclusive"]
        begin = str(int(begin) - (golden.version == 8))
        with golden.cell("incremental"):
            rows = readers.read_sql_path(golden.lake, begin=begin)
            csv_table.assert_equal(rows, golden.expected("incremental"), readers.SQL)


CHANGED = [name for name in TABLES if "_cdc" in name]


@pytest.mark.parametrize("name", CHANGED)
def test_golden_change_feeds_read_right(name, tmp_path):
    """Operation and key: Hudi's images have decimals as bytes."""
    golden = Golden(name, tmp_path)
    feed = golden.expected("cdc").select(["op", "before", "after"]).rows
    expected = Counter((op, changed_image(before, after)["transaction_id"])
                       for op, before, after in feed)
    logging = "OP_KEY_ONLY" if name.endswith("op_key_only") else "DATA_BEFORE_AFTER"
    with golden.cell(f"change data, {logging}"):
        path = golden.lake.table_path
        rows = golden.lake.sql(f"SELECT op, _hoodie_record_key FROM hudi_changes('{path}', NULL)").rows
        assert Counter(map(tuple, rows)) == expected


def test_every_version_and_type_is_among_the_golden_tables():
    assert {"v6_mor_bucket", "v6_mor_bucket_logonly", "v8_mor_logcompaction",
            "v9_cow_upsert_delete"} <= set(TABLES)
    assert len(CHANGED) == 4
