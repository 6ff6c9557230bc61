"""The zip of the Lambda function: what Lambda would unpack and start, beside a runtime API."""

import base64
import http.server
import json
import os
import queue
import shutil
import socket
import subprocess
import sys
import threading
import time
import zipfile

import pytest

from support import lambda_events, program, runtime_api
from support.runtime_api import PATIENCE_S, ZIP, function

CAPTURES = program.ROOT / "tests" / "captures"
ANSWER_BYTES_MAX = 6 << 20
ELF_INTERPRETER = 3  # PT_INTERP: what a dynamic executable asks for


def captured(name: str) -> list[bytes]:
    return (CAPTURES / name).read_bytes().splitlines()


KINESIS_RECORDS = captured("cryptotransactions_kinesis_destination.ndjson")
STREAMS_RECORDS = captured("cryptotransactions_streams.ndjson")


def transformed(records: list[bytes]) -> list[bytes]:
    """What `tapelake transform` makes of records that are all good."""
    done = program.run("transform", input=b"\n".join(records) + b"\n")
    assert done.stderr == b""
    lines = done.stdout.splitlines(keepends=True)
    assert len(lines) == len(records)
    return lines


ROWS: list[bytes] = []  # of KINESIS_RECORDS


@pytest.fixture(scope="module", autouse=True)
def built_zip_and_its_rows():
    assert ZIP.exists(), f"{ZIP} is missing: run ./dev build lambda"
    ROWS.extend(transformed(KINESIS_RECORDS))


@pytest.fixture
def running(tmp_path):
    with function(tmp_path / "function") as started:
        yield started


def closed_address() -> str:
    """Where nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as closed:
        return f"127.0.0.1:{closed.getsockname()[1]}"


class Target:
    """An HTTP server that takes lines; `statuses` are its next answers, then 200."""

    def __init__(self, statuses=(), pause_s=0.0):
        self.bodies: list[bytes] = []
        self.types: list[str] = []
        self.statuses = queue.SimpleQueue()
        for status in statuses:
            self.statuses.put(status)
        target = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_):
                pass

            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                time.sleep(pause_s)
                status = 200 if target.statuses.empty() else target.statuses.get()
                if status == 200:
                    target.bodies.append(body)
                target.types.append(self.headers["Content-Type"])
                self.send_response(status)
                self.send_header("Content-Length", "2")
                self.end_headers()
                self.wfile.write(b"ok")

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}/rows"

    def close(self):
        self.server.shutdown()
        self.server.server_close()


@pytest.fixture
def make_target():
    made = []

    def make(**options):
        made.append(Target(**options))
        return made[-1]

    yield make
    for target in made:
        target.close()


# --- the file ------------------------------------------------------------------------------------


def test_the_zip_holds_one_executable_and_nothing_that_changes():
    with zipfile.ZipFile(ZIP) as archive:
        [entry] = archive.infolist()
        assert entry.filename == "bootstrap"
        assert entry.external_attr >> 16 == 0o100755
        assert entry.date_time == (1980, 1, 1, 0, 0, 0)
        assert entry.file_size < 8 << 20


def test_the_same_bootstrap_makes_the_same_zip(tmp_path):
    bootstrap = runtime_api.unpack(tmp_path)
    for name in ("a.zip", "b.zip"):
        subprocess.run([sys.executable, program.ROOT / "tools" / "pack_lambda.py", "--bootstrap",
                        bootstrap, "--out", tmp_path / name], check=True)
        os.utime(bootstrap, (1, 1))
    assert (tmp_path / "a.zip").read_bytes() == (tmp_path / "b.zip").read_bytes()


def test_the_bootstrap_asks_for_no_library(tmp_path):
    image = runtime_api.unpack(tmp_path).read_bytes()
    assert image[:5] == b"\x7fELF\x02"
    offset = int.from_bytes(image[32:40], "little")
    size = int.from_bytes(image[54:56], "little")
    count = int.from_bytes(image[56:58], "little")
    kinds = [int.from_bytes(image[offset + i * size:offset + i * size + 4], "little")
             for i in range(count)]
    assert 1 in kinds and ELF_INTERPRETER not in kinds
    listed = subprocess.run(["ldd", tmp_path / "bootstrap"], capture_output=True, text=True,
                            check=False)
    assert "=>" not in listed.stdout
    assert "statically linked" in listed.stdout or "not a dynamic" in listed.stderr


def test_it_starts_in_a_root_that_holds_nothing_else(tmp_path):
    root = tmp_path / "root"
    root.mkdir()
    runtime_api.unpack(root)
    command = [shutil.which("chroot") or "/usr/sbin/chroot", str(root), "/bootstrap"]
    if os.geteuid() != 0:
        command = ["unshare", "--map-root-user", *command]
    with function(tmp_path / "function", command=command) as started:
        answer = started.api.invoke(lambda_events.firehose(KINESIS_RECORDS))
    assert len(answer.value["records"]) == len(KINESIS_RECORDS)
    assert [path.name for path in root.iterdir()] == ["bootstrap"]


# --- Firehose ------------------------------------------------------------------------------------


def rows_of(answer: dict) -> list[bytes]:
    assert {record["result"] for record in answer["records"]} <= {"Ok"}
    return [base64.b64decode(record["data"], validate=True) for record in answer["records"]]


@pytest.mark.parametrize("records, from_kinesis", [
    (KINESIS_RECORDS, False), (KINESIS_RECORDS, True), (STREAMS_RECORDS, False)],
    ids=["direct", "from a stream", "records of DynamoDB Streams"])
def test_firehose_gets_the_rows_that_transform_makes(running, records, from_kinesis):
    event = lambda_events.firehose(records, from_kinesis=from_kinesis)
    answer = running.api.invoke(event).value
    assert [record["recordId"] for record in answer["records"]] == \
        [record["recordId"] for record in event["records"]]
    assert rows_of(answer) == transformed(records)
    payload = program.run("transform", "--payload", input=json.dumps(event).encode() + b"\n")
    assert json.loads(payload.stdout) == answer
    assert running.log() == []


def test_firehose_gets_back_what_is_no_record_and_the_log_says_why(running):
    records = [b"hello", KINESIS_RECORDS[0], KINESIS_RECORDS[1][:-10], b"", b"\xff\x00",
               KINESIS_RECORDS[2].replace(b'"INSERT"', b'"UPSERT"'), KINESIS_RECORDS[3]]
    event = lambda_events.firehose(records)
    answered = running.api.invoke(event).value["records"]
    good = {1: KINESIS_RECORDS[0], 6: KINESIS_RECORDS[3]}
    for i, (record, sent) in enumerate(zip(answered, event["records"], strict=True)):
        assert record["recordId"] == sent["recordId"]
        if i in good:
            assert base64.b64decode(record["data"]) == transformed([good[i]])[0]
            assert record["result"] == "Ok"
        else:
            assert (record["result"], record["data"]) == ("ProcessingFailed", sent["data"])
    [line] = running.log()
    assert line["level"] == "WARN" and line["requestId"]
    assert line["message"].startswith("5 of 7 records refused (")
    for kind in ("invalid-base64", "invalid-json", "unknown-event"):
        assert f" {kind}" in line["message"]


def test_firehose_gets_partition_keys_that_were_asked_for(tmp_path):
    with function(tmp_path, environment={"TAPELAKE_PARTITION_KEYS": "symbol,exchange"}) as started:
        answered = started.api.invoke(lambda_events.firehose(KINESIS_RECORDS)).value["records"]
    rows = [json.loads(row) for row in transformed(KINESIS_RECORDS)]
    assert any("symbol" in row and "exchange" in row for row in rows)
    for record, row in zip(answered, rows, strict=True):
        if row.get("symbol") and row.get("exchange"):
            assert record["metadata"] == {"partitionKeys": {"symbol": row["symbol"],
                                                            "exchange": row["exchange"]}}
        else:
            assert record["result"] == "ProcessingFailed" and "metadata" not in record


def test_six_megabytes_go_in_and_come_out(running):
    records = []
    size = 0
    while size < ANSWER_BYTES_MAX - 3000:
        records.append(KINESIS_RECORDS[len(records) % len(KINESIS_RECORDS)])
        size += len(records[-1]) * 4 // 3 + 180
    event = json.dumps(lambda_events.firehose(records), separators=(",", ":")).encode()
    assert 5 << 20 < len(event) < ANSWER_BYTES_MAX
    answer = running.api.invoke(event)
    assert len(answer.call.body) <= ANSWER_BYTES_MAX
    assert rows_of(answer.value) == [ROWS[i % len(ROWS)] for i in range(len(records))]


def test_what_an_answer_has_no_room_for_stays_with_firehose(tmp_path):
    names = [f"attribute_{i:02}_" + "x" * 40 for i in range(30)]
    image = {name: {"S": "v"} for name in names}
    record = json.dumps({"eventName": "INSERT", "dynamodb": {
        "ApproximateCreationDateTime": 1760000000000000, "Keys": {}, "NewImage": image}},
        separators=(",", ":")).encode()
    count = 1500
    event = json.dumps(lambda_events.firehose([record] * count), separators=(",", ":")).encode()
    assert len(event) < ANSWER_BYTES_MAX
    with function(tmp_path, environment={"TAPELAKE_PARTITION_KEYS": ",".join(names)}) as started:
        answer = started.api.invoke(event)
    assert ANSWER_BYTES_MAX - 10_000 < len(answer.call.body) <= ANSWER_BYTES_MAX
    answered = answer.value["records"]
    assert len({record["recordId"] for record in answered}) == len(answered) == count
    lost = [record for record in answered if record["result"] == "ProcessingFailed"]
    assert 0 < len(lost) < count and all("data" not in record for record in lost)


def test_firehose_tries_again_what_the_deadline_would_cut(running):
    event = lambda_events.firehose(KINESIS_RECORDS)
    error = running.api.invoke(event, left_s=0.05).error
    assert error["errorType"] == "Function.DeadlineNear"
    assert f"of {len(KINESIS_RECORDS)} records" in error["errorMessage"]
    assert rows_of(running.api.invoke(event).value) == ROWS


# --- event source mappings -----------------------------------------------------------------------


@pytest.mark.parametrize("wrap, records", [
    (lambda_events.kinesis, KINESIS_RECORDS), (lambda_events.dynamodb, STREAMS_RECORDS)],
    ids=["kinesis", "dynamodb"])
def test_a_batch_becomes_rows_on_standard_output(running, wrap, records):
    assert running.api.invoke(wrap(records)).value == lambda_events.failures([])
    assert running.rows() == transformed(records)
    assert running.log() == []


@pytest.mark.parametrize("wrap, records", [
    (lambda_events.kinesis, KINESIS_RECORDS), (lambda_events.dynamodb, STREAMS_RECORDS)],
    ids=["kinesis", "dynamodb"])
def test_a_bad_record_and_all_after_it_come_again(running, wrap, records):
    records = list(records[:20])
    records[7] = records[7].replace(b'"eventName":"', b'"eventName":"NO-')
    event = wrap(records)
    names = lambda_events.sequence_numbers(event)
    assert running.api.invoke(event).value == lambda_events.failures(names[7:])
    assert running.rows() == transformed(records[:7])
    [line] = running.log()
    assert "record 7: eventName 'NO-" in line["message"]


def test_rows_and_errors_go_to_their_targets(tmp_path, make_target):
    rows, errors = make_target(), make_target()
    records = [KINESIS_RECORDS[0], b"no record", KINESIS_RECORDS[1]]
    with function(tmp_path, environment={"TAPELAKE_TARGET": rows.url,
                                         "TAPELAKE_ERROR_TARGET": errors.url}) as started:
        event = lambda_events.kinesis(records)
        assert started.api.invoke(event).value == lambda_events.failures([])
        assert started.api.invoke(lambda_events.kinesis(records[:1])).value == \
            lambda_events.failures([])
        assert started.rows() == []
    assert rows.bodies == [ROWS[0] + ROWS[1], ROWS[0]]
    assert set(rows.types) == {"application/x-ndjson"}
    [error] = [json.loads(line) for line in errors.bodies]
    assert base64.b64decode(error["raw_data"]) == b"no record"
    name = lambda_events.sequence_numbers(event)[1]
    assert error["source"] == f"{lambda_events.STREAM_ARN}#{name}"


def test_nothing_is_acknowledged_that_the_target_does_not_have(tmp_path, make_target):
    target = make_target(statuses=[503, 200])
    event = lambda_events.kinesis(KINESIS_RECORDS)
    with function(tmp_path, environment={"TAPELAKE_TARGET": target.url}) as started:
        error = started.api.invoke(event).error
        assert error["errorType"] == "Function.TargetUnavailable"
        assert error["errorMessage"].startswith(f"target {target.url} answered with status 503")
        assert target.bodies == []
        assert started.api.invoke(event).value == lambda_events.failures([])
    assert b"".join(target.bodies) == b"".join(ROWS)


def test_a_target_that_is_away_is_named(tmp_path):
    away = f"http://{closed_address()}/"
    with function(tmp_path, environment={"TAPELAKE_TARGET": away}) as started:
        error = started.api.invoke(lambda_events.kinesis(KINESIS_RECORDS)).error
    assert error["errorType"] == "Function.TargetUnavailable"
    assert error["errorMessage"].startswith(f"target {away}: cannot connect to 127.0.0.1:")


def test_a_slow_target_does_not_outlast_the_deadline(tmp_path, make_target):
    target = make_target(pause_s=20)
    with function(tmp_path, environment={"TAPELAKE_TARGET": target.url}) as started:
        start = time.monotonic()
        error = started.api.invoke(lambda_events.kinesis(KINESIS_RECORDS), left_s=2).error
        assert time.monotonic() - start < 10  # 1.9 s, and some more on a busy machine
    assert error["errorType"] == "Function.TargetUnavailable"
    assert "no answer in time" in error["errorMessage"]


def test_records_beyond_the_deadline_come_again(running):
    event = lambda_events.dynamodb(STREAMS_RECORDS)
    names = lambda_events.sequence_numbers(event)
    assert running.api.invoke(event, left_s=0.2).value == lambda_events.failures(names)
    assert running.rows() == []
    assert "1 deadline" in running.log()[0]["message"]


# --- events of other kinds, and the runtime API ----------------------------------------------------


@pytest.mark.parametrize("event, said", [
    ({"hello": "world"}, "it has the members hello; known are Firehose transformations"),
    ({"Records": [{"eventSource": "aws:sqs", "body": "x", "messageId": "1"}]},
     "eventSource 'aws:sqs' is not aws:kinesis or aws:dynamodb"),
    ({"Records": [{"EventSource": "aws:sns", "Sns": {}}]}, "eventSource '' is not"),
    ({"records": [{"recordId": "1"}]}, "a record lacks recordId or data"),
    (b"[1, 2, 3]", "the event is no JSON object, it starts with '[1, 2, 3]'"),
    (b"null", "the event is no JSON object"),
    (b'{"records":[{"recordId":"1","data":"', "the event is no JSON: a string is not closed"),
    (b'{"records":\xff}', "the event is no JSON: not valid UTF-8"),
], ids=range(8))
def test_an_event_of_no_known_kind_is_an_error_that_names_it(running, event, said):
    error = running.api.invoke(event).error
    assert error["errorType"] == "Function.InvalidEvent"
    assert said in error["errorMessage"]
    assert error["stackTrace"] == []
    assert error["errorMessage"] in running.log()[0]["message"]
    assert running.api.invoke({"Records": []}).value == lambda_events.failures([])


@pytest.mark.parametrize("way", ["chunked", "close"])
def test_it_reads_events_however_they_are_sent(tmp_path, way):
    with function(tmp_path, way=way) as started:
        for _ in range(3):
            assert rows_of(started.api.invoke(lambda_events.firehose(KINESIS_RECORDS)).value) == ROWS


def test_it_speaks_to_the_runtime_api_as_the_runtime_of_aws_does(running):
    running.api.invoke(lambda_events.kinesis(KINESIS_RECORDS[:2]))
    running.api.invoke({"boom": True})
    running.api.invoke({"Records": []})
    capture = json.loads((CAPTURES / "lambda_runtime_api.json").read_bytes())
    ids = [call.path.split("/")[-2] for call in running.api.calls if call.method == "POST"]
    for theirs, ours in zip(capture, running.api.calls):
        path = theirs["path"]
        if theirs["method"] == "POST":
            parts = path.split("/")
            path = "/".join([*parts[:-2], ids.pop(0), parts[-1]])
            assert ours.headers["content-type"] == theirs["headers"]["content-type"]
            assert int(ours.headers["content-length"]) == len(ours.body)
        assert (ours.method, ours.path) == (theirs["method"], path)
        assert ours.headers["host"] == running.api.address
    assert len(running.api.calls) >= len(capture)


def test_it_goes_on_after_an_answer_that_was_refused(running):
    running.api.post_status = 413
    running.api.invoke({"Records": []})
    running.api.post_status = 202
    assert running.api.invoke({"Records": []}).value == lambda_events.failures([])
    assert "with status 413" in running.log()[0]["message"]


def test_it_ends_when_the_runtime_api_does(running):
    running.api.end()
    assert running.process.wait(PATIENCE_S) == 1
    assert "with status 500" in running.log()[-1]["message"]


def test_a_wrong_setting_is_an_error_of_the_start(tmp_path):
    with function(tmp_path, environment={"TAPELAKE_TARGET": "https://example.org/"}) as started:
        answer = started.api.take()
        assert started.process.wait(PATIENCE_S) == 1
    assert answer.call.path == f"{runtime_api.PREFIX}/init/error"
    assert answer.call.headers["lambda-runtime-function-error-type"] == "Runtime.ConfigInvalid"
    assert answer.call.json()["errorMessage"].startswith(
        "TAPELAKE_TARGET: 'https://example.org/': only http://")


def test_outside_lambda_it_says_what_it_is(tmp_path):
    done = subprocess.run([runtime_api.unpack(tmp_path)], env={}, capture_output=True, check=False)
    assert done.returncode == 1
    assert "AWS_LAMBDA_RUNTIME_API is not set" in json.loads(done.stderr)["message"]


def test_without_a_runtime_api_it_says_so(tmp_path):
    address = closed_address()
    done = subprocess.run([runtime_api.unpack(tmp_path)], env={"AWS_LAMBDA_RUNTIME_API": address},
                          capture_output=True, check=False)
    assert done.returncode == 1
    assert address in json.loads(done.stderr)["message"]
