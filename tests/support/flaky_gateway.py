"""A gateway before an AWS-compatible server that loses, delays and cuts what it passes on, as a test says."""

import contextlib
import http.client
import http.server
import json
import random
import socket
import struct
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

from support.local_server import served

KEPT_BY_EACH_END = {"connection", "keep-alive", "transfer-encoding", "content-length"}
THROTTLED = {"__type": "ProvisionedThroughputExceededException", "message": "Rate exceeded, as the test wants it"}
FAULTS = ["lose-request", "lose-answer", "cut-answer", "delay", "throttle", "fail", "unavailable"]


@dataclass
class FlakyGateway:
    """`target` says where the server is now (`127.0.0.1:4566`); it may raise if there is none."""

    target: Callable[[], str]
    rng: random.Random
    share: float = 0.1  # of the requests that meet a fault
    url: str = ""
    met: Counter = field(default_factory=Counter)

    bag: list[str] = field(default_factory=list)

    def draw(self) -> str:
        """Each fault once, in any order, before one comes again."""
        if self.rng.random() >= self.share:
            return "pass"
        if not self.bag:
            self.bag = self.rng.sample(FAULTS, len(FAULTS))
        fault = self.bag.pop()
        self.met[fault] += 1
        return fault


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def do_POST(self):
        gateway: FlakyGateway = self.server.gateway
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        fault = gateway.draw()
        if fault == "lose-request":
            return self.hang_up()
        if fault == "throttle":
            return self.answer(400, {"Content-Type": "application/x-amz-json-1.1"},
                               json.dumps(THROTTLED).encode())
        if fault in ("fail", "unavailable"):
            return self.answer(500 if fault == "fail" else 503, {}, b"")
        if fault == "delay":
            time.sleep(gateway.rng.uniform(0.2, 1.5))
        try:
            status, headers, answer = self.forward(gateway.target(), body)
        except (OSError, ValueError, KeyError, http.client.HTTPException):  # it was killed
            return self.hang_up()
        if fault == "lose-answer":
            return self.hang_up()
        self.answer(status, headers, answer, cut=fault == "cut-answer")

    def forward(self, target: str, body: bytes):
        connection = http.client.HTTPConnection(target, timeout=60)
        headers = {name: value for name, value in self.headers.items()
                   if name.lower() not in KEPT_BY_EACH_END}
        connection.request("POST", self.path, body=body, headers=headers)
        response = connection.getresponse()
        content = response.read()
        connection.close()
        return response.status, dict(response.getheaders()), content

    def answer(self, status: int, headers: dict, body: bytes, cut: bool = False):
        self.send_response(status)
        for name, value in headers.items():
            if name.lower() not in KEPT_BY_EACH_END | {"date", "server"}:
                self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body[:len(body) // 2] if cut else body)
        if cut:
            self.hang_up()

    def hang_up(self):
        """Close the connection at once, as a dying server does."""
        self.close_connection = True
        self.wfile.flush()
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        with contextlib.suppress(OSError):
            self.connection.shutdown(socket.SHUT_RDWR)

    def log_message(self, *_):
        pass


@contextlib.contextmanager
def flaky_gateway(target: Callable[[], str], rng: random.Random, share: float = 0.1):
    gateway = FlakyGateway(target, rng, share)
    with served(Handler, gateway=gateway) as server:
        gateway.url = f"http://127.0.0.1:{server.server_port}"
        yield gateway
