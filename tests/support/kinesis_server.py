"""The servers that speak Kinesis to the tests, and a stream on one of them that is resharded."""

import contextlib
import json
import os
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import boto3
import botocore.config

from support import aws_door
from support.csv_table import KEY
from support.local_server import Program, clean_environment, free_port, running
from support.program import ROOT

REGION = "eu-west-1"
PUT_RECORDS_MAX = 500
PATIENCE_S = 60


@dataclass
class KinesisServer:
    url: str
    program: Program
    keeps_shards: bool  # a split or merge leaves records where they are, as in Kinesis
    keys: tuple[str, str] = ("AKIATEST", "secret")

    def environment(self) -> dict[str, str]:
        return clean_environment() | {
            "AWS_ENDPOINT_URL_KINESIS": self.url, "AWS_REGION": REGION,
            "AWS_ACCESS_KEY_ID": self.keys[0], "AWS_SECRET_ACCESS_KEY": self.keys[1]}

    def client(self):
        return boto3.client(
            "kinesis", endpoint_url=self.url, region_name=REGION, aws_access_key_id=self.keys[0],
            aws_secret_access_key=self.keys[1],
            config=botocore.config.Config(retries={"mode": "standard"}))


@contextlib.contextmanager
def moto(folder: Path):
    """Moves the records of a shard that is split or merged to its children."""
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    command = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", port]
    with running(command, url, folder) as program:
        yield KinesisServer(url, program, keeps_shards=False)


@contextlib.contextmanager
def kinesalite(folder: Path):
    modules = Path(os.environ.get("TAPELAKE_TEST_NPM", ROOT / ".deps" / "test-npm"))
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    script = (f"require('{modules}/node_modules/kinesalite')"
              "({createStreamMs: 20, updateStreamMs: 20, deleteStreamMs: 20, shardLimit: 50})"
              f".listen({port}, '127.0.0.1')")
    with running(["node", "-e", script], f"{url}/", folder) as program:
        yield KinesisServer(url, program, keeps_shards=True)


@contextlib.contextmanager
def tapelake(folder: Path):
    """The door of another Tapelake, where streams are made as anywhere else."""
    with aws_door.open_door(folder) as door:
        yield KinesisServer(door.url, door.process, keeps_shards=True,
                            keys=(door.keys.id, door.keys.secret))


SERVERS = {"moto": moto, "kinesalite": kinesalite, "tapelake": tapelake}


class Stream:
    """A stream that a producer writes to; each item's changes in order, in the shard of its key."""

    def __init__(self, client, name: str):
        self.client, self.name = client, name

    @classmethod
    def made(cls, server: KinesisServer, name: str, shards: int) -> "Stream":
        stream = cls(server.client(), name)
        stream.client.create_stream(StreamName=name, ShardCount=shards)
        stream.wait()
        return stream

    def wait(self):
        """Until what was asked for is done."""
        deadline = time.monotonic() + PATIENCE_S
        while time.monotonic() < deadline:
            summary = self.client.describe_stream_summary(StreamName=self.name)
            if summary["StreamDescriptionSummary"]["StreamStatus"] == "ACTIVE":
                return
            time.sleep(0.02)
        raise AssertionError(f"stream {self.name} does not become active")

    def open_shards(self) -> list[dict]:
        """By the ranges of their hash keys."""
        shards = self.client.list_shards(StreamName=self.name)["Shards"]
        return sorted((shard for shard in shards
                       if "EndingSequenceNumber" not in shard["SequenceNumberRange"]),
                      key=lambda shard: int(shard["HashKeyRange"]["StartingHashKey"]))

    def split(self, index: int):
        shard = self.open_shards()[index]
        begin, end = (int(shard["HashKeyRange"][name])
                      for name in ("StartingHashKey", "EndingHashKey"))
        self.client.split_shard(StreamName=self.name, ShardToSplit=shard["ShardId"],
                                NewStartingHashKey=str((begin + end) // 2 + 1))
        self.wait()

    def merge(self, index: int):
        """The shard and the next one."""
        left, right = self.open_shards()[index:index + 2]
        self.client.merge_shards(StreamName=self.name, ShardToMerge=left["ShardId"],
                                 AdjacentShardToMerge=right["ShardId"])
        self.wait()

    def put(self, lines: list[bytes]):
        """Change records; what is refused is put again, before anything that follows."""
        for begin in range(0, len(lines), PUT_RECORDS_MAX):
            records = [{"Data": line, "PartitionKey": key_of(line)}
                       for line in lines[begin:begin + PUT_RECORDS_MAX]]
            while records:
                answer = self.client.put_records(StreamName=self.name, Records=records)
                records = [record for record, result in zip(records, answer["Records"])
                           if "ErrorCode" in result]

    def counts(self) -> dict[str, int]:
        """Records of the open shards."""
        return {shard["ShardId"]: self.count(shard["ShardId"]) for shard in self.open_shards()}

    def count(self, shard: str) -> int:
        iterator = self.client.get_shard_iterator(
            StreamName=self.name, ShardId=shard, ShardIteratorType="TRIM_HORIZON")["ShardIterator"]
        count = 0
        while True:
            answer = self.client.get_records(ShardIterator=iterator)
            if not answer["Records"] and not answer["MillisBehindLatest"]:
                return count
            count += len(answer["Records"])
            iterator = answer["NextShardIterator"]

    def put_raw(self, data: bytes, key: str = "k"):
        self.client.put_record(StreamName=self.name, Data=data, PartitionKey=key)


def key_of(line: bytes) -> str:
    return json.loads(line)["dynamodb"]["Keys"][KEY]["S"]
