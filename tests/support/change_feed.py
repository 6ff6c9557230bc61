"""The changes of a WrittenTable as they were made, and as the engines tell them: operation and key."""

from collections import Counter

from support import readers, spark_table
from support.cells import OURS, names
from support.written_table import WrittenTable


class ChangeFeed:
    """Writes, and expects the feed to say what was written; it begins after what the table has."""

    def __init__(self, table: WrittenTable, logging: str):
        self.table, self.operation = table, f"change data, {logging}"
        self.begin, _ = table.state()
        self.expected = Counter()

    def write(self, operation: str, rows: list[dict], by=None) -> None:
        self.expected.update((self.change(operation, each), each["id"]) for each in rows)
        if by is None:
            self.table.write(operation, rows)
        else:
            self.table.write_with_spark(by, operation, rows)

    def change(self, operation: str, row: dict) -> str:
        """As Hudi names it; a deleted row must be there."""
        stored = (row["id"], row["part"]) in self.table.expected
        assert stored or operation != "delete", row["id"]
        return "d" if operation == "delete" else "u" if stored else "i"

    def expect(self, sparks, by=()) -> None:
        """The Sparks and our SQL tell the changes; the newest were made by the peers `by`, or by us."""
        reads = [(spark.name, lambda spark=spark: self.of_spark(spark)) for spark in sparks]
        for engine, read in [*reads, (OURS, self.of_sql)]:
            with self.table.history.reading(engine, self.operation, names(by)):
                told = read()
                assert told == self.expected, f"{engine}: {told - self.expected} {self.expected - told}"

    def of_spark(self, spark) -> Counter:
        return read_changes(spark, self.table.path, self.begin)

    def of_sql(self) -> Counter:
        source = f"hudi_changes('{self.table.path}', '{self.begin}')"
        rows = self.table.lake.sql(f"SELECT op, _hoodie_record_key FROM {source}").rows
        return Counter(map(tuple, rows))


def read_changes(spark, path, begin: str, key="id") -> Counter:
    """What a Spark tells of the changes after an instant."""
    changes = spark.read(path, spark_table.INCREMENTAL, {
        "hoodie.datasource.query.incremental.format": "cdc", readers.BEGIN: begin})
    return Counter((op, spark_table.changed_image(before, after)[key])
                   for op, before, after in changes.select(["op", "before", "after"]).rows)
