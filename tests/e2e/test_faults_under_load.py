"""Everything goes wrong at once while changes come in: the process is killed, requests and replies are
lost, delayed, cut and throttled, objects cannot be written, records are broken. In the end the table
is the expected one and every broken record is in an error object.

Two minutes; `./dev test --full faults` takes twenty (TAPELAKE_FAULT_SECONDS). The seed is printed; with
TAPELAKE_FAULT_SEED the same faults are drawn again, though time is not the same.
"""

import base64
import json
import os
import random
import threading
import time

import boto3
import botocore.config
import pytest
from botocore.exceptions import BotoCoreError, ClientError

from support import aws_door, csv_table, program, readers
from support.flaky_gateway import FAULTS, flaky_gateway
from support.kinesis_server import REGION, Stream, kinesalite, key_of
from support.pulled import PulledTable
from support.s3_server import BUCKET, s3_server

SECONDS = int(os.environ.get("TAPELAKE_FAULT_SECONDS", "120"))
CHANGES_PER_SECOND = 150
BATCH = 100
BAD_SHARE = 0.01
S3_FAULTS = ["pass"] * 12 + [500, 503, "lose-request", "lose-answer"]
DELIVERY = f"""\
delivery:
  buffer_bytes: 1MiB
  buffer_interval: 1s
  target: s3://{BUCKET}/landing
  prefix: 'raw/'
  error_prefix: 'failed/!{{firehose:error-output-type}}/'
"""


class Feeder:
    """Puts lines at an even pace, each until it is acknowledged."""

    def __init__(self, client, stream: str, lines: list[bytes], seconds: float, before=None):
        self.client, self.stream, self.lines, self.seconds = client, stream, lines, seconds
        self.before = before  # called before each batch
        self.done, self.failures = 0, 0
        self.thread = threading.Thread(target=self.run, daemon=True)

    def run(self):
        begin = time.monotonic()
        for number in range(0, len(self.lines), BATCH):
            due = begin + self.seconds * number / len(self.lines)
            time.sleep(max(0.0, due - time.monotonic()))
            if self.before:
                self.before()
            self.put([{"Data": line, "PartitionKey": partition_key(line)}
                      for line in self.lines[number:number + BATCH]])
            self.done = min(number + BATCH, len(self.lines))

    def put(self, records: list[dict]):
        while records:
            try:
                answer = self.client.put_records(StreamName=self.stream, Records=records)
                records = [record for record, result in zip(records, answer["Records"])
                           if "ErrorCode" in result]
            except (BotoCoreError, ClientError, KeyError):  # the last: half of an answer
                self.failures += 1
                time.sleep(0.05)

    @property
    def busy(self) -> bool:
        return self.thread.is_alive()


def partition_key(line: bytes) -> str:
    try:
        return key_of(line)
    except (ValueError, KeyError, TypeError):
        return "broken"


def with_broken(lines: list[bytes], rng: random.Random) -> tuple[list[bytes], set[bytes]]:
    """The lines, and among them records that nobody can read."""
    mixed, broken = [], set()
    for line in lines:
        mixed.append(line)
        if rng.random() < BAD_SHARE:
            mark = f"broken {len(broken)}".encode()
            bad = rng.choice([line[:len(line) // 2] + mark, b'{"eventID": "' + mark + b'"}',
                              mark, b"\xff\xfe" + mark])
            broken.add(bad)
            mixed.append(bad)
    return mixed, broken


def client_of(url: str, keys: tuple[str, str]):
    config = botocore.config.Config(retries={"total_max_attempts": 1}, proxies={},
                                    read_timeout=30)
    return boto3.client("kinesis", endpoint_url=url, region_name=REGION, aws_access_key_id=keys[0],
                        aws_secret_access_key=keys[1], config=config)


class Switch:
    """Switches encryption of a stream on or off now and then; what fails may have been done."""

    def __init__(self, client, stream: str, rng: random.Random):
        self.client, self.stream, self.rng = client, stream, rng
        self.on = self.off = 0

    def __call__(self):
        if self.rng.random() > 0.3:
            return
        on = self.rng.random() < 0.5
        call = self.client.start_stream_encryption if on else self.client.stop_stream_encryption
        try:
            call(StreamName=self.stream, EncryptionType="KMS", KeyId="alias/aws/kinesis")
            self.on, self.off = self.on + on, self.off + (not on)
        except (BotoCoreError, ClientError):
            pass


def kill_while_busy(feeder: Feeder, kill, start, rng: random.Random) -> int:
    kills = 0
    while feeder.busy:
        time.sleep(rng.uniform(2, 12))
        if feeder.busy:
            kill()
            start()
            kills += 1
    feeder.thread.join()
    return kills


def delivered_errors(s3) -> set[bytes]:
    return {base64.b64decode(json.loads(line)["raw_data"])
            for key, body in s3.tree("landing/failed/").items() for line in body.splitlines()}


def check(lake: program.Lake, simulation: program.Simulation, s3, broken: set[bytes], what: str):
    shown = readers.read_sql(lake)
    columns = [name for name in shown.columns if name != "_change_seq"]
    csv_table.assert_equal(shown.select(columns), simulation.expected, what)
    assert delivered_errors(s3) == broken
    assert {seen.status for seen in s3.seen} >= {200, 500, 503}


@pytest.fixture
def dice():
    seed = int(os.environ.get("TAPELAKE_FAULT_SEED", random.SystemRandom().randrange(1 << 30)))
    print(f"seed {seed}")
    return random.Random(seed)


@pytest.fixture
def s3(dice):
    with s3_server() as server:
        server.fault = lambda seen: dice.choice(S3_FAULTS)
        yield server


def simulated(folder, dice) -> tuple[program.Simulation, list[bytes], set[bytes]]:
    simulation = program.simulate(folder, seed=dice.randrange(1 << 30),
                                  changes=CHANGES_PER_SECOND * SECONDS // 2, shape="streams",
                                  more=["--odd-types", "0.02"])
    return simulation, *with_broken(simulation.events.read_bytes().splitlines(), dice)


def test_a_door_behind_a_flaky_network(s3, dice, tmp_path, monkeypatch):
    for name, value in s3.environment().items():
        monkeypatch.setenv(name, value)
    simulation, lines, broken = simulated(tmp_path, dice)
    with aws_door.open_door(tmp_path, more=", shard_limits: true", delivery=DELIVERY) as door:
        with flaky_gateway(lambda: door.authority, dice, share=0.2) as gateway:
            client = client_of(gateway.url, (door.keys.id, door.keys.secret))
            switch = Switch(client, program.TABLE, random.Random(dice.random()))
            feeder = Feeder(client, program.TABLE, lines, SECONDS / 2, before=switch)
            feeder.thread.start()
            kills = kill_while_busy(feeder, door.kill, door.start, dice)
            assert switch.on > 0 and switch.off > 0
            assert feeder.done == len(lines)
            assert kills > 0 and feeder.failures > 0
            assert set(gateway.met) >= set(FAULTS) or SECONDS < 60
        door.stop()
        check(door.lake, simulation, s3, broken, "behind the door")


def test_a_kinesis_stream_behind_a_flaky_network(s3, dice, tmp_path):
    simulation, lines, broken = simulated(tmp_path, dice)
    folder = tmp_path / "server"
    folder.mkdir()
    with kinesalite(folder) as server:
        stream = Stream.made(server, "crypto-cdc", shards=2)
        with flaky_gateway(lambda: server.url.partition("://")[2], dice) as gateway:
            environment = s3.environment(AWS_ENDPOINT_URL_KINESIS=gateway.url)
            table = PulledTable(tmp_path, "{kind: kinesis, stream: crypto-cdc}", environment,
                                delivery=DELIVERY)
            feeder = Feeder(client_of(gateway.url, server.keys), "crypto-cdc", lines, SECONDS / 2)
            table.start()
            feeder.thread.start()
            kills = kill_while_busy(feeder, table.kill, table.start, dice)
            assert kills > 0 and feeder.failures > 0
            wanted = stream.counts()
            table.wait_for(
                lambda: {place.rpartition("/")[2]: count
                         for place, count in table.positions().items()} == wanted,
                "all records in the table")
            table.stop()
        assert table.status()["source_gaps"] == 0
        check(table.lake, simulation, s3, broken, "from Kinesis")
