"""Every operation on a WrittenTable, done by us or by a Spark: one step each, by its name on the page."""

import copy
from contextlib import contextmanager

import pyarrow

from support.written_table import WrittenTable, row

PARTS = ["p0", "p1", "p2"]
STEP = 1000  # ordering values of one step
NEW_ROWS = 24
# Without them a procedure of 1.x turns the table into a newer version, and 0.15 clusters it so that its
# own next upsert spoils decimals.
SETTINGS = ("hoodie.write.table.version", "hoodie.write.auto.upgrade", "hoodie.metadata.enable",
            "hoodie.parquet.writelegacyformat.enabled", "hoodie.datasource.write.recordkey.field")
CLEANED = {"hoodie.clean.automatic": "true", "hoodie.cleaner.policy": "KEEP_LATEST_FILE_VERSIONS",
           "hoodie.cleaner.fileversions.retained": "1"}
# Hudi archives what is cleaned, and no further than its metadata table is compacted.
ARCHIVED = {"hoodie.clean.automatic": "true", "hoodie.cleaner.policy": "KEEP_LATEST_COMMITS",
            "hoodie.cleaner.commits.retained": "1", "hoodie.clean.commits.retained": "1",
            "hoodie.archive.automatic": "true", "hoodie.keep.min.commits": "3",
            "hoodie.keep.max.commits": "4", "hoodie.metadata.compact.max.delta.commits": "1"}


class Steps:
    """Does one operation after the other. `by` is a Spark; None: we do it.

    `spark` is the other writer of the table, if there is one. Each step leaves `table.expected` as
    it must be. Steps that Spark cannot do in one job say its procedures.
    """

    def __init__(self, table: WrittenTable, spark=None):
        self.table, self.spark, self.number = table, spark, 0
        self.scheduled, self.widened = False, False
        self.steps = {
            "insert": self.insert, "upsert": self.upsert, "delete": self.delete,
            "bulk insert": self.bulk_insert, "insert overwrite": self.insert_overwrite,
            "insert overwrite table": self.insert_overwrite_table,
            "delete partition": self.delete_partition,
            "rollback": self.roll_back, "restore": self.restore, "widening": self.widen,
            "new column": self.add_column, "pending compaction": self.write_under_compaction,
            "compaction": self.compact, "clustering": self.cluster, "clean": self.clean,
            "archive": self.archive}

    def names(self) -> list[str]:
        """The operations that there are for such a table, in an order in which they can follow."""
        order = ["insert", "upsert", "delete", "rollback", "bulk insert", "insert overwrite",
                 "delete partition", "restore", "widening", "pending compaction", "compaction",
                 "clustering", "new column", "clean", "archive", "insert overwrite table"]
        absent = {"compaction", "pending compaction"} if self.table.type == "cow" else set()
        absent |= set() if self.spark else {"pending compaction"}  # ours are executed at once
        absent |= {"clustering"} if self.table.index == "bucket" else set()
        return [name for name in order if name not in absent]

    def do(self, operation: str, by=None) -> list[str]:
        """Do it; return all that was done, for the page."""
        self.number += 1
        if self.scheduled:
            self.run_compaction(self.spark)
        self.steps[operation](by)
        if operation == "restore":
            return ["savepoint", "restore"]
        if operation == "new column" and self.widened:
            return ["new column", "widening and a new column"]
        return [operation]

    # --- rows ------------------------------------------------------------------------------------

    def new_rows(self, parts=None) -> list[dict]:
        parts, first = parts or PARTS, self.number * STEP
        return [row(f"n{first + i:06}", parts[i % len(parts)], first + i, f"step {self.number}")
                for i in range(NEW_ROWS)]

    def some(self, every: int) -> list[dict]:
        """Stored rows, changed."""
        first = self.number * STEP + NEW_ROWS
        kept = sorted(self.table.expected)
        return [row(id, part, first + i, f"step {self.number}")
                for i, (id, part) in enumerate(kept[:: every])]

    # --- operations ------------------------------------------------------------------------------

    def write(self, by, operation: str, rows: list[dict], more=None) -> None:
        if by is None:
            self.table.write(operation, rows)
        else:
            self.table.write_with_spark(by, operation, rows, more)

    def insert(self, by) -> None:
        self.write(by, "insert", self.new_rows())

    def upsert(self, by, more=None) -> None:
        self.write(by, "upsert", self.some(3) + self.new_rows(), more)

    def delete(self, by) -> None:
        self.write(by, "delete", self.some(8))

    def bulk_insert(self, by) -> None:
        self.write(by, "bulk_insert", self.new_rows())

    def insert_overwrite(self, by) -> None:
        self.write(by, "insert_overwrite", self.new_rows(["p1"]))

    def insert_overwrite_table(self, by) -> None:
        self.write(by, "insert_overwrite_table", self.new_rows())

    def delete_partition(self, by) -> None:
        if by is None:
            self.table.delete_partition("p2")
            return
        self.table.write_with_spark(by, "delete_partition", [], {
            "hoodie.datasource.write.partitions.to.delete": "part=p2"})
        self.table.forget_partition("p2")

    def roll_back(self, by) -> None:
        """Undo the newest commit: one of the other writer, if that has written before."""
        history = self.table.history
        rows = copy.deepcopy(self.table.expected)
        if by is None:
            self.upsert(self.spark if history.theirs else None)
        else:
            self.upsert(None if history.ours else by)
        undone = self.table.instants()[-1]
        if by is None:
            self.table.tool("rollback")
        else:
            with self.settings(by):
                by.roll_back(self.table.path, self.table.newest_instant())
        assert undone not in self.table.instants(), "nothing was rolled back"
        self.table.expected = rows

    def restore(self, by) -> None:
        """Pin, write on, and go back."""
        pinned = self.table.newest_instant()
        rows = copy.deepcopy(self.table.expected)
        if by is None:
            self.table.tool("savepoint", pinned)
        else:
            self.call(by, "create_savepoint", commit_time=pinned)
        self.upsert(by)
        if by is None:
            self.table.tool("restore", pinned)
            self.table.tool("savepoint", pinned, "--delete")
        else:
            self.call(by, "rollback_to_savepoint", instant_time=pinned)
            self.call(by, "delete_savepoint", instant_time=pinned)
        self.table.expected = rows

    def widen(self, by) -> None:
        self.widened = True
        self.table.widen("number", pyarrow.int64())
        self.upsert(by)

    def add_column(self, by) -> None:
        name = f"more{self.number}"
        self.table.add_column(name, pyarrow.string())
        self.write(by, "upsert", [each | {name: "new"} for each in self.some(4) + self.new_rows()])

    def compact(self, by) -> None:
        before = len(self.table.instants())
        if by is None:
            self.table.compact()
        else:
            self.schedule_compaction(by)
            self.run_compaction(by)
        assert len(self.table.instants()) > before, "nothing was compacted"

    def write_under_compaction(self, by) -> None:
        """Nobody but a Spark plans a compaction and leaves it; the next step executes it."""
        self.schedule_compaction(self.spark)
        self.upsert(by)

    def schedule_compaction(self, spark) -> None:
        before = self.compactions("requested")
        self.call(spark, "run_compaction", op="schedule",
                  options="hoodie.compact.inline.max.delta.commits=1")
        assert self.compactions("requested") > before, "nothing was planned"
        self.scheduled = True

    def run_compaction(self, spark) -> None:
        """Execute what is planned: `run` of Hudi plans another one first."""
        self.call(spark, "run_compaction", op="execute")
        assert self.compactions("inflight") == self.compactions("requested"), "a plan was left"
        self.scheduled = False

    def compactions(self, state: str) -> set[str]:
        return {file.name.split(".")[0] for file in self.table.timeline.glob(f"*.compaction.{state}")}

    def cluster(self, by) -> None:
        if by is None:
            self.table.compact()  # groups with logs are left alone
        before = len(self.table.instants())
        if by is None:
            self.table.tool("cluster")
        else:
            self.call(by, "run_clustering", op="scheduleAndExecute")
        assert len(self.table.instants()) > before, "nothing was clustered"

    def clean(self, by) -> None:
        if by is None:
            self.table.tool("clean", "--versions", "1", "--readers", "0s")
        else:
            self.upsert(by, CLEANED)
        assert list(self.table.timeline.glob("*.clean")), "nothing was cleaned"

    def archive(self, by) -> None:
        first = self.table.instants()[0]
        if by is None:
            self.table.archive()
        else:
            self.upsert(by, ARCHIVED)  # cleans by commits
            self.number += 1
            self.upsert(by, ARCHIVED)
        assert first not in self.table.instants(), "nothing was archived"

    def call(self, spark, procedure: str, **arguments) -> None:
        """A stored procedure of Hudi."""
        given = {"path": self.table.path, **arguments}
        given = ", ".join(f"{name} => '{value}'" for name, value in given.items())
        with self.settings(spark):
            spark.sql(f"call {procedure}({given})")

    @contextmanager
    def settings(self, spark):
        """Its services know the options that stand in our tables, not a job's: say those meanwhile."""
        jobs = self.table.jobs or {}
        settings = {name: jobs[name] for name in SETTINGS if name in jobs}
        for name, value in settings.items():
            spark.sql(f"set {name}={value}")
        try:
            yield
        finally:
            for name in settings:
                spark.sql(f"reset {name}")
