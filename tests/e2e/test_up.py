"""`tapelake up`: the whole pipeline in one process, seen from outside."""

import json
import os
import re
import signal
import subprocess
import time
from contextlib import contextmanager

import pytest

from support import program

PATIENCE_S = 60


@contextmanager
def running(folder, *arguments):
    """Start `up` in an empty folder without configuration; kill it if the test leaves it behind."""
    log = folder / "up.log"
    with open(log, "wb") as out:
        process = subprocess.Popen([str(program.binary()), "up", "--listen", "127.0.0.1:0",
                                    "--history", "0s", *arguments], cwd=folder,
                                   stdout=out, stderr=subprocess.STDOUT)
    try:
        yield process, log
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()


def wait_for(condition, what):
    """Return the first true answer of `condition`; fail after PATIENCE_S."""
    deadline = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline:
        if answer := condition():
            return answer
        time.sleep(0.1)
    pytest.fail(f"waited {PATIENCE_S} s for {what}")


def rows_in(lake) -> int:
    done = program.run("sql", "--lake", lake.path, "--format", "csv",
                       f"SELECT count(*) AS n FROM {lake.table}", check=False)
    return int(done.stdout.split()[1]) if done.returncode == 0 else 0

def lake_below(folder):
    """The lake folder that `up` made under the default ./tapelake-data."""
    found = list(folder.glob("tapelake-data/**/transactions/.hoodie"))
    return program.Lake(found[0].parent.parent.parent) if found else None

def test_up_commits_answers_and_drains(tmp_path):
    with running(tmp_path) as (process, log):
        lake = wait_for(lambda: lake_below(tmp_path), "the table")
        wait_for(lambda: len(lake.instants()) >= 3, "three commits")
        assert rows_in(lake) > 0, "sql must work while up runs"
        lines = [line for line in log.read_text().splitlines() if re.search(r"\d", line)]
        assert len(lines) >= 3, "one line a second was promised"
        assert process.poll() is None
        committed = len(lake.instants())
        process.send_signal(signal.SIGINT)
        assert process.wait(PATIENCE_S) == 0
    assert len(lake.instants()) >= committed
    assert not leftovers(lake), "a drained pipeline leaves no instant half done"
    assert rows_in(lake) > 0

def leftovers(lake) -> list[str]:
    """Instants that were begun and not completed."""
    names = os.listdir(lake.table_path / ".hoodie")
    done = {name.split(".")[0] for name in names if name.endswith(program.COMPLETED)}
    return [n for n in names if n.endswith((".requested", ".inflight")) and n.split(".")[0] not in done]

def test_up_continues_where_it_ended(tmp_path):
    counts = []
    for _ in range(2):
        with running(tmp_path) as (process, _):
            lake = wait_for(lambda: lake_below(tmp_path), "the table")
            before = len(lake.instants())
            wait_for(lambda: len(lake.instants()) >= before + 2, "two more commits")
            process.send_signal(signal.SIGTERM)
            assert process.wait(PATIENCE_S) == 0
        counts.append(rows_in(lake))
    assert 0 < counts[0] < counts[1]

def test_a_killed_up_loses_no_commit(tmp_path):
    with running(tmp_path) as (process, _):
        lake = wait_for(lambda: lake_below(tmp_path), "the table")
        wait_for(lambda: len(lake.instants()) >= 2, "two commits")
        process.kill()
        process.wait()
    before, committed = rows_in(lake), len(lake.instants())
    with running(tmp_path) as (process, _):
        wait_for(lambda: len(lake.instants()) >= committed + 2, "two more commits")
        process.send_signal(signal.SIGINT)
        assert process.wait(PATIENCE_S) == 0
    assert rows_in(lake) > before
    assert not leftovers(lake)

def test_status_tells_about_the_tables(tmp_path):
    with running(tmp_path) as (process, _):
        lake = wait_for(lambda: lake_below(tmp_path), "the table")
        wait_for(lambda: len(lake.instants()) >= 1, "a commit")
        done = program.run("status", "--json", cwd=tmp_path)
        text = done.stdout.decode()
        assert "transactions" in text
        for line in text.splitlines():
            json.loads(line)
        process.send_signal(signal.SIGINT)
        assert process.wait(PATIENCE_S) == 0

def test_a_second_interrupt_stops_at_once(tmp_path):
    with running(tmp_path) as (process, _):
        lake = wait_for(lambda: lake_below(tmp_path), "the table")
        wait_for(lambda: len(lake.instants()) >= 1, "a commit")
        process.send_signal(signal.SIGINT)
        process.send_signal(signal.SIGINT)
        start = time.monotonic()
        process.wait(PATIENCE_S)
        assert time.monotonic() - start < 5

QUIET_CONFIG = """\
lake: {{path: {lake}}}
dashboard: {{listen: '127.0.0.1:0'}}
commit: {{interval: 300ms}}
compaction: {{log_files_max: 100, interval: 2s}}
tables: [{{name: transactions, buckets: 2, source: {{kind: stream}}}}]
"""


def test_the_logs_of_a_table_that_gets_no_more_are_compacted_by_age(tmp_path):
    simulation = program.simulate(tmp_path, seed=5, changes=50, shape="streams")
    expected = len(simulation.expected.rows)
    lake = program.Lake(tmp_path / "lake")
    config = tmp_path / "up.yaml"
    config.write_text(QUIET_CONFIG.format(lake=lake.path))

    def put():
        return program.run("stream", "put", "--config", config, program.TABLE, simulation.events,
                           check=False).returncode == 0

    def rows_in_base_files():
        done = program.run("sql", "--format", "csv", "SELECT count(*) AS n FROM "
                           f"hudi('{lake.table_path}', mode := 'read_optimized')", check=False)
        return int(done.stdout.split()[1]) if done.returncode == 0 else 0

    with running(tmp_path, "--config", str(config)):
        wait_for(put, "the door")
        wait_for(lambda: rows_in(lake) == expected, "the rows")
        wait_for(lambda: rows_in_base_files() == expected, "all rows in base files")
        assert rows_in(lake) == expected
