"""However the changes are split over files and runs, the same table comes out."""

from support import csv_table, program, readers
from support.cells import MOR, READS_OURS, Case, cell
from support.lake_under_test import without_own_column
from support.records import compress


def test_two_halves_make_the_same_table(tmp_path, spark_0_15):
    """The same changes in two runs, from .gz and .zst, end in the same table."""
    simulation = program.simulate(tmp_path, seed=11, changes=20_000, shape="kinesis")
    lines = simulation.events.read_bytes().splitlines(keepends=True)
    first, second = tmp_path / "first.ndjson", tmp_path / "second.ndjson"
    first.write_bytes(b"".join(lines[: len(lines) // 2]))
    second.write_bytes(b"".join(lines[len(lines) // 2:]))
    lake = program.Lake(tmp_path / "lake")
    counts = [
        lake.ingest(compress(first, tmp_path / "first.ndjson.gz")),
        lake.ingest(compress(second, tmp_path / "second.ndjson.zst")),
    ]
    assert sum(count["received"] for count in counts) == len(lines)
    for engine, read in readers.read_all(lake, [spark_0_15]):
        with cell(engine, Case(READS_OURS, 6, "ingest", MOR, "bucket")):
            csv_table.assert_equal(without_own_column(read()), simulation.expected, engine)


def test_a_growing_file_is_taken_up_where_it_ended(tmp_path):
    simulation = program.simulate(tmp_path, seed=12, changes=5_000, shape="streams")
    lines = simulation.events.read_bytes().splitlines(keepends=True)
    growing, lake = tmp_path / "growing.ndjson", program.Lake(tmp_path / "lake")
    received = 0
    for end in (len(lines) // 3, len(lines) // 2, len(lines)):
        growing.write_bytes(b"".join(lines[:end]))
        received += lake.ingest(growing)["received"]
        assert received == end
    rows = without_own_column(readers.read_sql(lake))
    csv_table.assert_equal(rows, simulation.expected, readers.SQL)
