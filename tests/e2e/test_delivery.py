"""The raw layer as Firehose makes it: partitions, source records, a target on S3; the process killed.

What the default layout delivers is in test_replay_objects.py and test_kill.py.
"""

import base64
import gzip
import io
import json
import random
import urllib.parse
import zipfile
from collections import Counter
from pathlib import Path

from support import csv_table, program, readers
from support.killed import KilledPipeline
from support.s3_server import BUCKET, s3_server

KILLS = 5
CHANGES = 12_000
PARTITIONED = """\
delivery:
  buffer_bytes: 64MiB
  buffer_interval: 1s
  partition_keys: [pair=trading_pair]
  prefix: 'data/pair=!{partitionKeyFromQuery:pair}/!{timestamp:yyyy/MM/dd/HH}/!{firehose:random-string}-'
  error_prefix: 'failed/!{firehose:error-output-type}/!{timestamp:yyyy}/'
  compression: ZIP
  source_backup: all
"""
ON_S3 = """\
delivery:
  buffer_bytes: 1MiB
  buffer_interval: 500ms
  target: s3://%s/landing
  prefix: 'raw/day=!{timestamp:yyyy-MM-dd}/'
  error_prefix: 'failed/!{firehose:error-output-type}/'
"""


def configure(pipeline: KilledPipeline, delivery: str):
    lines = [line for line in pipeline.config.read_text().splitlines(keepends=True)
             if not line.startswith("delivery:")]
    pipeline.config.write_text("".join(lines) + delivery)


def unzipped(path: Path) -> bytes:
    with zipfile.ZipFile(path) as archive:
        name, = archive.namelist()
        assert archive.testzip() is None
        return archive.read(name)


def stored_records(lake: program.Lake) -> int:
    told = program.run("stream", "describe", "--json", "--lake", lake.path, lake.table).stdout
    return json.loads(told)["next_sequence"] - 1


def event_ids(lines) -> Counter:
    return Counter(json.loads(line)["eventID"] for line in lines)


def check_table(lake: program.Lake, simulation: program.Simulation, what: str):
    shown = readers.read_sql(lake)
    columns = [name for name in shown.columns if name != "_change_seq"]
    csv_table.assert_equal(shown.select(columns), simulation.expected, what)


def test_partitions_and_source_records_of_a_killed_process(tmp_path):
    seed = random.SystemRandom().randrange(1 << 32)
    print(f"seed {seed}")
    rng = random.Random(seed)
    simulation = program.simulate(tmp_path, seed=rng.randrange(1 << 30), changes=CHANGES,
                                  shape=rng.choice(["streams", "kinesis"]),
                                  more=["--odd-types", "0.05"])
    pipeline = KilledPipeline(tmp_path, simulation.events, rng, rate=250)
    configure(pipeline, PARTITIONED)
    pipeline.kill_times(KILLS, lambda number: None)
    pipeline.finish()
    lake = pipeline.lake
    check_table(lake, simulation, f"seed {seed}")
    total = stored_records(lake)
    put = event_ids(simulation.events.read_bytes().splitlines())

    raw, pairs = Counter(), set()
    for path in (lake.path / "data").rglob("*.ndjson.zip"):
        pair = urllib.parse.unquote(path.relative_to(lake.path).parts[1].removeprefix("pair="))
        pairs.add(pair)
        for line in map(json.loads, unzipped(path).splitlines()):
            assert line["trading_pair"] == pair
            raw[line["event_id"]] += 1
    failed = Counter()
    for path in (lake.path / "failed").rglob("*.ndjson"):
        for line in map(json.loads, path.read_bytes().splitlines()):
            assert line["error_type"] == path.relative_to(lake.path).parts[1] == "processing-failed"
            failed += event_ids([base64.b64decode(line["raw_data"])])
    assert len(pairs) > 1
    assert not raw.keys() & failed.keys(), "a change is in a raw object or in an error line"
    assert (raw + failed).total() == total and (raw + failed).keys() == put.keys()
    kept = event_ids(line for path in (lake.path / "source").rglob("*.ndjson.zip")
                     for line in unzipped(path).splitlines())
    assert kept == raw + failed, "source records are those that came, each once"
    assert not (lake.path / "raw").exists()

    rebuilt = program.Lake(tmp_path / "rebuilt", config=pipeline.config)
    done = program.run("replay", "--raw", "all", "--from-lake", lake.path, "--lake", rebuilt.path,
                       "--table", lake.table, "--json", "--config", pipeline.config)
    assert json.loads(done.stdout)["received"] == raw.total(), "a replay finds them"


def test_a_target_on_s3_that_fails_at_will(tmp_path, monkeypatch):
    seed = random.SystemRandom().randrange(1 << 32)
    print(f"seed {seed}")
    rng = random.Random(seed)
    simulation = program.simulate(tmp_path, seed=rng.randrange(1 << 30), changes=CHANGES,
                                  shape="streams")
    with s3_server() as s3:
        for name, value in s3.environment().items():
            monkeypatch.setenv(name, value)
        monkeypatch.delenv("AWS_PROFILE", raising=False)
        first = ["pass", 503, "lose-answer", 500, "lose-request"]
        usual = ["pass"] * 6 + first[1:]
        s3.fault = lambda seen: first.pop(0) if first else rng.choice(usual)
        pipeline = KilledPipeline(tmp_path, simulation.events, rng, rate=250)
        configure(pipeline, ON_S3 % BUCKET)
        pipeline.kill_times(3, lambda number: None)
        pipeline.finish()
        check_table(pipeline.lake, simulation, f"seed {seed}")
        objects = s3.tree("landing/")
        assert all(key.startswith("raw/day=") and key.endswith(".ndjson.gz") for key in objects)
        lines = Counter(json.loads(line)["event_id"] for body in objects.values()
                        for line in gzip.GzipFile(fileobj=io.BytesIO(body)).read().splitlines())
        assert lines.total() == stored_records(pipeline.lake)
        assert lines.keys() == event_ids(simulation.events.read_bytes().splitlines()).keys()
        assert {seen.status for seen in s3.seen} >= {200, 503}
