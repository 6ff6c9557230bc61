"""An S3 server behind a gateway that keeps a record and fails on request.

Which server: s3_backends.py. moto takes any signature and is not atomic, so before it the gateway
does what S3 would: it computes each signature again with botocore, and lets one write through at a
time. Before a real server it leaves both to that: the `Host` that was signed is passed on.
"""

import contextlib
import hashlib
import http.client
import http.server
import re
import socket
import struct
import tempfile
import threading
import urllib.parse
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import boto3
import botocore.auth
import botocore.awsrequest
import botocore.config
import botocore.credentials

from support import s3_backends
from support.credential_services import Keys
from support.local_server import clean_environment, served
from support.s3_backends import KEY, REGION, SECRET, Backend

BUCKET = "lake-bucket"
ROLE = "arn:aws:iam::123456789012:role/lake"
HOP_BY_HOP = {"connection", "transfer-encoding", "keep-alive"}


@dataclass
class Seen:
    """One request and how it was answered."""

    method: str
    path: str
    query: str
    headers: dict[str, str]
    status: int = 0
    bytes_sent: int = 0


# A fault gets the request and says what to do: "pass", "lose-request", "lose-answer", "cut-answer"
# or a status such as 503.
Fault = Callable[[Seen], object]


@dataclass
class S3Server:
    """What a test talks to."""

    endpoint: str
    backend: Backend
    keys: dict[str, Keys] = field(default_factory=lambda: {KEY: Keys(SECRET)})
    seen: list[Seen] = field(default_factory=list)
    fault: Fault = lambda seen: "pass"

    def environment(self, **more: str) -> dict[str, str]:
        """The variables of a process that uses this server with the fixed keys."""
        return clean_environment() | {
            "AWS_ENDPOINT_URL": self.endpoint, "AWS_REGION": REGION, "AWS_ACCESS_KEY_ID": KEY,
            "AWS_SECRET_ACCESS_KEY": SECRET} | more

    def client(self, service="s3"):
        """boto3, past the gateway: neither failed nor recorded."""
        return boto3.client(
            service, endpoint_url=self.backend.url, region_name=REGION, aws_access_key_id=KEY,
            aws_secret_access_key=SECRET,
            config=botocore.config.Config(s3={"addressing_style": "path"}))

    def temporary_keys(self, **restricted: str) -> tuple[str, Keys]:
        """Keys that the server's STS gives for a role; `Policy`: what of it is left to them."""
        given = self.client("sts").assume_role(
            RoleArn=ROLE, RoleSessionName="test", DurationSeconds=3600, **restricted)["Credentials"]
        keys = Keys(given["SecretAccessKey"], given["SessionToken"])
        self.keys[given["AccessKeyId"]] = keys
        return given["AccessKeyId"], keys

    def tree(self, prefix: str) -> dict[str, bytes]:
        """Key without the prefix → content of all objects below it."""
        client, found = self.client(), {}
        for page in client.get_paginator("list_objects_v2").paginate(Bucket=BUCKET, Prefix=prefix):
            for entry in page.get("Contents", []):
                body = client.get_object(Bucket=BUCKET, Key=entry["Key"])["Body"].read()
                found[entry["Key"].removeprefix(prefix)] = body
        return found


class Gateway(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # headers and body are written one after the other

    def handle_request(self):
        s3: S3Server = self.server.s3
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        path, _, query = self.path.partition("?")
        headers = {name.lower(): value for name, value in self.headers.items()}
        seen = Seen(self.command, path, query, headers)
        s3.seen.append(seen)
        what = s3.fault(seen)
        if what == "lose-request":
            return self.hang_up()
        if isinstance(what, int):
            code = {503: "SlowDown", 500: "InternalError"}.get(what, "Error")
            return self.answer(seen, what, {}, error(code))
        refusal = None if s3.backend.judges else self.refusal(seen, body)
        if refusal:
            return self.answer(seen, 403, {}, error(refusal))
        try:
            status, answer_headers, answer = self.forward(body)
        except (OSError, http.client.HTTPException):  # the server died
            return self.hang_up()
        self.learn_keys(answer)
        if what == "lose-answer":
            return self.hang_up()
        self.answer(seen, status, answer_headers, answer, cut=what == "cut-answer")

    do_GET = do_PUT = do_HEAD = do_DELETE = do_POST = handle_request

    def refusal(self, seen: Seen, body: bytes) -> str | None:
        """Why S3 would not take this request; None: it would."""
        if "AssumeRoleWithWebIdentity" in body.decode(errors="replace")[:200]:
            return None  # the token is the proof
        found = re.fullmatch(
            r"AWS4-HMAC-SHA256 Credential=([^/]+)/(\d{8})/([^/]+)/([^/]+)/aws4_request, "
            r"SignedHeaders=([^,]+), Signature=([0-9a-f]{64})",
            seen.headers.get("authorization", ""))
        if not found:
            return "AccessDenied"
        key, _, region, service, names, signature = found.groups()
        keys = self.server.s3.keys.get(key)
        if keys is None or seen.headers.get("x-amz-security-token") != keys.token:
            return "InvalidAccessKeyId"
        signed = set(names.split(";"))
        must = {"host"} | {name for name in seen.headers if name.startswith("x-amz-")}
        hashed = seen.headers.get("x-amz-content-sha256")
        if not must <= signed or (hashed and hashed != hashlib.sha256(body).hexdigest()):
            return "XAmzContentSHA256Mismatch"
        request = botocore.awsrequest.AWSRequest(
            seen.method, f"{self.server.s3.endpoint}{self.path}", data=body,
            headers={name: seen.headers[name] for name in signed - {"host"}})
        request.context["timestamp"] = seen.headers["x-amz-date"]
        kind = botocore.auth.S3SigV4Auth if service == "s3" else botocore.auth.SigV4Auth
        auth = kind(botocore.credentials.Credentials(key, keys.secret, keys.token), service, region)
        expected = auth.signature(auth.string_to_sign(request, auth.canonical_request(request)),
                                  request)
        return None if expected == signature else "SignatureDoesNotMatch"

    def forward(self, body: bytes):
        backend = self.server.s3.backend
        host = urllib.parse.urlsplit(backend.url).netloc
        alone = not backend.judges and self.command in ("PUT", "POST", "DELETE")
        with self.server.writing if alone else contextlib.nullcontext():
            connection = http.client.HTTPConnection(host, timeout=60)
            headers = {name: value for name, value in self.headers.items()
                       if name.lower() not in HOP_BY_HOP}
            connection.request(self.command, self.path, body=body, headers=headers)
            response = connection.getresponse()
            content = response.read()
            connection.close()
        return response.status, dict(response.getheaders()), content

    def learn_keys(self, answer: bytes):
        """Keys that STS gave are keys that S3 knows."""
        def text(name: str) -> str | None:
            found = re.search(f"<{name}>(.*?)</{name}>".encode(), answer, re.S)
            return found and found[1].decode()

        key = text("AccessKeyId")
        if key and text("SessionToken"):
            self.server.s3.keys[key] = Keys(text("SecretAccessKey"), text("SessionToken"))

    def answer(self, seen: Seen, status: int, headers: dict, body: bytes, cut=False):
        length = headers.get("Content-Length", headers.get("content-length"))
        self.send_response(status)
        for name, value in headers.items():
            if name.lower() not in HOP_BY_HOP | {"content-length", "date", "server"}:
                self.send_header(name, value)
        head = self.command == "HEAD"
        self.send_header("Content-Length", length if head and length else str(len(body)))
        self.end_headers()
        seen.status = status
        if head:
            return
        sent = body[:len(body) // 2] if cut else body
        self.wfile.write(sent)
        seen.bytes_sent = len(sent)
        if cut:
            self.hang_up()

    def hang_up(self):
        """Close the connection at once, as a dying server does."""
        self.close_connection = True
        self.wfile.flush()
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.connection.shutdown(socket.SHUT_RDWR)

    def log_message(self, *_):
        pass


def error(code: str) -> bytes:
    return f"<Error><Code>{code}</Code><Message>as the test wants it</Message></Error>".encode()


@contextlib.contextmanager
def s3_server():
    with (tempfile.TemporaryDirectory() as folder,
          s3_backends.chosen()(Path(folder)) as backend):
        s3 = S3Server("", backend)
        s3.client().create_bucket(
            Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": REGION})
        with gateway(s3):
            yield s3


@contextlib.contextmanager
def gateway(s3: S3Server, context=None):
    """Let `s3` be reached by a (further) gateway, until the end."""
    before = s3.endpoint
    with served(Gateway, context, s3=s3, writing=threading.Lock()) as server:
        s3.endpoint = f"http{'s' if context else ''}://127.0.0.1:{server.server_port}"
        yield
        s3.endpoint = before
