"""A Lambda function makes the lines of raw objects; it misbehaves, and the process is killed."""

import base64
import gzip
import json
import random
import subprocess
from collections import Counter
from pathlib import Path
from zlib import crc32

import pytest

from support import csv_table, program, readers
from support.killed import KilledPipeline
from support.lambda_server import REGION, REQUEST_BYTES_MAX, lambda_server, ok, result

ARN = f"arn:aws:lambda:{REGION}:123456789012:function:transform:live"
KILLS = 5
CHANGES = 24_000
CONFIG = """\
delivery:
  buffer_bytes: 1MiB
  buffer_interval: 1s
  source_backup: all
  transform: {{function: '{function}', buffer_bytes: 200KiB, buffer_interval: 200ms{more}}}
"""
PARTITIONED = """\
delivery:
  buffer_bytes: 64MiB
  buffer_interval: 1s
  prefix: 'data/kind=!{partitionKeyFromLambda:kind}/'
  error_prefix: 'errors/!{firehose:error-output-type}/!{timestamp:yyyy/MM/dd/HH}/'
  transform: {function: transform}
"""
LARGE = """\
delivery:
  buffer_bytes: 64MiB
  buffer_interval: 1h
  source_backup: all
  transform: {{function: transform, buffer_bytes: 3MiB, buffer_interval: 15m, region: eu-west-1,
               endpoint: '{endpoint}'}}
"""


@pytest.fixture
def aws(monkeypatch):
    with lambda_server() as server:
        for name, value in server.environment().items():
            monkeypatch.setenv(name, value)
        monkeypatch.delenv("AWS_PROFILE", raising=False)
        monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
        yield server


def event_of(record: bytes) -> str:
    return json.loads(record)["eventID"]


def class_of(event: str) -> str:
    return {0: "drop", 1: "fail", 2: "twice", 3: "never"}.get(crc32(event.encode()) % 20, "ok")


def unstable(data: bytes, number: int) -> list[dict]:
    """Never answers the same twice: the number of the invocation is in what it returns."""
    event = event_of(data)
    line = json.dumps({"event_id": event, "invocation": number}).encode() + b"\n"
    second = json.dumps({"second_of": event, "invocation": number}).encode() + b"\n"
    return {"drop": result("Dropped"), "fail": result("ProcessingFailed"), "never": [],
            "twice": ok(line) + ok(line), "ok": ok(line + second)}[class_of(event)]


def lines(paths) -> list[bytes]:
    return [line for path in paths for line in gzip.decompress(path.read_bytes()).splitlines()]


def objects(lake: program.Lake, folder: str, ending: str) -> list[Path]:
    return sorted((lake.path / folder).rglob(f"*{ending}"))


def failures(lake: program.Lake) -> list[dict]:
    return [json.loads(line) for path in objects(lake, "errors/processing-failed", ".ndjson")
            for line in path.read_bytes().splitlines()]


def configure(config: Path, delivery: str):
    kept = [line for line in config.read_text().splitlines(keepends=True)
            if not line.startswith("delivery:")]
    config.write_text("".join(kept) + delivery)


def run_up(pipeline: KilledPipeline):
    """Put everything, and end in order."""
    for producer in pipeline.producers:
        producer.thread.start()
    pipeline.finish()


def made(tmp_path, *, changes: int, delivery: str) -> tuple[KilledPipeline, program.Simulation]:
    seed = random.SystemRandom().randrange(1 << 32)
    print(f"seed {seed}")
    rng = random.Random(seed)
    simulation = program.simulate(tmp_path, seed=rng.randrange(1 << 30), changes=changes,
                                  shape=rng.choice(["streams", "kinesis"]))
    pipeline = KilledPipeline(tmp_path, simulation.events, rng)
    configure(pipeline.config, delivery)
    return pipeline, simulation


def check_table(lake: program.Lake, simulation: program.Simulation):
    shown = readers.read_sql(lake)
    columns = [name for name in shown.columns if name != "_change_seq"]
    csv_table.assert_equal(shown.select(columns), simulation.expected, "the table")


def check_delivered(lake: program.Lake):
    """Each record that came is delivered as exactly one invocation answered it."""
    kept = Counter(event_of(line) for line in lines(objects(lake, "source", ".gz")))
    first, second = Counter(), Counter()
    for line in map(json.loads, lines(objects(lake, "raw", ".gz"))):
        if "event_id" in line:
            first[line["event_id"], line["invocation"]] += 1
        else:
            second[line["second_of"], line["invocation"]] += 1
    assert first == second, "what one invocation returned for a record stays together"
    raw = Counter()
    for (event, _), count in first.items():
        raw[event] += count
    failed, codes = Counter(), {}
    for line in failures(lake):
        event = event_of(base64.b64decode(line["rawData"]))
        failed[event] += 1
        codes.setdefault(class_of(event), set()).add(line["errorCode"])
        assert line["error_type"] == "processing-failed" and line["lambdaArn"] == ARN
    for event, count in kept.items():
        kind = class_of(event)
        if kind == "ok":
            assert raw[event] + failed[event] == count
        else:
            assert raw[event] == 0
            assert failed[event] <= count if kind == "drop" else failed[event] == count
    assert raw.keys() | failed.keys() <= kept.keys()
    return kept, raw, codes


def test_a_killed_process_delivers_each_record_as_one_invocation_answered_it(tmp_path, aws):
    aws.function = unstable
    rng = random.Random(0)
    first = ["pass", "too-large", 500, "function-error", "hang-up", "garbage", 429]
    aws.fault = lambda seen: first.pop(0) if first else rng.choice(
        ["pass"] * 30 + [503, "function-error", "hang-up"])
    pipeline, simulation = made(tmp_path, changes=CHANGES,
                                delivery=CONFIG.format(function=ARN, more=""))
    lake, left = pipeline.lake, {}

    def look(_):
        for folder, ending in (("raw", ".gz"), ("errors", ".ndjson"), ("source", ".gz")):
            left.update({path: path.read_bytes() for path in objects(lake, folder, ending)})

    pipeline.kill_times(KILLS, look)
    pipeline.finish()
    assert not aws.refused
    assert {seen.function for seen in aws.seen} == {ARN}
    assert all(path.read_bytes() == content for path, content in left.items()), \
        "no object was ever made otherwise"
    kept, raw, codes = check_delivered(lake)
    told = program.run("stream", "describe", "--json", "--lake", lake.path, lake.table).stdout
    assert kept.total() == json.loads(told)["next_sequence"] - 1
    assert kept.keys() == {event_of(line) for line in simulation.events.read_bytes().splitlines()}
    assert raw.total() > kept.total() / 2
    assert "Lambda.ProcessingFailedStatus" in codes["fail"]
    assert "Lambda.DuplicatedRecordId" in codes["twice"]
    assert "Lambda.MissingRecordId" in codes["never"]
    check_table(lake, simulation)
    assert not list((lake.path / ".tapelake" / "delivery").rglob("cut-*"))


def test_what_firehose_tells_a_function_and_what_becomes_of_failed_batches(tmp_path, aws):
    aws.fault = lambda seen: "function-error"
    pipeline, simulation = made(
        tmp_path, changes=300,
        delivery=CONFIG.format(function="transform", more=", retries: 1"))
    lake = pipeline.lake
    run_up(pipeline)
    assert not objects(lake, "raw", ".gz")
    failed = failures(lake)
    records = [base64.b64decode(line["rawData"]) for line in failed]
    kept = lines(objects(lake, "source", ".gz"))
    assert Counter(records) == Counter(kept)
    for line in failed:
        assert (line["errorCode"], line["attemptsMade"]) == ("Lambda.FunctionError", 2)
        assert line["lambdaArn"] == "transform"
        assert line["arrivalTimestamp"] <= line["attemptEndingTimestamp"]
    attempts = Counter(seen.event["invocationId"] for seen in aws.seen)
    assert set(attempts.values()) == {2}
    for seen in aws.seen:
        assert seen.headers["x-amz-invocation-type"] == "RequestResponse"
        assert seen.event["region"] == REGION
        assert seen.event["deliveryStreamArn"].endswith(":deliverystream/" + lake.table)
        ids = [record["recordId"] for record in seen.event["records"]]
        assert len(set(ids)) == len(ids)
        assert all(abs(record["approximateArrivalTimestamp"] - failed[0]["arrivalTimestamp"])
                   < 3_600_000 for record in seen.event["records"])
    check_table(lake, simulation)
    played = program.run("replay", "--errors", "all", "--from-lake", lake.path)
    assert Counter(played.stdout.splitlines()) == Counter(records), "they can be replayed"


def test_partition_keys_of_the_function(tmp_path, aws):
    def function(data: bytes, _) -> list[dict]:
        kind = json.loads(data)["eventName"]
        return ok(data + b"\n", kind=f"{kind}/x") if kind != "REMOVE" else ok(data)

    aws.function = function
    pipeline, _ = made(tmp_path, changes=600, delivery=PARTITIONED)
    lake = pipeline.lake
    run_up(pipeline)
    for path in objects(lake, "data", ".gz"):
        kind = path.relative_to(lake.path).parts[1]
        assert {f"kind={json.loads(line)['eventName']}%2Fx" for line in lines([path])} == {kind}
    failed = failures(lake)
    for line in failed:
        assert line["errorCode"] == "DynamicPartitioning.MetadataExtractionFailed"
        assert json.loads(base64.b64decode(line["rawData"]))["eventName"] == "REMOVE"
    told = json.loads(program.run("stream", "describe", "--json", "--lake", lake.path,
                                  lake.table).stdout)
    assert len(lines(objects(lake, "data", ".gz"))) + len(failed) == told["next_sequence"] - 1


def test_large_batches_stay_below_lambdas_limit(tmp_path, aws):
    aws.function = lambda data, _: ok(data + b"\n")
    pipeline, _ = made(tmp_path, changes=5_000, delivery=LARGE.format(endpoint=aws.endpoint))
    lake = pipeline.lake
    run_up(pipeline)
    raw, kept = lines(objects(lake, "raw", ".gz")), lines(objects(lake, "source", ".gz"))
    assert Counter(raw) == Counter(kept) and len(raw) >= 5_000
    assert max(len(seen.records) for seen in aws.seen) > 1_000
    assert max(seen.bytes for seen in aws.seen) <= REQUEST_BYTES_MAX


def test_check_says_what_is_wrong(tmp_path, aws):
    config = tmp_path / "up.yaml"

    def check(delivery: str) -> subprocess.CompletedProcess:
        config.write_text(f"lake: {{path: {tmp_path / 'lake'}}}\n{delivery}\n"
                          "tables: [{name: transactions, source: {kind: stream}}]\n")
        return program.run("check", "--config", config, check=False)

    good = check("delivery: {transform: {function: transform}}")
    assert good.returncode == 0, good.stderr
    assert b"by the Lambda function transform (eu-west-1)" in good.stdout + good.stderr
    for delivery, word in (
            ("delivery: {transform: {function: 'a b'}}", b"'a b' is no Lambda function"),
            ("delivery: {raw: false, transform: {function: f}}", b"delivery.raw is false"),
            ("delivery: {transform: {function: f, endpoint: lambda}}", b"endpoint 'lambda'"),
            ("delivery: {transform: {function: f, buffer_bytes: 4MiB}}", b"buffer_bytes"),
            ("delivery: {transform: {function: f, retries: 301}}", b"retries"),
            ("delivery: {transform: {functions: f}}", b"function"),
            ("delivery: {buffer_bytes: 64MiB, prefix: 'p/!{partitionKeyFromLambda:k}/', "
             "error_prefix: 'e/'}", b"partitionKeyFromLambda needs a function")):
        done = check(delivery)
        assert done.returncode != 0 and word in done.stdout + done.stderr, delivery
