"""Servers of this machine: of a handler's, in this process; of a program's, in one of its own."""

import contextlib
import http.server
import os
import socket
import subprocess
import threading
import time
import urllib.error
import urllib.request
from pathlib import Path


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


class Program:
    """A program that serves. What it says goes to the file `said` of its folder."""

    def __init__(self, command: list, ready: str, folder: Path, variables: dict[str, str]):
        self.command, self.ready, self.folder = list(map(str, command)), ready, folder
        self.environment = clean_environment() | variables
        self.start()

    def start(self):
        """Also once more, after its end; returns when `ready` is answered."""
        with self.said.open("ab") as out:
            self.process = subprocess.Popen(self.command, stdout=out, stderr=subprocess.STDOUT,
                                            env=self.environment, cwd=self.folder)
        try:
            self.wait_until_ready()
        except BaseException:
            self.end()
            raise

    def end(self, kill=False):
        self.process.kill() if kill else self.process.terminate()
        self.process.wait()

    @property
    def said(self) -> Path:
        return self.folder / "said"

    def wait_until_ready(self):
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            assert self.process.poll() is None, f"{self.command} ended: {self.said.read_text()}"
            try:
                urllib.request.urlopen(self.ready, timeout=5).close()
                return
            except urllib.error.HTTPError as refused:
                if refused.code < 500:  # it serves, though not this
                    return
            except OSError:
                pass
            time.sleep(0.05)
        raise AssertionError(f"no answer from {self.ready}: {self.said.read_text()}")


@contextlib.contextmanager
def running(command: list, ready: str, folder: Path, **variables: str):
    """A program that answers the URL `ready` when it serves."""
    program = Program(command, ready, folder, variables)
    try:
        yield program
    finally:
        program.end()


def clean_environment() -> dict[str, str]:
    """This process's environment without a word of AWS, whose services it must not find."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    return kept | {"AWS_EC2_METADATA_DISABLED": "true", "HOME": "/nonexistent"}
