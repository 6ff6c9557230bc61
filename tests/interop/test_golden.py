"""Merge-on-read tables that Spark wrote read as Spark read them."""

import subprocess
from pathlib import Path

import pytest

from support import csv_table, program, readers
from support.cells import cell

GOLDEN = Path(__file__).resolve().parent.parent / "golden"
TABLES = sorted(path.name.removesuffix(".tar.zst") for path in GOLDEN.glob("v6_mor_*.tar.zst"))


@pytest.mark.parametrize("name", TABLES)
def test_golden_merge_on_read_tables_read_right(name, tmp_path):
    database = tmp_path / "crypto"
    database.mkdir()
    subprocess.run(["tar", "--zstd", "-xf", GOLDEN / f"{name}.tar.zst", "-C", database], check=True)
    lake = program.Lake(tmp_path, table=f"crypto.{name}")
    expected = csv_table.load(GOLDEN / f"{name}.snapshot.csv")
    for engine, read in ((readers.HUDI_RS, lambda: readers.read_hudi_rs(lake.table_path)),
                         (readers.SQL, lambda: readers.read_sql_path(lake))):
        with cell(engine, f"read the golden table `{name}`", "merge-on-read"):
            csv_table.assert_equal(read(), expected, engine)


def test_there_are_golden_merge_on_read_tables():
    assert {"v6_mor_bucket", "v6_mor_bucket_logonly"} <= set(TABLES)
