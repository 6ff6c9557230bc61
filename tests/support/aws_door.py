"""The running program's AWS-compatible door; its clients: boto3, the AWS CLI, a bare socket."""

import datetime
import json
import os
import re
import socket
import ssl
import subprocess
import sys
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from unittest import mock

import boto3
import botocore.auth
import botocore.awsrequest
import botocore.config
import botocore.credentials
import pytest
from botocore.exceptions import ClientError

from support import program

REGION = "eu-west-1"
ACCOUNT = "123456789012"
PATIENCE_S = 120
CONFIG = """\
lake: {{path: {lake}}}
dashboard: {{listen: '127.0.0.1:0'}}
commit: {{interval: 300ms}}
ingest: {{horizon: 7d}}
stream: {{shards: 4{stream}}}
doors: {{aws: {{enabled: true, listen: '127.0.0.1:0', region: {region}, account: '{account}'{more}}}}}
tables: [{{name: transactions, buckets: 2, source: {{kind: stream}}}}]
"""


@dataclass
class Keys:
    id: str
    secret: str


@dataclass
class HttpRequest:
    """A request, byte for byte, but for its length, which is always right."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes

    def to_bytes(self) -> bytes:
        headers = self.headers | {"Content-Length": str(len(self.body)), "Connection": "close"}
        lines = [f"{self.method} {self.path} HTTP/1.1",
                 *(f"{name}: {value}" for name, value in headers.items())]
        return ("\r\n".join(lines) + "\r\n\r\n").encode() + self.body


@dataclass
class Door:
    """A lake whose pipeline has the door open."""

    lake: program.Lake
    log: Path
    keys: Keys | None = None
    ca: Path | None = None  # what clients trust; None: the door speaks no TLS
    process: subprocess.Popen = field(default=None, repr=False)

    @property
    def place_file(self) -> Path:
        return self.lake.path / ".tapelake" / "aws.json"

    @property
    def url(self) -> str:
        return json.loads(self.place_file.read_text())["url"]

    def start(self) -> None:
        self.place_file.unlink(missing_ok=True)
        with open(self.log, "ab") as out:
            self.process = subprocess.Popen(
                [program.binary(), "up", "--json", "--config", self.lake.config], stdout=out,
                stderr=out)
        deadline = time.monotonic() + PATIENCE_S
        while not self.place_file.exists():
            assert self.process.poll() is None, self.log.read_text()[-2000:]
            assert time.monotonic() < deadline, "no door: " + self.log.read_text()[-2000:]
            time.sleep(0.05)

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()

    def stop(self) -> None:
        self.process.terminate()
        assert self.process.wait(PATIENCE_S) == 0, self.log.read_text()[-2000:]

    def certify(self, *hosts: str) -> Path:
        """Make a certificate; a running door shows it within a second."""
        done = program.run("keys", "certify", "--lake", self.lake.path, "--json", *hosts)
        return Path(json.loads(done.stdout)["ca"])

    def make_keys(self, name: str = "test") -> Keys:
        done = program.run("keys", "create", "--lake", self.lake.path, "--name", name, "--json")
        made = json.loads(done.stdout)
        return Keys(made["access_key_id"], made["secret_access_key"])

    def client(self, service: str = "kinesis", keys: Keys | None = None, **more):
        keys = keys or self.keys
        more.setdefault("aws_access_key_id", keys.id)
        more.setdefault("aws_secret_access_key", keys.secret)
        more.setdefault("region_name", REGION)
        # A test wants to see the first answer.
        config = botocore.config.Config(retries={"total_max_attempts": 1}, proxies={}).merge(
            more.pop("config", botocore.config.Config()))
        more.setdefault("verify", str(self.ca) if self.ca else None)
        return boto3.client(service, endpoint_url=self.url, config=config, **more)

    def cli(self, *arguments) -> dict:
        """What `aws ARGUMENT...` prints, called as docs/doors.md says."""
        foreign = re.compile("AWS_.*|.*_PROXY", re.IGNORECASE)
        environment = {name: value for name, value in os.environ.items()
                       if not foreign.fullmatch(name)}
        environment |= {
            "AWS_ENDPOINT_URL": self.url, "AWS_DEFAULT_REGION": REGION,
            "AWS_ACCESS_KEY_ID": self.keys.id, "AWS_SECRET_ACCESS_KEY": self.keys.secret,
            # Nothing of whoever runs the test.
            "AWS_CONFIG_FILE": os.devnull, "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        }
        if self.ca:
            arguments = [*arguments, "--ca-bundle", self.ca]
        done = subprocess.run(
            [sys.executable, "-m", "awscli", *map(str, arguments), "--output", "json"],
            env=environment, capture_output=True, timeout=PATIENCE_S, check=False)
        assert done.returncode == 0, done.stderr.decode()
        return json.loads(done.stdout or b"{}")

    def signed(self, target: str, body: bytes, service: str = "kinesis") -> "HttpRequest":
        """A call as botocore signs it."""
        request = botocore.awsrequest.AWSRequest(
            "POST", self.url + "/", data=body,
            headers={"Host": self.authority, "X-Amz-Target": target,
                     "Content-Type": "application/x-amz-json-1.1"})
        credentials = botocore.credentials.Credentials(self.keys.id, self.keys.secret)
        botocore.auth.SigV4Auth(credentials, service, REGION).add_auth(request)
        return HttpRequest("POST", "/", dict(request.headers.items()), body)

    @property
    def authority(self) -> str:
        """`127.0.0.1:4566`"""
        return self.url.partition("://")[2]

    def connect(self) -> socket.socket:
        """A bare connection, before any TLS."""
        host, _, port = self.authority.rpartition(":")
        return socket.create_connection((host, int(port)), timeout=PATIENCE_S)

    def greet(self, ca: Path | None = None, **settings) -> ssl.SSLSocket:
        """A connection over TLS, trusting the door's authority or another; `settings` of the
        context."""
        context = ssl.create_default_context(cafile=str(ca or self.ca))
        for name, value in settings.items():
            setattr(context, name, value)
        return context.wrap_socket(self.connect(), server_hostname="127.0.0.1")

    def send(self, request: "HttpRequest") -> int:
        """The status of the answer; 0: the connection ended without one."""
        with self.greet() if self.ca else self.connect() as connection:
            connection.sendall(request.to_bytes())
            answer = connection.makefile("rb").readline()
        return int(answer.split()[1]) if answer else 0

    def rows(self) -> int:
        done = program.run("sql", "--lake", self.lake.path, "--format", "csv",
                           f"SELECT count(*) FROM {self.lake.table}", check=False)
        return int(done.stdout.split()[-1]) if done.returncode == 0 else 0


def refusal(call, *arguments, **named) -> tuple[str, str]:
    """Code and message of the error that a call must end with."""
    with pytest.raises(ClientError) as caught:
        call(*arguments, **named)
    error = caught.value.response["Error"]
    return error["Code"], error["Message"]


def wait_for(condition, what: str) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < deadline, f"waited {PATIENCE_S} s for {what}"
        time.sleep(0.1)


def configured(lake: Path, more: str = "", stream: str = "") -> str:
    """A configuration with the door open; `more`: further keys of `doors.aws` (`, name: value`),
    `stream`: of `stream`."""
    return CONFIG.format(lake=lake, region=REGION, account=ACCOUNT, more=more, stream=stream)


@contextmanager
def open_door(folder: Path, more: str = "", tls: bool = False, delivery: str = "",
              stream: str = ""):
    """Run `up` with the door open, as configured() says; `tls`: over TLS, certified by the lake's
    own authority; `delivery`: that section of the configuration."""
    lake = program.Lake(folder / "lake", config=folder / "up.yaml")
    more += ", tls: {enabled: true}" if tls else ""
    lake.config.write_text(configured(lake.path, more, stream) + delivery)
    door = Door(lake, folder / "up.log")
    door.keys = door.make_keys()
    if tls:
        door.ca = door.certify()
    door.start()
    try:
        yield door
    finally:
        if door.process.poll() is None:
            door.kill()


@contextmanager
def clock_off_by(seconds: float):
    """botocore signs as if the clock were wrong."""
    real = botocore.auth.get_current_datetime

    def skewed(*arguments, **named):
        return real(*arguments, **named) + datetime.timedelta(seconds=seconds)

    with mock.patch.object(botocore.auth, "get_current_datetime", skewed):
        yield


def read_shard(client, stream: str, shard: str, limit: int = 10_000) -> list[dict]:
    """All records of a shard."""
    iterator = client.get_shard_iterator(
        StreamName=stream, ShardId=shard, ShardIteratorType="TRIM_HORIZON")["ShardIterator"]
    records = []
    while True:
        answer = client.get_records(ShardIterator=iterator, Limit=limit)
        records += answer["Records"]
        iterator = answer["NextShardIterator"]
        if answer["MillisBehindLatest"] == 0:
            return records
