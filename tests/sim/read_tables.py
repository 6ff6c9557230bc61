"""Read tables that `tapelake_sim --keep-tables` kept, with Spark and with hudi-rs.

usage: read_tables.py FOLDER [--engines spark,hudi-rs]

Each must hold exactly what the expected.csv beside it says. Prints what differs; exits with 1 then.
"""

import argparse
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from support import csv_table, readers, spark_session  # noqa: E402  (needs the path above)
from support.spark_peer import LocalSpark  # noqa: E402

OWN_COLUMN = "_change_seq"


def shown(table: csv_table.Table) -> csv_table.Table:
    return table.select([name for name in table.columns if name != OWN_COLUMN])


def difference(read, folder: Path) -> str:
    """What is wrong with one table, or nothing."""
    try:
        csv_table.assert_equal(shown(read(folder / "table")),
                               csv_table.load(folder / "expected.csv"), folder.name)
    except Exception as error:  # noqa: BLE001  (whatever an engine raises is a finding)
        return f"{folder.name}: {type(error).__name__}: {error}"
    return ""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--engines", default="spark,hudi-rs")
    arguments = parser.parse_args()
    engines = {}
    if "hudi-rs" in arguments.engines:
        engines[readers.HUDI_RS] = readers.read_hudi_rs
    if "spark" in arguments.engines:
        scratch = Path(tempfile.mkdtemp())
        session = spark_session.start(spark_session.HUDI_0_15, scratch)
        spark = LocalSpark(session, spark_session.HUDI_0_15, scratch)
        engines[spark.name] = spark.read
    folders = sorted(path.parent for path in arguments.folder.glob("*/expected.csv"))
    if not folders:
        print(f"no tables in {arguments.folder}", file=sys.stderr)
        return 1
    failed = 0
    for name, read in engines.items():
        wrong = list(filter(None, (difference(read, folder) for folder in folders)))
        failed += len(wrong)
        for line in wrong:
            print(f"{name}: {line}", file=sys.stderr)
        print(f"{name}: {len(folders)} tables read, {len(wrong)} differ")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
