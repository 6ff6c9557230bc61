#!/usr/bin/env python3
"""The Lambda function as Lambda runs it: its zip's bootstrap beside a runtime API on this machine.

Speed: 100,000 records (those of bench/transform.py) as Firehose events of 500, asked for and answered
over the runtime API; CPU seconds of the process, all of it: HTTP, sockets, transform. Beside it
`tapelake transform --payload` over the same events from a file, alternately, each pinned to one core;
medians count. Start counts for neither.

Cold start: from before the process is made to its first posted answer, 20 times.

Memory: the highest resident size after all of that, and after an event of 6 MiB.

Writes docs/reports/lambda-bench.md.
"""

import argparse
import json
import os
import platform
import re
import signal
import socket
import statistics
import subprocess
import sys
import time
import zipfile
from pathlib import Path

import figures
import transform
from figures import ROOT, Figure

EVENT_BYTES_MAX = 6 << 20
COLD_START_MS, RSS_MB, PAYLOAD_SHARE = 50, 64, 0.8
ACCEPTED = b'HTTP/1.1 202 Accepted\r\nContent-Length: 16\r\n\r\n{"status":"OK"}\n'


class RuntimeApi:
    """Just enough of the interface, and fast: one connection, its requests one after the other."""

    def __init__(self):
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.address = "127.0.0.1:%d" % self.listener.getsockname()[1]

    def accept(self):
        self.connection, _ = self.listener.accept()
        self.connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def close(self):
        self.connection.close()

    def read(self) -> tuple[bytes, bytes]:
        """Head and body of a request."""
        got = b""
        while b"\r\n\r\n" not in got:
            got += self.receive(1 << 16)
        head, _, body = got.partition(b"\r\n\r\n")
        length = re.search(rb"(?i)\r\ncontent-length: (\d+)", head)
        pieces, missing = [body], int(length[1]) - len(body) if length else 0
        while missing > 0:
            pieces.append(self.receive(1 << 20))
            missing -= len(pieces[-1])
        return head, b"".join(pieces)

    def receive(self, size: int) -> bytes:
        got = self.connection.recv(size)
        assert got, "the function closed its connection"
        return got

    def invoke(self, event: bytes) -> bytes:
        """Hand over one event, take its answer, say that it was accepted."""
        head, _ = self.read()
        assert head.startswith(b"GET /2018-06-01/runtime/invocation/next "), head
        deadline_ms = int((time.time() + 60) * 1000)
        self.connection.sendall(
            b"HTTP/1.1 200 OK\r\nLambda-Runtime-Aws-Request-Id: 8476a536\r\n"
            b"Lambda-Runtime-Deadline-Ms: %d\r\nContent-Length: %d\r\n\r\n" %
            (deadline_ms, len(event)) + event)
        head, answer = self.read()
        assert head.startswith(b"POST /2018-06-01/runtime/invocation/8476a536/response "), head
        self.connection.sendall(ACCEPTED)
        return answer


class Function:
    """A started bootstrap."""

    def __init__(self, bootstrap: Path, core: int):
        self.api = RuntimeApi()
        self.started = time.perf_counter()
        self.process = subprocess.Popen(
            transform.pinned(core, [bootstrap]), env={"AWS_LAMBDA_RUNTIME_API": self.api.address,
                                                      "PATH": os.environ["PATH"]})
        self.api.accept()

    def peak_rss_mb(self) -> float:
        status = Path(f"/proc/{self.process.pid}/status").read_text(encoding="utf-8")
        return int(re.search(r"VmHWM:\s+(\d+)", status)[1]) * 1024 / 1e6

    def end(self) -> float:
        """Kill it; return the CPU seconds it has used."""
        self.process.send_signal(signal.SIGKILL)
        _, _, usage = os.wait4(self.process.pid, 0)
        self.process.returncode = -signal.SIGKILL
        self.api.close()
        return usage.ru_utime + usage.ru_stime


def answered(bootstrap: Path, core: int, events: list[bytes]) -> tuple[float, float, float]:
    """Wall and CPU seconds for these events, and the peak of memory in MB."""
    function = Function(bootstrap, core)
    begun = time.perf_counter()
    for event in events:
        function.api.invoke(event)
    wall = time.perf_counter() - begun
    rss = function.peak_rss_mb()
    return wall, function.end(), rss


def check_answers(options, events: list[bytes]) -> None:
    """What is measured must be right: the answers of `tapelake transform --payload`."""
    source = options.folder / "payloads.ndjson"
    with open(source, "rb") as payloads:
        done = subprocess.run([*options.program, "--payload"], stdin=payloads, capture_output=True,
                              check=True)
    function = Function(options.bootstrap, options.core)
    for event, expected in zip(events, done.stdout.splitlines(), strict=True):
        assert json.loads(function.api.invoke(event)) == json.loads(expected)
    function.end()


def largest_event(records: list[str]) -> bytes:
    """As many records as fit into what Lambda hands over at once."""
    low, high = 1, len(records)
    made = json.dumps(transform.make_batches(records[:1])[0])
    batch_records, transform.BATCH_RECORDS = transform.BATCH_RECORDS, len(records)
    while low < high:
        middle = (low + high + 1) // 2
        text = json.dumps(transform.make_batches(records[:middle])[0])
        if len(text) <= EVENT_BYTES_MAX:
            low, made = middle, text
        else:
            high = middle - 1
    transform.BATCH_RECORDS = batch_records
    return made.encode()


def cold_start_ms(options, event: bytes) -> float:
    function = Function(options.bootstrap, options.core)
    function.api.invoke(event)
    took = time.perf_counter() - function.started
    function.end()
    return took * 1000


def measure(options, events: list[bytes], records: list[str]) -> dict:
    source, empty = options.folder / "payloads.ndjson", options.folder / "empty"
    empty.write_bytes(b"")
    program = [*options.program, "--payload"]
    runs: dict = {"function": [], "payload": []}
    transform.run_product(options.core, program, source)  # warm the page cache
    for _ in range(options.repeat):
        _, start_cpu, _ = answered(options.bootstrap, options.core, [])
        wall, cpu, rss = answered(options.bootstrap, options.core, events)
        runs["function"].append((wall, cpu - start_cpu, rss))
        nothing = transform.run_product(options.core, program, empty)
        whole = transform.run_product(options.core, program, source)
        runs["payload"].append((whole[0] - nothing[0], whole[1] - nothing[1], 0))
    cold = [cold_start_ms(options, events[0]) for _ in range(options.starts)]
    _, _, rss_of_largest = answered(options.bootstrap, options.core, [largest_event(records)])
    return {name: [statistics.median(column) for column in zip(*taken)]
            for name, taken in runs.items()} | {"cold": cold, "rss_of_largest": rss_of_largest}


def figures_of(options, measured: dict) -> list[Figure]:
    count = options.records
    wall, cpu, rss = measured["function"]
    payload_wall, payload_cpu, _ = measured["payload"]
    return [
        Figure("cold start to first answer (500 records), median", statistics.median(measured["cold"]), "ms",
               at_most=COLD_START_MS),
        Figure("cold start, the slowest of all", max(measured["cold"]), "ms"),
        Figure("highest resident memory", max(rss, measured["rss_of_largest"]), "MB", at_most=RSS_MB),
        Figure("resident memory with events of 500 records only", rss, "MB"),
        Figure("events/s per core (CPU)", count / cpu),
        Figure("`tapelake transform --payload` in the same run (CPU), events/s", count / payload_cpu),
        Figure("the function as a share of it", payload_cpu / cpu, at_least=PAYLOAD_SHARE),
        Figure("events/s by the clock, function", count / wall),
        Figure("events/s by the clock, `tapelake transform --payload`", count / payload_wall),
        Figure("bootstrap", options.bootstrap.stat().st_size / 1e6, "MB"),
        Figure("zip", options.zip.stat().st_size / 1e6, "MB"),
    ]


def report(options, found: list[Figure]) -> list[str]:
    return figures.heading("The Lambda function", "lambda", f"Linux {platform.release()}") + [
        f"{options.records:,} records of bench/transform.py in Firehose events of {transform.BATCH_RECORDS}; "
        f"function and filter alternately, pinned to core {options.core}, medians of "
        f"{options.repeat}; {options.starts} cold starts.", "",
        *figures.table(found), "",
        "- CPU is all of the process: reading events from the runtime API's socket, transforming, "
        "posting the answers. The filter reads a file and writes nowhere.",
        "- Cold start is counted from before the process is made; the file is in the page cache. "
        "Lambda adds what it takes to start a sandbox.",
        f"- The highest memory is that of one event of {EVENT_BYTES_MAX >> 20} MiB, the most that "
        "Lambda hands over.",
    ]


def parse_options():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--records", type=int, default=100_000)
    parser.add_argument("--repeat", type=int, default=5)
    parser.add_argument("--starts", type=int, default=20)
    parser.add_argument("--core", type=int, default=os.cpu_count() - 1)
    parser.add_argument("--program", nargs="+",
                        default=[str(ROOT / "build" / "release" / "tapelake"), "transform"])
    parser.add_argument("--zip", type=Path,
                        default=ROOT / "build" / "lambda" / "tapelake-lambda.zip")
    parser.add_argument("--folder", type=Path, default=ROOT / "build" / "bench-lambda")
    parser.add_argument("--report", type=Path, default=figures.REPORTS / "lambda-bench.md")
    return parser.parse_args()


def unpack(options) -> None:
    with zipfile.ZipFile(options.zip) as archive:
        options.bootstrap.write_bytes(archive.read("bootstrap"))
    options.bootstrap.chmod(0o755)


def main() -> int:
    options = parse_options()
    options.folder.mkdir(parents=True, exist_ok=True)
    options.bootstrap = options.folder / "bootstrap"
    unpack(options)
    others = set(range(os.cpu_count())) - {options.core}
    os.sched_setaffinity(0, others or {options.core})  # the server leaves the measured core alone
    records = transform.make_records(options.records)
    events = [json.dumps(batch).encode() for batch in transform.make_batches(records)]
    (options.folder / "payloads.ndjson").write_bytes(b"\n".join(events) + b"\n")
    check_answers(options, events)
    found = figures_of(options, measure(options, events, records))
    return figures.finish(options.report, report(options, found), found)


if __name__ == "__main__":
    sys.exit(main())
