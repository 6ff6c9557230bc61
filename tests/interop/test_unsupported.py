"""What unsupported.toml says is so: the peer refuses or differs on a table that is not of ours."""

import pyarrow
import pytest

from support import csv_table, program, readers
from support.cells import LACKS, LOGGINGS
from support.change_feed import read_changes
from support.spark_session import ENGINES, HUDI_1_1
from support.table_steps import Steps
from support.trino_peer import NAME as TRINO
from support.written_table import WrittenTable, change_logging, job_options, row

ATHENA = "Athena"
REPRODUCED = {}


def reproduces(*ids):
    """Mark a function that makes the entries' words come: it must raise."""
    def register(function):
        REPRODUCED.update(dict.fromkeys(ids, function))
        return function
    return register


class World:
    """What a reproduction works with. The engine makes the tables if it is a Spark, else Hudi 0.15."""

    def __init__(self, engine: str, request, tmp_path):
        self.request, self.folder = request, tmp_path
        sparks = {spark.name: spark for spark in request.getfixturevalue("sparks")}
        self.spark = sparks.get(engine) or request.getfixturevalue("spark_0_15")

    @property
    def trino(self):
        return self.request.getfixturevalue("trino")

    def table(self, type: str, index: str) -> WrittenTable:
        """A table that Spark made: 30 rows, some of them updated."""
        table = WrittenTable(self.folder, type, index, [], job_options(type, index))
        table.write_with_spark(self.spark, "insert", rows(0, 30, 0))
        table.write_with_spark(self.spark, "upsert", rows(10, 20, 1000))
        return table


def rows(first: int, last: int, seq: int) -> list[dict]:
    return [row(f"k{i:06}", "p0", seq + i, "by Spark") for i in range(first, last)]


def expect_equal(table, engine: str, answer: csv_table.Table) -> None:
    expected = table.table_of(table.expected)
    csv_table.assert_equal(answer.select(expected.columns), expected, engine, key="id")


def of_this_run():
    """Trino and the newest Spark are here in the big run only."""
    absent = () if program.FULL else (TRINO, ENGINES[HUDI_1_1])
    return [pytest.param(lack, engine, id=f"{lack.id}-{engine}") for lack in LACKS if lack.says
            for engine in lack.engines if engine not in absent]


@pytest.mark.parametrize("lack, engine", of_this_run())
def test_the_peer_says_so(lack, engine, request, tmp_path):
    with pytest.raises(Exception) as refused:
        REPRODUCED[lack.id](World(engine, request, tmp_path))
    assert lack.says in str(refused.value)


def test_every_entry_that_quotes_a_peer_is_reproduced():
    assert {lack.id for lack in LACKS if lack.says} == set(REPRODUCED)


def test_every_other_entry_names_its_document():
    documented = {lack.id: lack.engines for lack in LACKS if not lack.says}
    assert all(engines in ([readers.HUDI_RS], [ATHENA]) for engines in documented.values())


def test_hudi_rs_has_no_method_that_writes():
    import hudi

    writing = ("write", "insert", "upsert", "delete", "commit", "append", "create_table", "save")
    classes = [getattr(hudi, name) for name in hudi.__all__ if name.startswith("Hudi")]
    methods = [f"{one.__name__}.{name}" for one in classes for name in dir(one)
               if name.startswith(writing)]
    assert classes and methods == []


def test_hudi_rs_knows_two_kinds_of_queries():
    from hudi import HudiQueryType

    kinds = {name for name in dir(HudiQueryType) if name[0].isupper()}
    assert kinds == {"Snapshot", "Incremental"}


@reproduces("spark-bulk-insert-into-buckets")
def upsert_after_a_bulk_insert_into_buckets(world):
    table = world.table("mor", "bucket")
    table.write_with_spark(world.spark, "bulk_insert", rows(40, 60, 2000))
    table.write_with_spark(world.spark, "upsert", rows(30, 60, 3000))


@reproduces("spark-change-data-of-logs")
def read_changes_in_logs(world):
    """Whatever is logged: each table must be refused, and all in the same words."""
    refused = []
    for logging in LOGGINGS:
        jobs = job_options("mor", "bloom") | change_logging(logging)
        table = WrittenTable(world.folder / logging, "mor", "bloom", [], jobs)
        table.write_with_spark(world.spark, "insert", rows(0, 30, 0))
        begin, _ = table.state()
        table.write_with_spark(world.spark, "upsert", rows(10, 20, 1000))
        with pytest.raises(Exception, match="Not an Avro data file") as error:
            read_changes(world.spark, table.path, begin)
        refused.append(error.value)
    raise refused[0]


@reproduces("hudi-rs-pending-compaction")
def read_under_a_pending_compaction_with_hudi_rs(world):
    table = world.table("mor", "bloom")
    Steps(table).schedule_compaction(world.spark)
    table.write_with_spark(world.spark, "upsert", rows(15, 25, 2000))
    expect_equal(table, readers.HUDI_RS, readers.read_hudi_rs(table.path))


@reproduces("hudi-rs-widened-logs")
def read_widened_logs_with_hudi_rs(world):
    table = world.table("mor", "bloom")
    table.widen("number", pyarrow.int64())
    table.write_with_spark(world.spark, "upsert", rows(5, 15, 2000))
    table.add_column("more", pyarrow.string())
    table.write_with_spark(world.spark, "upsert", rows(5, 10, 3000))
    expect_equal(table, readers.HUDI_RS, readers.read_hudi_rs(table.path))


@reproduces("trino-logs")
def read_logs_with_trino(world):
    table = world.table("mor", "bloom")
    expect_equal(table, TRINO, world.trino.read(table.path))


@reproduces("trino-writes")
def insert_with_trino(world):
    table = world.table("cow", "bloom")
    name = world.trino.registered(table.path)
    world.trino.ask(f"INSERT INTO {name} SELECT * FROM {name}")


@reproduces("trino-time-travel")
def travel_with_trino(world):
    table = world.table("cow", "bloom")
    name = world.trino.registered(table.path)
    world.trino.ask(f"SELECT count(*) FROM {name} FOR TIMESTAMP AS OF TIMESTAMP '2026-01-01 00:00:00 UTC'")


@reproduces("trino-changes")
def changes_with_trino(world):
    table = world.table("cow", "bloom")
    _, schema, name = world.trino.registered(table.path).split(".")
    world.trino.ask("SELECT * FROM TABLE(hudi.system.table_changes("
                    f"schema_name => '{schema}', table_name => '{name}', since_version => 0))")
