"""Files as a table's source: a directory and a prefix of S3 that are watched, each object taken once;
raw objects on S3 as what `ingest --once` reads."""

import gzip
import json
import random
import time

import pytest

from support import csv_table, program, readers
from support.delivered import lines_of, raw_objects, rows_of, run_up
from support.pulled import PulledTable
from support.s3_server import BUCKET, s3_server

CHANGES = 3_000
PARTS = 12


@pytest.fixture(scope="module")
def server():
    with s3_server() as running:
        yield running


def parts_of(lines: list[bytes]) -> list[bytes]:
    step = len(lines) // PARTS + 1
    return [b"\n".join(lines[begin:begin + step]) + b"\n" for begin in range(0, len(lines), step)]


def check_table(table: PulledTable, simulation: program.Simulation, what: str):
    shown = readers.read_sql(table.lake)
    columns = [name for name in shown.columns if name != "_change_seq"]
    csv_table.assert_equal(shown.select(columns), simulation.expected, what)


def received_ids(table: PulledTable) -> list[str]:
    return sorted(line["event_id"] for line in lines_of(raw_objects(table.lake)))


@pytest.mark.parametrize("place", ["directory", "prefix"])
def test_new_objects_are_taken_once_by_a_process_that_is_killed(server, place, tmp_path):
    seed = random.SystemRandom().randrange(1 << 30)
    print(f"seed {seed}")
    simulation = program.simulate(tmp_path, seed=seed, changes=CHANGES, shape="streams")
    lines = simulation.events.read_bytes().splitlines()
    incoming = tmp_path / "incoming" / "2026" / "11"
    incoming.mkdir(parents=True)
    prefix = f"watched-{seed}/2026/11"
    client = server.client()

    def put(number: int, body: bytes):
        packed = gzip.compress(body) if number % 2 else body
        name = f"part-{number:03}.ndjson" + (".gz" if number % 2 else "")
        if place == "prefix":
            client.put_object(Bucket=BUCKET, Key=f"{prefix}/{name}", Body=packed)
            return
        hidden = incoming / f".{name}"
        hidden.write_bytes(packed)
        hidden.rename(incoming / name)

    path = f"s3://{BUCKET}/{prefix.split('/')[0]}" if place == "prefix" else tmp_path / "incoming"
    parts = parts_of(lines)
    put(0, parts[0])
    table = PulledTable(tmp_path, f"{{kind: files, paths: ['{path}'], content: ndjson}}",
                        server.environment())
    table.start()
    for number, body in enumerate(parts[1:], 1):
        put(number, body)
        if number % 4 == 0:
            time.sleep(1)
            table.kill()
            table.start()
    table.wait_for(lambda: sum(table.positions().values()) == sum(map(len, parts)),
                   "all objects in the table")
    table.stop()
    check_table(table, simulation, f"seed {seed}")
    assert received_ids(table) == sorted(json.loads(line)["eventID"] for line in lines)


def test_raw_objects_on_s3_become_a_table_in_one_run(server, tmp_path):
    simulation = program.simulate(tmp_path, seed=7, changes=CHANGES, shape="streams")
    lake = run_up(tmp_path, simulation.events)
    client = server.client()
    for path in raw_objects(lake):
        client.put_object(Bucket=BUCKET, Key=f"raw-7/{path.relative_to(lake.path / 'raw')}",
                          Body=path.read_bytes())
    rebuilt = program.Lake(tmp_path / "rebuilt")
    command = ["ingest", "--once", "--format", "raw", "--lake", rebuilt.path, "--table", lake.table,
               "--json", f"s3://{BUCKET}/raw-7"]
    first = program.run(*command, environment=server.environment())
    assert json.loads(first.stdout)["received"] == len(simulation.events.read_bytes().splitlines())
    assert rows_of(rebuilt) == rows_of(lake)
    again = program.run(*command, environment=server.environment())
    assert json.loads(again.stdout)["received"] == 0, "each object is taken once"
