"""Every engine that reads a table: Spark with Hudi, hudi-rs, our own SQL, Trino in the big run."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pyarrow

from support import csv_table
from support.cells import OURS as SQL
from support.program import Lake
from support.spark_table import INCREMENTAL, META_PREFIX, READ_OPTIMIZED, SNAPSHOT

HUDI_RS = "hudi-rs 0.5"
BEGIN = "hoodie.datasource.read.begin.instanttime"


def read_all(lake: Lake, peers, query: str = SNAPSHOT, **past) -> list[tuple[str, Callable]]:
    """Ask every engine that knows the query; return (engine, function that gives its answer).

    `peers` are the servers and sessions that have a name and can read a path. Of the `past`, as in
    read_hudi_rs, only Sparks can be asked.
    """
    path = lake.table_path
    reads = [(peer.name, lambda peer=peer: read_peer(peer, path, query, **past)) for peer in peers]
    reads.append((HUDI_RS, lambda: read_hudi_rs(path, query, **past)))
    reads.append((SQL, lambda: read_sql_path(lake, query, **past)))
    if query == SNAPSHOT and not past:
        reads.append((SQL, lambda: read_sql(lake)))
    with ThreadPoolExecutor(len(reads)) as pool:
        running = [(engine, pool.submit(read)) for engine, read in reads]
        return [(engine, answer.result) for engine, answer in running]


def read_peer(peer, path: Path, query: str = SNAPSHOT, as_of: str = "",
              begin: str = "") -> csv_table.Table:
    """What a server or session says; `as_of` and `begin` as in read_hudi_rs."""
    if as_of:
        return peer.read(path, query, {"as.of.instant": as_of})
    if begin:
        return peer.read(path, INCREMENTAL, {BEGIN: begin})
    return peer.read(path, query)


def read_hudi_rs(path: Path, query: str = SNAPSHOT, as_of: str = "",
                 begin: str = "") -> csv_table.Table:
    """The rows of a query, or as of an instant, or that commits after `begin` wrote."""
    from hudi import HudiQueryType, HudiReadOptions

    options = HudiReadOptions()
    if query == READ_OPTIMIZED:
        options = options.with_hudi_option("hoodie.read.use.read_optimized.mode", "true")
    if as_of:
        options = options.with_as_of_timestamp(as_of)
    if begin:
        options = options.with_query_type(HudiQueryType.Incremental).with_start_timestamp(begin)
    columns, rows = None, []
    for batch in open_hudi_rs(path).read(options):
        batch = pyarrow.record_batch(batch)
        names = [name for name in batch.schema.names if not name.startswith(META_PREFIX)]
        columns = columns or names
        rows += map(list, zip(*[texts(batch.column(name)) for name in columns]))
    assert columns, f"hudi-rs found no rows in {path}"
    return csv_table.Table(columns, rows)


def texts(column: pyarrow.Array) -> list[str]:
    if pyarrow.types.is_string(column.type):
        return column.fill_null(csv_table.NULL).to_pylist()
    return [csv_table.cell(value) for value in column.to_pylist()]


def open_hudi_rs(path: Path):
    from hudi import HudiTableBuilder

    return HudiTableBuilder.from_base_uri(str(path)).build()


def log_files(path: Path) -> int:
    """Log files that lie over the newest base files, as hudi-rs sees them."""
    slices = open_hudi_rs(path).get_file_slices()
    return sum(len(file_slice.log_files_relative_paths()) for file_slice in slices)


def read_sql(lake: Lake) -> csv_table.Table:
    """`tapelake sql` over the catalogued table."""
    return without_meta(lake.sql(f"SELECT * FROM {lake.table}"))


def read_sql_path(lake: Lake, query: str = SNAPSHOT, as_of: str = "",
                  begin: str = "") -> csv_table.Table:
    """`tapelake sql` over a table named by its path; `as_of` and `begin` as in read_hudi_rs."""
    source = f"hudi('{lake.table_path}', mode => '{query}')"
    if as_of:
        source = f"hudi('{lake.table_path}', as_of => '{as_of}')"
    if begin:
        source = f"hudi_incremental('{lake.table_path}', '{begin}')"
    return without_meta(lake.sql(f"SELECT * FROM {source}"))


def without_meta(table: csv_table.Table) -> csv_table.Table:
    return table.select([name for name in table.columns if not name.startswith(META_PREFIX)])
