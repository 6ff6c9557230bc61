"""Raw and error objects: what `up` delivers, and what `replay` makes of it."""

import gzip
import json
import subprocess
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest

from support import program
from support.delivered import NAME, STREAM, cut_time, lines_of, raw_objects, rows_of, run_up


def replay(*arguments, check=True) -> subprocess.CompletedProcess:
    return program.run("replay", *arguments, check=check)


def replay_into(lake, *arguments, more=()) -> dict:
    done = replay(*arguments, "--lake", lake.path, "--table", lake.table, "--type", "cow", "--json", *more)
    return json.loads(done.stdout)


@pytest.fixture(scope="module", params=["streams", "kinesis"])
def delivered(request, tmp_path_factory):
    """A simulation and the lake that `up` made of it."""
    folder = tmp_path_factory.mktemp(request.param)
    simulation = program.simulate(folder, seed=23, changes=8000, shape=request.param,
                                  more=["--odd-types", "0.05"])
    return simulation, run_up(folder, simulation.events)


def test_every_record_is_a_line_of_one_object(delivered):
    simulation, lake = delivered
    objects = raw_objects(lake)
    assert len(objects) > 3
    lines = lines_of(objects)
    records = [json.loads(line) for line in simulation.events.read_bytes().splitlines()]
    assert [line["event_id"] for line in lines] == [record["eventID"] for record in records]
    for path in objects:
        time = cut_time(path)
        assert path.parent.relative_to(lake.path) == Path("raw", STREAM, time.strftime("%Y/%m/%d/%H"))
        assert abs(datetime.now(timezone.utc) - time) < timedelta(hours=1)


def test_other_programs_read_raw_objects(delivered):
    simulation, lake = delivered
    wanted = str(len(simulation.events.read_bytes().splitlines()))
    found = lake.sql("SELECT count(*), count(transaction_id), count(event_name) FROM read_json("
                     f"'{lake.path}/raw/{STREAM}/*/*/*/*/*.gz', format = 'newline_delimited', "
                     "columns = {transaction_id: 'VARCHAR', event_name: 'VARCHAR'})")
    assert found.rows == [[wanted, wanted, wanted]], "DuckDB"
    for path in raw_objects(lake):
        done = subprocess.run(["gunzip", "-c", path], capture_output=True, check=True)
        assert done.stdout == gzip.decompress(path.read_bytes())


def test_a_replay_into_an_empty_lake_gives_the_same_table(delivered, tmp_path):
    simulation, lake = delivered
    rebuilt = program.Lake(tmp_path / "rebuilt")
    counts = replay_into(rebuilt, "--raw", "all", "--from-lake", lake.path)
    assert counts["received"] == len(simulation.events.read_bytes().splitlines())
    assert counts["errors"] == 0
    rows = rows_of(rebuilt)
    assert rows == rows_of(lake)
    assert len(rows) == len(simulation.expected.rows)
    again = replay_into(rebuilt, "--raw", "all", "--from-lake", lake.path)
    assert (again["received"], again["commits"]) == (0, 0)
    assert not (rebuilt.path / "raw").exists(), "a replay makes no raw objects of its own"


def test_a_replay_into_the_same_table_changes_nothing(delivered):
    simulation, lake = delivered
    before = rows_of(lake)
    counts = replay_into(lake, "--raw", "all")
    assert counts["received"] == len(simulation.events.read_bytes().splitlines())
    assert counts["inserted_rows"] == counts["deleted_rows"] == 0
    assert rows_of(lake) == before
    assert replay_into(lake, "--raw", "all")["received"] == 0


def test_a_replay_in_parts_is_a_replay_of_all(delivered, tmp_path):
    simulation, lake = delivered
    objects = raw_objects(lake)
    middle = cut_time(objects[-1]).strftime("%Y-%m-%dT%H:%M:%S")
    first_hour = cut_time(objects[0]).strftime("%Y-%m-%dT%H")
    parts = ["--raw", first_hour, middle], ["--raw", middle, "9999-12-31"]
    early = [path for path in objects if cut_time(path) < cut_time(objects[-1])]
    rebuilt = program.Lake(tmp_path / "rebuilt")
    received = []
    for part in parts:
        if part is parts[0] and not early:
            continue  # all of them were cut within one second
        received.append(replay_into(rebuilt, *part, "--from-lake", lake.path)["received"])
    if early:
        assert received[0] == len(lines_of(early))
    assert sum(received) == len(simulation.events.read_bytes().splitlines())
    assert rows_of(rebuilt) == rows_of(lake)


def test_replayed_records_are_records(delivered, tmp_path):
    simulation, lake = delivered
    done = replay("--raw", "all", "--from-lake", lake.path)
    sent = [json.loads(line) for line in simulation.events.read_bytes().splitlines()]
    replayed = [json.loads(line) for line in done.stdout.splitlines()]
    for before, after in zip(sent, replayed, strict=True):
        image = "OldImage" if before["eventName"] == "REMOVE" else "NewImage"
        assert after["eventName"] == before["eventName"]
        assert after["dynamodb"][image] == before["dynamodb"][image]
    rows = program.run("transform", input=done.stdout)
    assert rows.stdout == program.run("transform", input=simulation.events.read_bytes()).stdout
    assert rows.stderr == b""
    replay("--raw", "all", "--from-lake", lake.path, "--events", tmp_path / "events")
    assert (tmp_path / "events").read_bytes() == done.stdout


def test_a_damaged_object_is_named_and_the_others_go_on(delivered, tmp_path):
    lake = delivered[1]
    objects = raw_objects(lake)
    damaged, whole = objects[1], objects[:1] + objects[2:]
    good = damaged.read_bytes()
    try:
        for bad in (good[:len(good) // 2], good[:-9] + bytes([good[-9] ^ 1]) + good[-8:],
                    good[:5000] + bytes([good[5000] ^ 32]) + good[5001:], b""):
            damaged.write_bytes(bad)
            done = replay("--raw", "all", "--from-lake", lake.path, check=False)
            assert done.returncode == 1
            assert damaged.name in done.stderr.decode() and " byte " in done.stderr.decode()
            assert len(done.stdout.splitlines()) == len(lines_of(whole))
        rebuilt = program.Lake(tmp_path / "rebuilt")
        done = replay("--raw", "all", "--from-lake", lake.path, "--lake", rebuilt.path, "--table",
                      rebuilt.table, "--type", "cow", "--json", check=False)
        assert done.returncode == 1 and damaged.name in done.stderr.decode()
        assert json.loads(done.stdout)["received"] == len(lines_of(whole))
    finally:
        damaged.write_bytes(good)
    missing = replay_into(rebuilt, "--raw", "all", "--from-lake", lake.path)
    assert missing["received"] == len(lines_of([damaged]))
    # Coming so late, it may bring back rows whose removal is forgotten; it takes none away.
    assert rows_of(rebuilt).keys() >= rows_of(lake).keys()


BAD = [b'{"eventName":"INSERT","dynamodb":{}}', b"no json at all", b'{"cut":', b"\xff\xfe\xfd"]


@pytest.fixture
def refused(tmp_path):
    """A lake whose table was declared by a wrong key: every good record became an error object."""
    simulation = program.simulate(tmp_path, seed=29, changes=500, shape="kinesis")
    events = tmp_path / "events.ndjson"
    events.write_bytes(simulation.events.read_bytes() + b"".join(line + b"\n" for line in BAD))
    lake = run_up(tmp_path, events, table="type: cow, key: id, columns: [{name: id}, "
                                          "{name: timestamp, type: timestamp}]")
    return simulation, events, lake


def test_error_objects_hold_what_was_sent(refused):
    _, events, lake = refused
    assert not (lake.path / "raw").exists()
    done = replay("--errors", "all", "--from-lake", lake.path)
    assert sorted(done.stdout.splitlines()) == sorted(events.read_bytes().splitlines())
    some = replay("--errors", "all", "--error-type", "invalid-base64", "--from-lake", lake.path)
    assert some.stdout.splitlines() == [BAD[1], BAD[3]]
    for path in (lake.path / "errors").rglob("*.ndjson"):
        assert NAME.fullmatch(path.name)


def test_errors_become_rows_once_the_table_is_right(refused, tmp_path):
    simulation, events, lake = refused
    right = program.Lake(tmp_path / "right")
    counts = replay_into(right, "--errors", "all", "--from-lake", lake.path)
    assert counts["received"] == len(events.read_bytes().splitlines())
    assert counts["errors"] == len(BAD)
    assert len(rows_of(right)) == len(simulation.expected.rows)
    assert replay_into(right, "--errors", "all", "--from-lake", lake.path)["received"] == 0
    still_bad = replay("--errors", "all", "--from-lake", right.path)
    assert sorted(still_bad.stdout.splitlines()) == sorted(BAD)


@pytest.mark.parametrize("arguments, what", [
    (["--raw", "--errors", "all"], "two replays"),
    (["--raw", "2026-11-22"], "two ends"),
    (["--raw", "2026-11-22", "yesterday"], "'yesterday' is no time"),
    (["--raw", "2026-11-23", "2026-11-22T23"], "is empty"),
    (["--raw", "all"], "no raw objects of stream 'crypto.transactions'"),
    (["--errors", "2026-11-22", "2026-11-23", "--stream", "other"], "no error objects of stream 'other'"),
])
def test_a_wrong_range_is_refused(tmp_path, arguments, what):
    done = program.run("replay", *arguments, check=False, cwd=tmp_path)
    assert done.returncode == 1
    assert what in done.stderr.decode()
    assert not (tmp_path / "tapelake-data").exists()
