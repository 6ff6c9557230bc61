"""The real program on a disk without room and beside a second process; the rest of what a disk can
do is simulated (tests/sim/damage_test.cc)."""

import resource
import subprocess
import time

from support import csv_table, program, readers
from support.killed import PATIENCE_S, SLICE_RECORDS, start_up, wait_for_door, write_config

ROOM_BYTES = 400_000


def slices(events) -> list[bytes]:
    lines = events.read_bytes().splitlines(keepends=True)
    return [b"".join(lines[i:i + SLICE_RECORDS]) for i in range(0, len(lines), SLICE_RECORDS)]


def put(config, piece: bytes) -> subprocess.CompletedProcess:
    return program.run("stream", "put", "--config", config, program.TABLE, "-", input=piece,
                       check=False)


def test_without_room_nothing_is_acknowledged_and_nothing_acknowledged_is_lost(tmp_path):
    """No file may grow over a limit: what a full disk is to the program."""
    simulation = program.simulate(tmp_path, seed=91, changes=8000, shape="streams")
    lake = program.Lake(tmp_path / "lake")
    config, log = write_config(tmp_path, lake.path), tmp_path / "up.log"
    with open(log, "wb") as out:
        cramped = subprocess.Popen(
            [program.binary(), "up", "--config", config], stdout=out, stderr=out,
            restore_signals=False,  # Python ignores SIGXFSZ; the program then sees EFBIG
            preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (ROOM_BYTES, ROOM_BYTES)))
    waiting = slices(simulation.events)
    try:
        wait_for_door(cramped, lake, log)
        deadline = time.monotonic() + PATIENCE_S
        while waiting and time.monotonic() < deadline:
            refused = put(config, waiting[0])
            if refused.returncode != 0:
                break
            waiting.pop(0)
    finally:
        cramped.kill()
        cramped.wait()
    assert refused.returncode != 0, "a put that found no room was acknowledged"
    assert b"File too large" in refused.stderr or b"no pipeline" in refused.stderr.lower(), refused.stderr
    assert len(waiting) < len(slices(simulation.events)), "nothing fitted at all"

    roomy = start_up(config, log)
    try:
        wait_for_door(roomy, lake, log)
        for piece in waiting:
            assert put(config, piece).returncode == 0
        roomy.terminate()
        assert roomy.wait(PATIENCE_S) == 0
    finally:
        roomy.kill()
        roomy.wait()
    shown = readers.read_sql(lake)
    columns = [name for name in shown.columns if name != "_change_seq"]
    csv_table.assert_equal(shown.select(columns), simulation.expected, "after the disk was full")


def test_a_second_process_on_the_same_lake_is_refused(tmp_path):
    lake = program.Lake(tmp_path / "lake")
    config, log = write_config(tmp_path, lake.path), tmp_path / "up.log"
    first = start_up(config, log)
    try:
        wait_for_door(first, lake, log)
        second = program.run("up", "--config", config, check=False, timeout=PATIENCE_S)
        assert second.returncode == 1
        assert b"another process writes to the lake" in second.stderr
        assert first.poll() is None, "the first one goes on"
    finally:
        first.kill()
        first.wait()
