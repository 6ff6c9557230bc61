"""`tapelake stream get`: what was put comes back, from any place or time on, also without a pipeline."""

import json
from datetime import datetime, timedelta

import pytest

from support import csv_table, program, readers
from support.killed import PATIENCE_S, start_up, wait_for_door, write_config


def get(lake, *arguments) -> list[bytes]:
    done = program.run("stream", "get", program.TABLE, "--lake", lake.path, *arguments)
    return done.stdout.splitlines(keepends=True)


def put(config, lines: list[bytes]) -> None:
    program.run("stream", "put", "--config", config, program.TABLE, "-", input=b"".join(lines))


def check_places(lake, events: list[bytes], half: int, time: str) -> None:
    assert get(lake) == events
    assert get(lake, "--from", half + 1) == events[half:]
    assert get(lake, "--from", half + 1, "--limit", "1") == events[half:half + 1]
    assert get(lake, "--from", time) == events[half:]
    assert get(lake, "--from", len(events) + 1) == []
    assert get(lake, "--from", "2999-01-01") == []


@pytest.fixture(scope="module")
def filled(tmp_path_factory):
    """A lake whose pipeline has ended, its events, where the second half begins, and when it came."""
    folder = tmp_path_factory.mktemp("stream-get")
    simulation = program.simulate(folder, seed=93, changes=3000, shape="streams")
    events = simulation.events.read_bytes().splitlines(keepends=True)
    half = len(events) // 2
    lake = program.Lake(folder / "lake")
    config, log = write_config(folder, lake.path), folder / "up.log"
    process = start_up(config, log)
    try:
        wait_for_door(process, lake, log)
        put(config, events[:half])
        told = program.run("stream", "describe", "--json", "--lake", lake.path, lake.table)
        newest = datetime.fromisoformat(json.loads(told.stdout)["newest_arrival"])
        time = (newest + timedelta(microseconds=1)).isoformat(timespec="microseconds")
        put(config, events[half:])
        check_places(lake, events, half, time)
        process.terminate()
        assert process.wait(PATIENCE_S) == 0, log.read_text()[-2000:]
    finally:
        process.kill()
        process.wait()
    return lake, simulation, half, time


def test_records_come_back_from_every_place_with_the_pipeline_and_without(filled):
    lake, simulation, half, time = filled
    check_places(lake, simulation.events.read_bytes().splitlines(keepends=True), half, time)


def test_a_table_made_again_from_its_stream_is_the_same(filled, tmp_path):
    lake, simulation, half, _ = filled
    folder = tmp_path / "again"
    again = program.Lake(folder, config=write_config(tmp_path, folder))
    for number, more in enumerate((("--limit", half + 100), ("--from", half - 100))):
        piece = tmp_path / f"{number}.ndjson"
        piece.write_bytes(b"".join(get(lake, *more)))
        again.ingest(piece)
    shown = readers.read_sql(again)
    columns = [name for name in shown.columns if name != "_change_seq"]
    csv_table.assert_equal(shown.select(columns), simulation.expected, "made again")


@pytest.mark.parametrize("arguments, what", [
    ((program.TABLE, "--from", "yesterday"), "is no place in a stream"),
    ((program.TABLE, "--from", "999999"), "999999"),
    (("crypto.nothing",), "no stream 'crypto.nothing'"),
])
def test_a_wrong_place_is_named(filled, arguments, what):
    lake = filled[0]
    done = program.run("stream", "get", *arguments, "--lake", lake.path, check=False)
    assert done.returncode == 1
    assert what in done.stderr.decode()
    assert "hint:" in done.stderr.decode()
