"""A table whose old instants were archived and old files deleted by us is still everybody's."""

from collections import Counter

from support import readers
from support.lake_under_test import LakeUnderTest

CHANGES, PIECES = 4_000, 10
RETAINED, INSTANTS_MAX = 2, 6
SETTINGS = (f"history: {{commits_retained: {RETAINED}, instants_min: 4, instants_max: {INSTANTS_MAX}, "
            "readers: 0s}\n"
            "compaction: {log_files_max: 1}")
FEW_CHANGES = {"updates": 60, "inserts": 40, "deletes": 10}


def test_an_archived_and_cleaned_table_reads_right_and_is_continued(tmp_path, sparks, peers):
    table = LakeUnderTest(tmp_path, "mor", "streams", CHANGES, sparks, seed=13, peers=peers)
    first, last = ingest_in_pieces(table)
    properties = table.properties()
    expect_short_history(table, first)
    table.expect_equal_everywhere(["archive", "clean"])

    for spark in table.sparks:
        table.change_with_spark(spark, **FEW_CHANGES)
    table.expect_equal_everywhere(["upsert", "delete"], by=table.sparks)

    table.ingest(table.further_changes(of_spark=10, of_us=20), SETTINGS)
    table.expect_equal_everywhere(["archive", "clean"])
    assert last not in active_instants(table)
    table.expect_properties_kept(properties)


def ingest_in_pieces(table) -> tuple[str, str]:
    """Ingest a growing file; return the first and the last instant."""
    lines = table.simulation.events.read_bytes().splitlines(keepends=True)
    growing = table.folder / "growing.ndjson"
    instants = []
    for piece in range(1, PIECES + 1):
        growing.write_bytes(b"".join(lines[: len(lines) * piece // PIECES]))
        instants.append(table.ingest(growing, SETTINGS)["instant"])
    assert len(set(instants)) == PIECES
    return instants[0], instants[-1]


def expect_short_history(table, first: str) -> None:
    assert first not in active_instants(table)
    assert len(active_instants(table)) <= INSTANTS_MAX + 2  # of the last run: after its services
    assert any((table.timeline / "archived").iterdir())
    assert list(table.timeline.glob("*.clean"))
    versions = Counter(file_group(path) for path in table.base_files())
    assert 1 < max(versions.values()) <= RETAINED + 1
    assert readers.log_files(table.lake.table_path) == 0


def active_instants(table) -> set[str]:
    return {name.partition(".")[0] for name in table.lake.instants()}


def file_group(base_file) -> tuple[str, str]:
    return base_file.parent.name, base_file.name.partition("_")[0]
