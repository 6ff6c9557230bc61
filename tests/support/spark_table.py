"""What the tests ask of Spark about a Hudi table, given a session: here or in a peer process.

Rows go in and out as canonical text (csv_table), so a test need not know a column's type. Writes
name the table and the operation and nothing else, unless the test gives options: all else must stand
in hoodie.properties.
"""

import json
from pathlib import Path

from support import csv_table

META_PREFIX = "_hoodie_"
SNAPSHOT, READ_OPTIMIZED, INCREMENTAL = "snapshot", "read_optimized", "incremental"
UPSERT, DELETE = "upsert", "delete"


def read(session, path, query: str = SNAPSHOT, options=None) -> csv_table.Table:
    """Every row of the query, without Hudi's own columns."""
    frame = load(session, path, query, options)
    rows = [[csv_table.cell(value) for value in row] for row in frame.collect()]
    return csv_table.Table(frame.columns, rows)


def load(session, path, query: str = SNAPSHOT, options=None):
    reader = session.read.format("hudi").options(**(options or {}))
    if query != SNAPSHOT:
        reader = reader.option("hoodie.datasource.query.type", query)
    frame = reader.load(str(path))
    return frame.drop(*[name for name in frame.columns if name.startswith(META_PREFIX)])


def write(session, path, table: str, operation: str, rows: Path, options=None, ddl="") -> None:
    """Write the rows of a file of save_rows(): every column of the table, as text.

    `ddl` ("name type, ...") says what the columns are; without it the table does.
    """
    from pyspark.sql import functions as F
    from pyspark.sql import types as T

    schema = session.createDataFrame([], ddl).schema if ddl else load(session, path).schema
    texts = T.StructType([T.StructField(field.name, T.StringType()) for field in schema])
    frame = session.read.schema(texts).json(str(rows))
    frame = frame.select(*[F.col(f"`{f.name}`").cast(f.dataType).alias(f.name) for f in schema])
    writer = frame.write.format("hudi").option("hoodie.table.name", table)
    writer = writer.option("hoodie.datasource.write.operation", operation).options(**(options or {}))
    writer.mode("append").save(str(path))


def roll_back(session, path, instant: str) -> None:
    """Undo a completed commit, as Hudi's procedure does that wants a table of the catalog."""
    jvm = session.sparkContext._jvm
    options = jvm.PythonUtils.toScalaMap({"hoodie.rollback.using.markers": "false"})
    client = jvm.org.apache.hudi.HoodieCLIUtils.createHoodieWriteClient(
        session._jsparkSession, str(path), options, jvm.scala.Option.apply(None))
    try:
        assert client.rollback(instant), f"{instant} was not rolled back"
    finally:
        client.close()


def sql(session, statement: str) -> csv_table.Table:
    frame = session.sql(statement)
    rows = [[csv_table.cell(value) for value in row] for row in frame.collect()]
    return csv_table.Table(frame.columns, rows)


def changed_image(before: str, after: str) -> dict:
    """The row after a change of Hudi's change feed or, if it was deleted, before it."""
    images = [json.loads("null" if text == csv_table.NULL else text) for text in (after, before)]
    return images[0] or images[1]


def save_rows(rows: list[dict[str, str]], path: Path) -> Path:
    """Write rows of canonical text as JSON lines of texts and nulls."""
    with open(path, "w", encoding="utf-8") as file:
        for row in rows:
            texts = {name: None if text == csv_table.NULL else text for name, text in row.items()}
            file.write(json.dumps(texts) + "\n")
    return path
