"""Amazon's own Java libraries at the AWS-compatible door: the SDK for Java 2, in CBOR and in JSON, plain
and over TLS, and the Kinesis Producer Library (KPL), whose native part speaks TLS alone."""

import base64
import os
import subprocess
from pathlib import Path

import pytest

from support import csv_table, program, readers
from support.aws_door import ACCOUNT, REGION, open_door, read_shard, wait_for

STREAM = program.TABLE
ROOT = Path(__file__).resolve().parents[2]
LIBRARIES = ROOT / ".deps" / "java-clients"
PASSWORD = "changeit"


@pytest.fixture(scope="module")
def classes(tmp_path_factory):
    """tests/java, compiled."""
    folder = tmp_path_factory.mktemp("classes")
    subprocess.run(["javac", "-cp", f"{LIBRARIES}/*", "-d", folder,
                    ROOT / "tests" / "java" / "DoorClient.java"], check=True)
    return folder


@pytest.fixture(scope="module")
def simulation(tmp_path_factory):
    return program.simulate(tmp_path_factory.mktemp("events"), seed=72, changes=3000,
                            shape="streams")


def items_of(events: list[bytes]) -> bytes:
    return b"".join(b"key-%d\t%s\n" % (i % 97, base64.b64encode(event))
                    for i, event in enumerate(events))


def run(door, classes, what: str, records: bytes, *arguments: str, properties=()) -> list[list[str]]:
    """The lines that DoorClient says."""
    trusted = []
    if door.ca:
        store = door.log.parent / "trusted.p12"
        if not store.exists():
            subprocess.run(["keytool", "-importcert", "-noprompt", "-alias", "door", "-file", door.ca,
                            "-keystore", store, "-storetype", "PKCS12", "-storepass", PASSWORD],
                           check=True, capture_output=True)
        trusted = [f"-Djavax.net.ssl.trustStore={store}",
                   f"-Djavax.net.ssl.trustStorePassword={PASSWORD}"]
    environment = {name: value for name, value in os.environ.items()
                   if not name.startswith("AWS_") and not name.lower().endswith("_proxy")}
    environment |= {"AWS_ACCESS_KEY_ID": door.keys.id, "AWS_SECRET_ACCESS_KEY": door.keys.secret}
    done = subprocess.run(
        ["java", "-Xmx512m", "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn", *trusted, *properties,
         "-cp", f"{classes}:{LIBRARIES}/*", "DoorClient", what, door.url, REGION, STREAM,
         *arguments],
        input=records, env=environment, capture_output=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr.decode()[-4000:]
    return [line.split("\t") for line in done.stdout.decode().splitlines()]


def fields(lines: list[list[str]], what: str) -> list[list[str]]:
    return [line[1:] for line in lines if line[0] == what]


@pytest.mark.parametrize("tls", [False, True], ids=["plain", "tls"])
@pytest.mark.parametrize("cbor", [True, False], ids=["cbor", "json"])
def test_the_sdk_for_java_puts_and_reads(tmp_path, simulation, classes, cbor, tls):
    events = simulation.events.read_bytes().splitlines()
    with open_door(tmp_path, tls=tls) as door:
        lines = run(door, classes, "sdk", items_of(events),
                    properties=[f"-Daws.cborEnabled={str(cbor).lower()}"])
        [[arn, shards, created]] = fields(lines, "stream")
        assert arn == f"arn:aws:kinesis:{REGION}:{ACCOUNT}:stream/{STREAM}" and shards == "4"
        puts, reads = fields(lines, "put"), fields(lines, "read")
        assert len(puts) == len(events) and all(error == "null" for *_, error in puts)
        expected = {(shard, number): (f"key-{i % 97}", event)
                    for i, ((shard, number, _), event) in enumerate(zip(puts, events, strict=True))}
        got = {(shard, number): (key, base64.b64decode(data))
               for shard, number, _, key, data in reads}
        assert got == expected and len(reads) == len(events)
        times = [int(arrival) for _, _, arrival, _, _ in reads]
        assert all(int(created) <= time < int(created) + 600_000 for time in times)
        assert len(fields(lines, "at")) == 4
        assert all(asked == found for _, asked, found in fields(lines, "at"))
        assert [line[:4] for line in fields(lines, "refused")] == [
            ["ResourceNotFoundException", "ResourceNotFoundException", "400", "true"],
            ["ResourceInUseException", "ResourceInUseException", "400", "true"],
            ["InvalidArgumentException", "InvalidArgumentException", "400", "true"],
            ["ValidationException", "ValidationException", "400", "true"],
            ["KinesisException", "UnknownOperationException", "400", "true"]]
        spoken = "application/x-amz-" + ("cbor" if cbor else "json") + "-1.1"
        assert fields(lines, "type") == [[spoken]]
        assert fields(lines, "caller") == [[f"arn:aws:iam::{ACCOUNT}:user/test"]]
        assert len(fields(lines, "firehose")[0][0]) == 56
        assert fields(lines, "async") == [["200", "4"]]
        wait_for(lambda: door.rows() == len(simulation.expected.rows), "the rows")
        door.stop()


@pytest.mark.parametrize("aggregate", ["false", "true"])
def test_the_producer_library_puts_over_tls(tmp_path, simulation, classes, aggregate):
    events = simulation.events.read_bytes().splitlines()
    with open_door(tmp_path, tls=True) as door:
        lines = run(door, classes, "kpl", items_of(events), aggregate)
        assert fields(lines, "failed") == []
        puts = fields(lines, "put")
        assert len(puts) == len(events)
        client = door.client()
        read = [record["Data"] for shard in sorted({shard for shard, *_ in puts})
                for record in read_shard(client, STREAM, shard)]
        # What the library sends again because an answer was late is there twice.
        assert set(read) == set(events)
        wait_for(lambda: door.rows() == len(simulation.expected.rows), "the rows")
        shown = readers.read_sql(door.lake)
        columns = [name for name in shown.columns if name != "_change_seq"]
        csv_table.assert_equal(shown.select(columns), simulation.expected, "put by the KPL")
        door.stop()
