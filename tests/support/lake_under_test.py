"""A lake that our program and Spark write in turns, and what it must hold by now."""

import zlib
from decimal import Decimal
from pathlib import Path

from support import csv_table, program, readers
from support.cells import TYPES, History, names
from support.csv_table import NULL
from support.records import ChangeMaker
from support.spark_table import DELETE, READ_OPTIMIZED, SNAPSHOT, UPSERT

OWN_COLUMN = "_change_seq"  # in the table, not in the expected file
PROGRAM_COLUMNS = {
    "transaction_id", "timestamp", "exchange", "trading_pair", "order_type", "price",
    "quantity", "trade_fee", "trade_status", "user_id", "wallet_address", "order_source",
    "event_date", "_rescued", "_change_time", "_change_sequence",
}
DECIMAL_COLUMNS = {"price", "quantity", "trade_fee"}
STEP = Decimal("1E-18")


class LakeUnderTest:
    """Goes through the steps in order; keeps `expected` (key -> row) in step.

    `sparks` write and read; `peers` are all that read, if there are more.
    """

    def __init__(self, folder: Path, type: str, shape: str, changes: int, sparks, seed: int = 7,
                 index: str = "bucket", buckets: int = 4, peers=None, change_data: str = "none"):
        self.folder, self.type, self.shape, self.sparks = folder, type, shape, sparks
        self.index, self.buckets, self.peers = index, buckets, peers or sparks
        self.change_data = change_data
        self.history = History(TYPES[type], index)
        self.simulation = program.simulate(folder, seed=seed, changes=changes, shape=shape)
        self.columns = self.simulation.expected.columns
        self.expected = self.simulation.expected.by_key()
        self.lake = program.Lake(folder / "lake")
        self.maker = ChangeMaker(self.simulation.events, shape, numbers=DECIMAL_COLUMNS)
        self.rounds = 0

    def ingest(self, file: Path, settings: str = "") -> dict:
        """`ingest --once` with settings of the configuration (YAML)."""
        self.lake.config = self.folder / "lake.yaml"
        table = (f"{{name: transactions, type: {self.type}, index: {self.index}, "
                 f"buckets: {self.buckets}, change_data: {self.change_data}}}")
        self.lake.config.write_text(f"{settings}\ntables: [{table}]\n")
        return self.lake.ingest(file)

    # --- judging ---------------------------------------------------------------------------------

    def expect_equal_everywhere(self, operation, by=(), query: str = SNAPSHOT) -> None:
        """Every reader returns `expected`, every row and column, after the operation(s).

        `by` are the Sparks that did them; nobody: we did.
        """
        expected = csv_table.from_keyed(self.expected, self.columns)
        for engine, read in readers.read_all(self.lake, self.peers, query):
            with self.history.reading(engine, operation, names(by)):
                csv_table.assert_equal(without_own_column(read()), expected, engine)

    def expect_read_optimized_equal(self) -> None:
        self.expect_equal_everywhere("read-optimized", query=READ_OPTIMIZED)

    def expect_properties_kept(self, before: dict[str, str]) -> None:
        """Whoever wrote: what we had stored is there, version and checksum are right."""
        now = self.properties()
        assert {name: now.get(name) for name in before} == before
        assert now["hoodie.table.version"] == "6"
        named = f"{now['hoodie.database.name']}.{now['hoodie.table.name']}"
        assert now["hoodie.table.checksum"] == str(zlib.crc32(named.encode()))
        assert not now.get("hoodie.table.metadata.partitions")

    def properties(self) -> dict[str, str]:
        text = (self.timeline / "hoodie.properties").read_text(encoding="ascii")
        lines = [line for line in text.splitlines() if line and not line.startswith("#")]
        return dict(line.split("=", 1) for line in lines)

    @property
    def timeline(self) -> Path:
        return self.lake.table_path / ".hoodie"

    def base_files(self) -> list[Path]:
        return sorted(self.lake.table_path.rglob("*.parquet"))

    # --- writing ---------------------------------------------------------------------------------

    def change_with_spark(self, spark, updates: int, inserts: int, deletes: int) -> None:
        """Upsert (changed rows and new ones) and delete with the DataFrame writer of `spark`."""
        self.rounds += 1
        keys = sorted(self.expected)
        updated = spread(keys, updates)
        deleted = spread(sorted(set(keys) - set(updated)), deletes)
        copied = updated[:inserts]
        assert (len(updated), len(copied), len(deleted)) == (updates, inserts, deletes)

        path, seq = self.lake.table_path, self.last_change_seq()
        changed = {key: self.expected[key] | touched_by_spark(self.expected[key]) for key in updated}
        for key in copied:
            new_key = f"spark-{self.rounds}-{key}"
            changed[new_key] = self.expected[key] | {"transaction_id": new_key}
        spark.write(path, UPSERT, [row | {OWN_COLUMN: str(seq + 1)} for row in changed.values()])
        self.expected |= changed
        removed = [self.expected.pop(key) | {OWN_COLUMN: str(seq + 2)} for key in deleted]
        spark.write(path, DELETE, removed)

    def last_change_seq(self) -> int:
        return int(self.lake.sql(f"SELECT max({OWN_COLUMN}) FROM {self.lake.table}").rows[0][0])

    def further_changes(self, of_spark: int = 40, of_us: int = 120) -> Path:
        """Write a file of removed, changed, new and moved rows, also of rows that Spark wrote."""
        self.rounds += 1
        rows = self.expected
        plain = [key for key, row in sorted(rows.items()) if self.is_plain(row)]
        by_spark = [key for key in plain if rows[key]["trade_status"] == "AUDITED"][:of_spark]
        by_spark += [key for key in plain if key.startswith("spark-")][:of_spark]
        by_us = [key for key in plain if key not in set(by_spark)]
        for index, key in enumerate(by_spark + by_us[:: max(1, len(by_us) // of_us)][:of_us]):
            self.change(index, key)
        file = self.maker.write(self.folder / f"further-{self.rounds}.ndjson")
        self.maker.lines.clear()
        return file

    def change(self, index: int, key: str) -> None:
        rows = self.expected
        old, kind = rows[key], ("REMOVE", "MODIFY", "INSERT", "MODIFY")[index % 4]
        if kind == "REMOVE":
            self.maker.change(kind, key, rows.pop(key), None)
            return
        new_key = f"made-{self.rounds}-{index}" if kind == "INSERT" else key
        new = old | {"transaction_id": new_key, "trade_fee": nudged(old["trade_fee"])}
        if index % 4 == 1:  # the row moves to another day
            new["timestamp"] = f"2024-06-0{1 + index % 9}{old['timestamp'][10:]}"
        new["event_date"] = new["timestamp"][:10]
        rows[new_key] = new | self.maker.change(kind, new_key, old if new_key == key else None, new)

    def is_plain(self, row) -> bool:
        """Rows whose image the test can write: declared columns only, nothing rescued."""
        added = [name for name in self.columns if name not in PROGRAM_COLUMNS]
        return (row["_rescued"] == NULL and row["trade_fee"] != NULL and row["timestamp"] != NULL
                and all(row[name] == NULL for name in added))


def without_own_column(table: csv_table.Table) -> csv_table.Table:
    assert all(row[0] != NULL for row in table.select([OWN_COLUMN]).rows)
    return table.select([name for name in table.columns if name != OWN_COLUMN])


def touched_by_spark(row: dict[str, str]) -> dict[str, str]:
    price = row["price"] if row["price"] == NULL else nudged(row["price"])
    return {"price": price, "trade_status": "AUDITED"}


def nudged(amount: str) -> str:
    """The next larger amount of 18 decimals."""
    return format(Decimal(amount) + STEP, "f")


def spread(keys: list[str], count: int) -> list[str]:
    """Return `count` of the keys, evenly spread."""
    return keys[:: len(keys) // count][:count]
