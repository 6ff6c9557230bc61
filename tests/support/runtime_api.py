"""A runtime API, as Lambda shows it to custom runtimes, and the bootstrap as its client."""

import json
import os
import queue
import subprocess
import threading
import time
import zipfile
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from support.program import ROOT

ZIP = Path(os.environ.get("TAPELAKE_LAMBDA_ZIP",
                          ROOT / "build" / "lambda" / "tapelake-lambda.zip"))
PREFIX = "/2018-06-01/runtime"
PATIENCE_S = 30
CONTAINER_ERROR = 500


@dataclass
class Call:
    """One request of the bootstrap."""

    method: str
    path: str
    headers: dict[str, str]  # names in lower case
    body: bytes

    def json(self):
        return json.loads(self.body)


@dataclass
class Answer:
    """What an invocation came to."""

    kind: str  # response or error
    call: Call

    @property
    def value(self):
        """The answer of a function that did not fail."""
        assert self.kind == "response", self.call.body[:2000]
        return self.call.json()

    @property
    def error(self) -> dict:
        assert self.kind == "error", self.call.body[:2000]
        error = self.call.json()
        assert set(error) == {"errorMessage", "errorType", "stackTrace"}
        assert self.call.headers["lambda-runtime-function-error-type"] == error["errorType"]
        return error


@dataclass
class RuntimeApi:
    """The server. `post_status`: what it answers to results; `way`: how it writes events."""

    way: str = "length"  # or: chunked, close
    post_status: int = 202
    calls: list[Call] = field(default_factory=list)
    _events: queue.Queue = field(default_factory=queue.Queue)
    _answers: queue.Queue = field(default_factory=queue.Queue)
    _next_id: int = 0

    def start(self):
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), handler_of(self))
        self.server.daemon_threads = True
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.address = f"127.0.0.1:{self.server.server_address[1]}"

    def stop(self):
        self._events.put(None)
        self.server.shutdown()
        self.server.server_close()

    def invoke(self, event, *, left_s: float = 60) -> Answer:
        """Hand over an event (a value, or raw bytes) and wait for what becomes of it."""
        self.put(event, left_s=left_s)
        return self.take()

    def put(self, event, *, left_s: float = 60) -> str:
        body = event if isinstance(event, bytes) else \
            json.dumps(event, ensure_ascii=False, separators=(",", ":")).encode()
        self._next_id += 1
        request_id = f"8476a536-e9f4-11e8-9739-{self._next_id:012x}"
        self._events.put((request_id, body, int((time.time() + left_s) * 1000)))
        return request_id

    def take(self) -> Answer:
        return self._answers.get(timeout=PATIENCE_S)

    def end(self):
        """Answer the next question for an event as a sandbox does that is shut down."""
        self._events.put(None)


def handler_of(api: RuntimeApi):
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def log_message(self, *_):
            pass

        def note(self) -> Call:
            size = int(self.headers.get("Content-Length", 0))
            call = Call(self.command, self.path, {k.lower(): v for k, v in self.headers.items()},
                        self.rfile.read(size))
            api.calls.append(call)
            return call

        def do_GET(self):
            self.note()
            assert self.path == f"{PREFIX}/invocation/next", self.path
            event = api._events.get()
            if event is None:
                self.answer(CONTAINER_ERROR, b'{"errorMessage":"shutting down"}')
                return
            request_id, body, deadline_ms = event
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Lambda-Runtime-Aws-Request-Id", request_id)
            self.send_header("Lambda-Runtime-Deadline-Ms", str(deadline_ms))
            self.send_header("Lambda-Runtime-Invoked-Function-Arn",
                             "arn:aws:lambda:us-east-1:123456789012:function:tapelake")
            self.send_header("Lambda-Runtime-Trace-Id",
                             "Root=1-5bef4de7-ad49b0e87f6ef6c87fc2e700;Parent=9a9197af755a6419;Sampled=1")
            self.write_body(body)

        def write_body(self, body: bytes):
            if api.way == "chunked":
                self.send_header("Transfer-Encoding", "chunked")
                self.end_headers()
                for start in range(0, len(body), 1000):
                    piece = body[start:start + 1000]
                    self.wfile.write(f"{len(piece):x}\r\n".encode() + piece + b"\r\n")
                self.wfile.write(b"0\r\n\r\n")
                return
            if api.way == "close":
                self.send_header("Connection", "close")
                self.end_headers()
                self.wfile.write(body)
                return
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def do_POST(self):
            call = self.note()
            self.answer(api.post_status, b'{"status":"OK"}\n')
            kind = self.path.rpartition("/")[2]
            assert self.path == f"{PREFIX}/init/error" or \
                self.path.startswith(f"{PREFIX}/invocation/") and kind in ("response", "error")
            api._answers.put(Answer(kind, call))

        def answer(self, status: int, body: bytes):
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

    return Handler


def unpack(folder: Path) -> Path:
    """The bootstrap, as Lambda unpacks it."""
    with zipfile.ZipFile(ZIP) as archive:
        info = archive.getinfo("bootstrap")
        path = folder / "bootstrap"
        path.write_bytes(archive.read(info))
        path.chmod(info.external_attr >> 16 & 0o777)
    return path


@dataclass
class Running:
    """A started function."""

    api: RuntimeApi
    process: subprocess.Popen
    folder: Path

    def rows(self) -> list[bytes]:
        """What it wrote to standard output."""
        return (self.folder / "stdout").read_bytes().splitlines(keepends=True)

    def log(self) -> list[dict]:
        return [json.loads(line) for line in (self.folder / "stderr").read_bytes().splitlines()]


@contextmanager
def function(folder: Path, *, environment: dict[str, str] | None = None, command=None,
             **api_options):
    """Start the bootstrap beside a runtime API; yields a Running."""
    folder.mkdir(parents=True, exist_ok=True)
    api = RuntimeApi(**api_options)
    api.start()
    variables = {"AWS_LAMBDA_RUNTIME_API": api.address, "_HANDLER": "any",
                 "AWS_LAMBDA_FUNCTION_NAME": "tapelake", **(environment or {})}
    with open(folder / "stdout", "wb") as out, open(folder / "stderr", "wb") as err:
        process = subprocess.Popen(command or [unpack(folder)], env=variables, cwd="/",
                                   stdin=subprocess.DEVNULL, stdout=out, stderr=err)
    try:
        yield Running(api, process, folder)
    finally:
        process.kill()
        process.wait(PATIENCE_S)
        api.stop()
