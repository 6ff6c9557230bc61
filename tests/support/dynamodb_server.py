"""DynamoDB Local, and the table CryptoTransactions on it while somebody writes to it."""

import contextlib
import itertools
import os
import random
import threading
import time
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

import boto3
from boto3.dynamodb.types import TypeSerializer

from support.local_server import Program, clean_environment, free_port, running
from support.program import ROOT

REGION = "eu-west-1"
TABLE = "CryptoTransactions"
KEYS = {"aws_access_key_id": "AKIATEST", "aws_secret_access_key": "secret"}


@dataclass
class DynamodbServer:
    url: str
    program: Program

    def environment(self) -> dict[str, str]:
        return clean_environment() | {
            "AWS_ENDPOINT_URL_DYNAMODB": self.url, "AWS_ENDPOINT_URL_DYNAMODB_STREAMS": self.url,
            "AWS_REGION": REGION, "AWS_ACCESS_KEY_ID": KEYS["aws_access_key_id"],
            "AWS_SECRET_ACCESS_KEY": KEYS["aws_secret_access_key"]}

    def client(self, service="dynamodb"):
        return boto3.client(service, endpoint_url=self.url, region_name=REGION, **KEYS)


@contextlib.contextmanager
def dynamodb_local(folder: Path):
    home = Path(os.environ.get("TAPELAKE_DYNAMODB_LOCAL", ROOT / ".deps" / "dynamodb-local"))
    java = Path(os.environ["JAVA_HOME"]) / "bin" / "java" if "JAVA_HOME" in os.environ else "java"
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    command = [java, "-Xmx384m", f"-Djava.library.path={home}/lib", "-cp",
               f"{home}/classes:{home}/lib/*", "Loopback", "-inMemory", "-sharedDb",
               "-disableTelemetry", "-port", port]
    with running(command, f"{url}/", folder) as program:
        yield DynamodbServer(url, program)


class CryptoTransactions:
    """The table, with a stream of both images, and a producer that puts, updates and deletes."""

    def __init__(self, server: DynamodbServer, seed: int):
        self.client, self.rng = server.client(), random.Random(seed)
        self.streams = server.client("dynamodbstreams")
        self.client.create_table(
            TableName=TABLE, BillingMode="PAY_PER_REQUEST",
            AttributeDefinitions=[{"AttributeName": "transaction_id", "AttributeType": "S"}],
            KeySchema=[{"AttributeName": "transaction_id", "KeyType": "HASH"}],
            StreamSpecification={"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"})
        self.numbers = itertools.count()
        self.keys: list[str] = []
        self.writes = 0

    def write(self, count: int, pause_s: float = 0):
        for _ in range(count):
            self.write_one()
            time.sleep(pause_s)

    def write_in_the_background(self, pause_s: float) -> "Writer":
        return Writer(self, pause_s)

    def write_one(self):
        kind = self.rng.choices(["put", "update", "delete"], [5, 4, 2])[0]
        if not self.keys or kind == "put":
            self.put()
        elif kind == "update":
            self.update(self.rng.choice(self.keys))
        else:
            key = self.keys.pop(self.rng.randrange(len(self.keys)))
            self.client.delete_item(TableName=TABLE, Key={"transaction_id": {"S": key}})
        self.writes += 1

    def put(self):
        key = f"txn-{next(self.numbers):06}"
        self.client.put_item(TableName=TABLE, Item=serialized(self.item(key)))
        self.keys.append(key)

    def update(self, key: str):
        """Also to another day, and with values that fit no column."""
        item = self.item(key)
        name = self.rng.choice(["trade_status", "price", "timestamp", "note"])
        self.client.update_item(
            TableName=TABLE, Key={"transaction_id": {"S": key}},
            UpdateExpression="SET #n = :v", ExpressionAttributeNames={"#n": name},
            ExpressionAttributeValues={":v": serialized(item)[name]})

    def item(self, key: str) -> dict:
        rng = self.rng
        item = {
            "transaction_id": key,
            "timestamp": f"2026-11-{rng.randrange(1, 29):02}T12:{rng.randrange(60):02}:00Z",
            "exchange": rng.choice(["binance", "kraken"]), "trading_pair": "BTC/USDT",
            "order_type": "MARKET", "trade_status": rng.choice(["PENDING", "SUCCESS", "FAILED"]),
            "price": Decimal(rng.randrange(1, 10**12)) / 10**8,
            "quantity": Decimal(rng.randrange(1, 10**9)) / 10**6,
            "trade_fee": Decimal(rng.randrange(1, 10**6)) / 10**8,
            "user_id": f"user-{rng.randrange(100)}", "note": 'k\u00e9y \u20bf "q" \\ \n'}
        if rng.random() < 0.05:  # more digits than the column has: kept in _rescued
            item["price"] = Decimal("0.12345678901234567890123")
        if rng.random() < 0.1:
            item["meta"] = {"flags": [True, None, "x"], "risk": Decimal(11)}
        return item

    def scan(self) -> dict[str, dict]:
        """Key -> item in DynamoDB JSON."""
        pages = self.client.get_paginator("scan").paginate(TableName=TABLE, ConsistentRead=True)
        return {item["transaction_id"]["S"]: item for page in pages for item in page["Items"]}

    def records(self) -> int:
        """In the stream, which has one shard here."""
        arn = self.client.describe_table(TableName=TABLE)["Table"]["LatestStreamArn"]
        count = 0
        for shard in self.streams.describe_stream(StreamArn=arn)["StreamDescription"]["Shards"]:
            iterator = self.streams.get_shard_iterator(
                StreamArn=arn, ShardId=shard["ShardId"],
                ShardIteratorType="TRIM_HORIZON")["ShardIterator"]
            while iterator:
                answer = self.streams.get_records(ShardIterator=iterator)
                count += len(answer["Records"])
                iterator = answer.get("NextShardIterator") if answer["Records"] else None
        return count


class Writer:
    """Writes until it is told to end."""

    def __init__(self, table: CryptoTransactions, pause_s: float):
        self.table, self.pause_s = table, pause_s
        self.ending = threading.Event()
        self.thread = threading.Thread(target=self.run, daemon=True)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.ending.set()
        self.thread.join()

    def run(self):
        while not self.ending.is_set():
            self.table.write_one()
            time.sleep(self.pause_s)


def serialized(item: dict) -> dict:
    serialize = TypeSerializer().serialize
    return {name: serialize(value) for name, value in item.items()}
