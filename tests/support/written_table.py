"""A table that our library and Spark write in turns by every operation, and what it must hold."""

import copy
import json
import subprocess
from decimal import Decimal
from pathlib import Path

import pyarrow
import pyarrow.parquet

from support import csv_table, program, readers, spark_table
from support.cells import TYPES, History, names

SCHEMA = pyarrow.schema([("id", pyarrow.string()), ("part", pyarrow.string()),
                         ("seq", pyarrow.int64()), ("number", pyarrow.int32()),
                         ("price", pyarrow.decimal128(18, 8)), ("text", pyarrow.string())])
SPARK_NAMES = {"int64": "bigint", "int32": "int", "decimal128(18, 8)": "decimal(18,8)"}
# (type, index) of the tables; the big run knows one more.
KINDS = [("cow", "bloom"), ("mor", "bloom"), ("mor", "simple"), ("cow", "bucket"), ("mor", "bucket")]
if program.FULL:
    KINDS.append(("cow", "simple"))
BUCKETS = {"hoodie.index.type": "BUCKET", "hoodie.bucket.index.num.buckets": "3",
           "hoodie.bucket.index.hash.field": "id"}
INDEXES = {"bucket": BUCKETS, "bloom": {"hoodie.index.type": "BLOOM"},
           "simple": {"hoodie.index.type": "SIMPLE"}}


def row(id: str, part: str, seq: int, text: str | None = None) -> dict:
    return {"id": id, "part": part, "seq": seq, "number": seq * 7 % 1000,
            "price": Decimal(seq * 12345 % 10**9).scaleb(-8), "text": text}


def job_options(type: str, index: str, version: int = 6) -> dict[str, str]:
    """What a Spark job states that makes a table of this version and writes on it.

    The payload class is the default of Hudi 0.15, the only one of merge-on-read that we write on.
    With the default index the metadata table is Spark's default, too. The other tables have none:
    Spark would make it anew whenever we had retired it, which took most of the time.
    """
    payload = {"hoodie.datasource.write.payload.class":
               "org.apache.hudi.common.model.OverwriteWithLatestAvroPayload"}
    metadata = {} if index == "bloom" else {"hoodie.metadata.enable": "false"}
    return INDEXES[index] | payload | metadata | {
        "hoodie.datasource.write.table.type": {"cow": "COPY_ON_WRITE", "mor": "MERGE_ON_READ"}[type],
        "hoodie.datasource.write.recordkey.field": "id",
        "hoodie.datasource.write.partitionpath.field": "part",
        "hoodie.datasource.write.precombine.field": "seq",
        "hoodie.datasource.write.hive_style_partitioning": "true",
        "hoodie.parquet.writelegacyformat.enabled": "true",  # decimals that its own upsert can read
        "hoodie.compact.inline": "false", "hoodie.embed.timeline.server": "false",
        "hoodie.write.table.version": str(version), "hoodie.write.auto.upgrade": "false"}


def change_logging(logging: str) -> dict[str, str]:
    """What a Spark job states, too, to make a table that logs its changes."""
    return {"hoodie.table.cdc.enabled": "true", "hoodie.table.cdc.supplemental.logging.mode": logging}


class WrittenTable:
    """`type` is cow or mor; `logging`, if any, is the mode of its change-data logs.

    `expected` (id, part) -> row is kept in step by every write. With `jobs`, options of Spark's
    jobs, the table is one that Spark makes; without, ours: then Spark names table and operation.
    """

    def __init__(self, folder: Path, type: str, index: str, peers, jobs=None, logging: str = "",
                 version: int = 6):
        self.lake = program.Lake(folder / "lake", table="db.written")
        self.folder, self.type, self.index, self.peers, self.jobs = folder, type, index, peers, jobs
        self.logging = [logging] if logging else []
        self.history = History(TYPES[type], index, version)
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
        done = self.write_rows(operation, file, *create)
        self.apply(operation, rows)
        return done

    def write_rows(self, operation: str, *arguments) -> dict:
        tool = program.binary().parent / "write_rows"
        done = subprocess.run([tool, self.path, operation, *arguments], capture_output=True,
                              text=True, timeout=300, check=False)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    def archive(self) -> None:
        """All instants but the newest few."""
        self.write_rows("archive")

    def write_with_spark(self, spark, operation: str, rows: list[dict], more=None) -> None:
        """The same by a Spark job, which may state `more` options."""
        texts = [{name: csv_table.cell(value) for name, value in each.items()} for each in rows]
        ddl = ", ".join(f"{field.name} {SPARK_NAMES.get(str(field.type), field.type)}"
                        for field in self.schema)
        spark.write(self.path, operation, texts, (self.jobs or {}) | (more or {}), ddl)
        self.apply(operation, rows)

    def delete_partition(self, part: str) -> None:
        self.tool("delete-partition", f"part={part}")
        self.forget_partition(part)

    def forget_partition(self, part: str) -> None:
        self.expected = {key: kept for key, kept in self.expected.items() if key[1] != part}

    def state_index(self) -> None:
        """Spark does not store the bucket index of its job: who goes on must."""
        if self.index != "bucket":
            return
        file = self.path / ".hoodie" / "hoodie.properties"
        stated = {name: value for name, value in self.jobs.items() if "index" in name}
        file.write_text(self.properties() + "".join(f"{n}={v}\n" for n, v in stated.items()))
        (file.parent / ".hoodie.properties.crc").unlink(missing_ok=True)

    def compact(self) -> None:
        if self.type == "mor":
            self.tool("compact")

    def tool(self, verb: str, *arguments) -> dict:
        done = program.run("table", verb, self.lake.table, *arguments, "--lake", self.lake.path,
                           "--json")
        return json.loads(done.stdout)

    def widen(self, column: str, type: pyarrow.DataType) -> None:
        """From the next commit on."""
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
                self.expected[each["id"], each["part"]] = dict.fromkeys(self.schema.names) | each

    # --- judging ---------------------------------------------------------------------------------

    def expect_equal_everywhere(self, operation, by=(), query: str = spark_table.SNAPSHOT, rows=None,
                                **past) -> None:
        """Every reader returns `expected` after the operation(s) that the peers `by` did, or we.

        Of the past (`as_of` or `begin`, an instant) they return `rows`.
        """
        expected = self.table_of(self.expected if rows is None else rows)
        for engine, read in readers.read_all(self.lake, self.peers, query, **past):
            with self.history.reading(engine, operation, names(by)):
                csv_table.assert_equal(read().select(expected.columns), expected, engine, key="id")
        report = self.tool("verify")
        assert report["sound"], report

    def expect_past_everywhere(self, then: tuple[str, dict], by=()) -> None:
        """Every reader knows the table as it was `then`, and what came after it."""
        instant, rows = then
        self.expect_equal_everywhere("time travel", by, rows=rows, as_of=instant)
        self.expect_equal_everywhere("incremental", by, rows=self.later_than(rows), begin=instant)

    def state(self) -> tuple[str, dict]:
        """The time of the newest commit and the rows that it left."""
        time = self.instants()[-1].partition(".")[0].rpartition("_")[2]  # of completion, if it is there
        return time, copy.deepcopy(self.expected)

    def later_than(self, rows: dict) -> dict:
        """What was written since the table held these rows; not all of it."""
        later = {key: each for key, each in self.expected.items() if each != rows.get(key)}
        assert 0 < len(later) < len(self.expected)
        return later

    def table_of(self, rows: dict) -> csv_table.Table:
        columns = self.schema.names
        return csv_table.Table(columns, [[csv_table.cell(each.get(name)) for name in columns]
                                         for each in rows.values()])

    def instants(self) -> list[str]:
        """Names of the completed commits, oldest first."""
        return sorted(path.name for path in self.timeline.iterdir()
                      if path.suffix in (".commit", ".deltacommit", ".replacecommit"))

    def newest_instant(self) -> str:
        return self.instants()[-1].partition(".")[0].partition("_")[0]

    @property
    def timeline(self) -> Path:
        """The folder of the instants: one of its own from version 8 on."""
        newer = self.path / ".hoodie" / "timeline"
        return newer if newer.exists() else self.path / ".hoodie"

    def properties(self) -> str:
        return (self.path / ".hoodie" / "hoodie.properties").read_text(encoding="ascii")
