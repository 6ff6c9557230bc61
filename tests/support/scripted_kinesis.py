"""A Kinesis server whose stream is late, and loses shards, when a test says so."""

import base64
import contextlib
import http.server
import json
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from support.local_server import clean_environment, served

CREATED_S = 1_790_000_000


@dataclass
class LateStream:
    """One record at each call; it was written `late_s` ago, and so is what follows."""

    next_line: Callable[[], str]
    late_s: float = 0
    shards: list[str] = field(default_factory=lambda: ["shardId-000000000000"])
    given: int = 0
    url: str = ""

    def environment(self) -> dict[str, str]:
        return clean_environment() | {
            "AWS_ENDPOINT_URL_KINESIS": self.url, "AWS_REGION": "eu-west-1",
            "AWS_ACCESS_KEY_ID": "AKIATEST", "AWS_SECRET_ACCESS_KEY": "secret"}

    def answer(self, operation: str, asked: dict) -> dict | None:
        """None: there is no such thing."""
        if operation == "DescribeStreamSummary":
            return {"StreamDescriptionSummary": {"StreamCreationTimestamp": CREATED_S,
                                                 "RetentionPeriodHours": 24}}
        if operation == "ListShards":
            return {"Shards": [{"ShardId": shard} for shard in self.shards]}
        if operation == "GetShardIterator":
            return {"ShardIterator": asked["ShardId"]} if asked["ShardId"] in self.shards else None
        shard = asked["ShardIterator"]
        if shard not in self.shards:
            return None
        records = [self.record()] if shard == self.shards[0] else []
        return {"Records": records, "NextShardIterator": shard,
                "MillisBehindLatest": int(self.late_s * 1000)}

    def record(self) -> dict:
        self.given += 1
        return {"SequenceNumber": str(self.given), "PartitionKey": "k",
                "ApproximateArrivalTimestamp": time.time() - self.late_s,
                "Data": base64.b64encode(self.next_line().encode()).decode()}


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        operation = self.headers["X-Amz-Target"].partition(".")[2]
        answer = self.server.stream.answer(operation, asked)
        if answer is None:
            self.send(400, {"__type": "ResourceNotFoundException", "message": "not here"})
        else:
            self.send(200, answer)

    def send(self, status: int, answer: dict):
        body = json.dumps(answer).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


@contextlib.contextmanager
def late_stream(next_line: Callable[[], str]):
    stream = LateStream(next_line)
    with served(Handler, stream=stream) as server:
        stream.url = f"http://127.0.0.1:{server.server_port}"
        yield stream
