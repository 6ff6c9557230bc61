"""Other engines reading a table: Spark with Hudi, hudi-rs, and our own SQL."""

from pathlib import Path

import pyarrow

from support import csv_table
from support.program import Lake

META_PREFIX = "_hoodie_"


def read_spark(spark, path: Path) -> csv_table.Table:
    """Snapshot query of Spark + Hudi."""
    frame = spark.read.format("hudi").load(str(path))
    columns = [name for name in frame.columns if not name.startswith(META_PREFIX)]
    rows = frame.select(*[f"`{name}`" for name in columns]).collect()
    return csv_table.Table(columns, [[csv_table.cell(value) for value in row] for row in rows])


def read_hudi_rs(path: Path) -> csv_table.Table:
    """Snapshot query of hudi-rs."""
    from hudi import HudiReadOptions, HudiTableBuilder

    table = HudiTableBuilder.from_base_uri(str(path)).build()
    columns, rows = None, []
    for batch in table.read(HudiReadOptions()):
        batch = pyarrow.record_batch(batch)
        names = [name for name in batch.schema.names if not name.startswith(META_PREFIX)]
        columns = columns or names
        values = [batch.column(name).to_pylist() for name in columns]
        rows += [[csv_table.cell(value) for value in row] for row in zip(*values)]
    assert columns, f"hudi-rs found no rows in {path}"
    return csv_table.Table(columns, rows)


def read_sql(lake: Lake) -> csv_table.Table:
    """`tapelake sql` over the catalogued table."""
    return without_meta(lake.sql(f"SELECT * FROM {lake.table}"))


def read_sql_path(lake: Lake) -> csv_table.Table:
    """`tapelake sql` over a table named by its path."""
    return without_meta(lake.sql(f"SELECT * FROM hudi('{lake.table_path}')"))


def without_meta(table: csv_table.Table) -> csv_table.Table:
    return table.select([name for name in table.columns if not name.startswith(META_PREFIX)])
