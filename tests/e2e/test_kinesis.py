"""A stream of Kinesis as a table's source: split and merged under load, the process killed."""

import json
import random
import time
from collections import Counter

import pytest

from support import aws_door, csv_table, program, readers
from support.delivered import lines_of, raw_objects
from support.kinesis_server import SERVERS, Stream, moto
from support.local_server import clean_environment
from support.pulled import PulledTable

CHANGES = 6_000
SOURCE = "{kind: kinesis, stream: crypto-cdc}"


@pytest.fixture(params=SERVERS)
def server(request, tmp_path):
    folder = tmp_path / "server"
    folder.mkdir()
    with SERVERS[request.param](folder) as running:
        yield running


def committed(table: PulledTable) -> int:
    return sum(table.positions().values())


def everything_is_committed(table: PulledTable, stream: Stream) -> bool:
    """Of the shards that are open. It says nothing of the parents of one that is empty."""
    taken = {source.rpartition("/")[2]: count for source, count in table.positions().items()}
    return all(taken.get(shard, 0) == count for shard, count in stream.counts().items())


def check_table(table: PulledTable, simulation: program.Simulation, what: str):
    shown = readers.read_sql(table.lake)
    columns = [name for name in shown.columns if name != "_change_seq"]
    csv_table.assert_equal(shown.select(columns), simulation.expected, what)


@pytest.mark.parametrize("shape", ["kinesis", "streams"])
def test_a_stream_that_is_resharded_and_a_process_that_is_killed(server, shape, tmp_path):
    seed = random.SystemRandom().randrange(1 << 30)
    print(f"seed {seed}")
    rng = random.Random(seed)
    simulation = program.simulate(tmp_path, seed=seed, changes=CHANGES, shape=shape)
    lines = simulation.events.read_bytes().splitlines()
    stream = Stream.made(server, "crypto-cdc", shards=2)
    table = PulledTable(tmp_path, SOURCE, server.environment())
    table.start()
    step = len(lines) // 12
    for number, begin in enumerate(range(0, len(lines), step)):
        stream.put(lines[begin:begin + step])
        shards = len(stream.open_shards())
        if number % 2 == 0:
            stream.split(rng.randrange(shards))
        elif shards > 2:
            stream.merge(rng.randrange(shards - 1))
        if number % 4 == 3:
            time.sleep(rng.uniform(0.1, 2))
            table.kill()
            table.start()
    if server.keeps_shards:
        table.wait_for(lambda: committed(table) == len(lines), "all records in the table")
        table.wait_for(lambda: table.ended() >= 6, "marks of shards that have ended")
    else:  # records move to the children, so no open shard leaves its parents out
        table.wait_for(lambda: everything_is_committed(table, stream), "all records in the table")
    table.stop()
    check_table(table, simulation, f"seed {seed}")
    raw = Counter(line["event_id"] for line in lines_of(raw_objects(table.lake)))
    assert raw.keys() == {event_id(line) for line in lines}
    if server.keeps_shards:  # else the server doubles records itself
        assert committed(table) == raw.total() == len(lines)
        assert table.ended() >= 6, "ends are remembered"
    assert table.status()["source_gaps"] == 0


def event_id(line: bytes) -> str:
    return json.loads(line)["eventID"]


def test_another_tapelakes_door_and_a_process_that_is_killed(tmp_path):
    """With signatures that are verified; its streams are not resharded."""
    seed = random.SystemRandom().randrange(1 << 30)
    print(f"seed {seed}")
    rng = random.Random(seed)
    simulation = program.simulate(tmp_path, seed=seed, changes=CHANGES, shape="kinesis")
    lines = simulation.events.read_bytes().splitlines()
    folder = tmp_path / "door"
    folder.mkdir()
    with aws_door.open_door(folder) as door:
        stream = Stream(door.client(), program.TABLE)
        environment = clean_environment() | {
            "AWS_ENDPOINT_URL_KINESIS": door.url, "AWS_REGION": aws_door.REGION,
            "AWS_ACCESS_KEY_ID": door.keys.id, "AWS_SECRET_ACCESS_KEY": door.keys.secret}
        table = PulledTable(tmp_path, f"{{kind: kinesis, stream: {program.TABLE}}}", environment)
        table.start()
        step = len(lines) // 8
        for number, begin in enumerate(range(0, len(lines), step)):
            stream.put(lines[begin:begin + step])
            if number % 2 == 1:
                time.sleep(rng.uniform(0.1, 2))
                table.kill()
                table.start()
        table.wait_for(lambda: everything_is_committed(table, stream), "all records in the table")
        table.stop()
        door.stop()
    check_table(table, simulation, f"seed {seed}")
    raw = Counter(line["event_id"] for line in lines_of(raw_objects(table.lake)))
    assert raw.keys() == {event_id(line) for line in lines}
    assert committed(table) == raw.total() == len(lines)
    assert table.status()["source_gaps"] == 0


def test_it_begins_where_it_is_told_and_goes_on_there(tmp_path):
    simulation = program.simulate(tmp_path, seed=3, changes=200, shape="kinesis")
    lines = simulation.events.read_bytes().splitlines()
    folder = tmp_path / "server"
    folder.mkdir()
    with moto(folder) as server:
        stream = Stream.made(server, "crypto-cdc", shards=1)
        stream.put(lines[:100])
        time.sleep(1.1)
        table = PulledTable(tmp_path, "{kind: kinesis, stream: crypto-cdc, start: latest}",
                            server.environment())
        table.start()
        table.wait_for(lambda: table.status().get("source_lag_seconds") is not None, "a status")
        time.sleep(2)
        stream.put(lines[100:])
        table.wait_for(lambda: committed(table) == len(lines) - 100, "what came after the start")
        table.stop()
        assert table.status()["received"] == len(lines) - 100


def test_what_cannot_work_is_said_at_the_start(tmp_path):
    folder = tmp_path / "server"
    folder.mkdir()
    with moto(folder) as server:
        table = PulledTable(tmp_path, SOURCE, server.environment())
        table.start()
        assert table.process.wait(60) != 0
        assert "ResourceNotFoundException" in table.said() and "crypto-cdc" in table.said()
        checked = program.run("check", "--config", table.config, check=False,
                              environment=server.environment())
        assert checked.returncode != 0 and b"crypto-cdc" in checked.stdout + checked.stderr


def test_records_that_nobody_can_read_become_error_objects(tmp_path):
    folder = tmp_path / "server"
    folder.mkdir()
    with moto(folder) as server:
        stream = Stream.made(server, "crypto-cdc", shards=1)
        broken = b"\xf3\x89\x9a\xc2 an aggregate whose checksum does not hold"
        stream.put_raw(broken)
        stream.put_raw(b"{}")
        table = PulledTable(tmp_path, SOURCE, server.environment())
        table.start()
        table.wait_for(lambda: committed(table) == 2, "both records")
        table.stop()
        lines = [line for path in sorted((table.lake.path / "errors").rglob("*.ndjson"))
                 for line in path.read_bytes().splitlines()]
        assert len(lines) == 2
        assert any(b"84maw" in line for line in lines), "the bytes as they came, in base64"
