"""A table that our library and Spark write in turns by every operation, and what it must hold."""

import json
import subprocess
from decimal import Decimal
from pathlib import Path

import pyarrow
import pyarrow.parquet

from support import csv_table, program, readers, spark_table
from support.cells import cell

TYPES = {"cow": "copy-on-write", "mor": "merge-on-read"}
SCHEMA = pyarrow.schema([("id", pyarrow.string()), ("part", pyarrow.string()),
                         ("seq", pyarrow.int64()), ("number", pyarrow.int32()),
                         ("price", pyarrow.decimal128(18, 8)), ("text", pyarrow.string())])


def row(id: str, part: str, seq: int, text: str | None = None) -> dict:
    return {"id": id, "part": part, "seq": seq, "number": seq * 7 % 1000,
            "price": Decimal(seq * 12345 % 10**9).scaleb(-8), "text": text}


class WrittenTable:
    """`type` is cow or mor; `logging`, if any, is the mode of its change-data logs.

    `expected` (id, part) -> row is kept in step by every write.
    """

    def __init__(self, folder: Path, type: str, index: str, sparks, logging: str = ""):
        self.lake = program.Lake(folder / "lake", table="db.written")
        self.folder, self.type, self.index, self.sparks = folder, type, index, sparks
        self.logging = [logging] if logging else []
        self.kind = ", ".join([TYPES[type], *self.logging])
        self.path = self.lake.table_path
        self.path.parent.mkdir(parents=True)
        self.schema = SCHEMA
        self.expected = {}

    # --- writing ---------------------------------------------------------------------------------

    def write(self, operation: str, rows: list[dict]) -> dict:
        """One commit of ours; the first one creates the table."""
        file = self.folder / "rows.parquet"
        pyarrow.parquet.write_table(pyarrow.Table.from_pylist(rows, self.schema), file)
        exists = (self.path / ".hoodie").exists()
        create = () if exists else (self.type, self.index, *self.logging)
        tool = program.binary().parent / "write_rows"
        done = subprocess.run([tool, self.path, operation, file, *create], capture_output=True,
                              text=True, timeout=300, check=False)
        assert done.returncode == 0, done.stderr
        self.apply(operation, rows)
        return json.loads(done.stdout)

    def write_with_spark(self, spark, operation: str, rows: list[dict]) -> None:
        """The same by a Spark job that states table name and operation only."""
        texts = [{name: csv_table.cell(value) for name, value in each.items()} for each in rows]
        spark.write(self.path, operation, texts)
        self.apply(operation, rows)

    def delete_partition(self, part: str) -> None:
        program.run("table", "delete-partition", self.lake.table, f"part={part}",
                    "--lake", self.lake.path)
        self.expected = {key: kept for key, kept in self.expected.items() if key[1] != part}

    def compact(self) -> None:
        if self.type == "mor":
            program.run("table", "compact", self.lake.table, "--lake", self.lake.path)

    def widen(self, column: str, type: pyarrow.DataType) -> None:
        """From the next commit of ours on."""
        place = self.schema.get_field_index(column)
        self.schema = self.schema.set(place, pyarrow.field(column, type))

    def add_column(self, column: str, type: pyarrow.DataType) -> None:
        self.schema = self.schema.append(pyarrow.field(column, type))
        for each in self.expected.values():
            each.setdefault(column, None)

    def apply(self, operation: str, rows: list[dict]) -> None:
        if operation == "insert_overwrite_table":
            self.expected.clear()
        if operation == "insert_overwrite":
            parts = {each["part"] for each in rows}
            self.expected = {key: kept for key, kept in self.expected.items()
                             if key[1] not in parts}
        for each in rows:
            if operation == "delete":
                self.expected.pop((each["id"], each["part"]), None)
            else:
                self.expected[each["id"], each["part"]] = each

    # --- judging ---------------------------------------------------------------------------------

    def expect_equal_everywhere(self, operation: str) -> None:
        columns = self.schema.names
        rows = [[csv_table.cell(each[name]) for name in columns]
                for each in self.expected.values()]
        expected = csv_table.Table(columns, rows)
        for engine, read in readers.read_all(self.lake, self.sparks, spark_table.SNAPSHOT):
            with cell(engine, f"{operation}, index {self.index}", self.kind):
                csv_table.assert_equal(read().select(columns), expected, engine, key="id")
        report = program.run("table", "verify", self.lake.table, "--lake", self.lake.path, "--json")
        assert json.loads(report.stdout)["sound"], report.stdout

    def instants(self) -> list[str]:
        return sorted(path.name for path in (self.path / ".hoodie").iterdir()
                      if path.suffix in (".commit", ".deltacommit", ".replacecommit"))

    def properties(self) -> str:
        return (self.path / ".hoodie" / "hoodie.properties").read_text(encoding="ascii")
