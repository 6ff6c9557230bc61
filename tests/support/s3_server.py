"""An S3 server (moto) behind a gateway that checks signatures, keeps a record, and fails on request.

moto takes any signature and is not atomic, so the gateway does what S3 would: it computes each
signature again with botocore, and lets one write through at a time.
"""

import contextlib
import hashlib
import http.client
import http.server
import os
import re
import socket
import struct
import subprocess
import sys
import threading
import time
import urllib.parse
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass, field

import boto3
import botocore.auth
import botocore.awsrequest
import botocore.config
import botocore.credentials

KEY, SECRET, REGION = "AKIATEST", "secret/of+test", "eu-west-1"
BUCKET = "lake-bucket"
HOP_BY_HOP = {"connection", "transfer-encoding", "keep-alive", "host"}


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
class Keys:
    secret: str
    token: str | None = None


@dataclass
class S3Server:
    """What a test talks to."""

    endpoint: str
    backend: str
    keys: dict[str, Keys] = field(default_factory=lambda: {KEY: Keys(SECRET)})
    seen: list[Seen] = field(default_factory=list)
    fault: Fault = lambda seen: "pass"

    def environment(self, **more: str) -> dict[str, str]:
        """The variables of a process that uses this server with the fixed keys."""
        return clean_environment() | {
            "AWS_ENDPOINT_URL": self.endpoint, "AWS_REGION": REGION, "AWS_ACCESS_KEY_ID": KEY,
            "AWS_SECRET_ACCESS_KEY": SECRET} | more

    def client(self):
        """boto3, past the gateway: neither failed nor recorded."""
        return boto3.client(
            "s3", endpoint_url=self.backend, region_name=REGION, aws_access_key_id=KEY,
            aws_secret_access_key=SECRET,
            config=botocore.config.Config(s3={"addressing_style": "path"}))

    def tree(self, prefix: str) -> dict[str, bytes]:
        """Key without the prefix → content of all objects below it."""
        client, found = self.client(), {}
        for page in client.get_paginator("list_objects_v2").paginate(Bucket=BUCKET, Prefix=prefix):
            for entry in page.get("Contents", []):
                body = client.get_object(Bucket=BUCKET, Key=entry["Key"])["Body"].read()
                found[entry["Key"].removeprefix(prefix)] = body
        return found


def clean_environment() -> dict[str, str]:
    """This process's environment without a word of AWS, whose services it must not find."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    return kept | {"AWS_EC2_METADATA_DISABLED": "true", "HOME": "/nonexistent"}


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
        refusal = self.refusal(seen, body)
        if refusal:
            return self.answer(seen, 403, {}, error(refusal))
        status, answer_headers, answer = self.forward(body)
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
        host = urllib.parse.urlsplit(self.server.s3.backend).netloc
        writes = self.command in ("PUT", "POST", "DELETE")
        with self.server.writing if writes else contextlib.nullcontext():
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
def served(handler, context=None, **attributes):
    """An HTTP server, with a TLS context an HTTPS server, on a free port of this machine."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    if context:
        server.socket = context.wrap_socket(server.socket, server_side=True)
    server.daemon_threads = True
    for name, value in attributes.items():
        setattr(server, name, value)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@contextlib.contextmanager
def s3_server():
    port = free_port()
    moto = subprocess.Popen(
        [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=clean_environment())
    try:
        backend = f"http://127.0.0.1:{port}"
        wait_for(backend, moto)
        s3 = S3Server("", backend)
        s3.client().create_bucket(
            Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": REGION})
        with gateway(s3):
            yield s3
    finally:
        moto.terminate()
        moto.wait()


@contextlib.contextmanager
def gateway(s3: S3Server, context=None):
    """Let `s3` be reached by a (further) gateway, until the end."""
    before = s3.endpoint
    with served(Gateway, context, s3=s3, writing=threading.Lock()) as server:
        s3.endpoint = f"http{'s' if context else ''}://127.0.0.1:{server.server_port}"
        yield
        s3.endpoint = before


def wait_for(url: str, process: subprocess.Popen):
    for _ in range(600):
        assert process.poll() is None, "moto ended"
        with contextlib.suppress(OSError):
            urllib.request.urlopen(url, timeout=5).close()
            return
        time.sleep(0.1)
    raise AssertionError("moto does not answer")
