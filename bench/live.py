#!/usr/bin/env python3
"""The live page over the running pipeline: 20 pairs at 5,000 changes a second, commits going on.

Measured in the browser: from a change's time to the frame that shows it, the page's work for each
frame, its memory. Then 100 clients of the live stream at once: CPU of the program with and without
them. Bounds: event to screen p99 under 1 s; the page's main thread for a frame p95 under 8 ms.

Writes docs/reports/live-bench.md.
"""

import argparse
import json
import os
import shutil
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path
from urllib.parse import urlparse

import figures
from figures import ROOT, Figure

FRESH_P99_MS_MAX = 1_000
FRAME_P95_MS_MAX = 8
CONFIG = """lake: {{path: {lake}}}
simulator: {{changes_per_second: {rate}, history: 0s}}
dashboard: {{listen: "127.0.0.1:0"}}
tables:
- {{name: transactions, source: {{kind: simulator, shape: kinesis}}}}
"""


class Program:
    """`up` on a lake of its own."""

    def __init__(self, folder: Path, rate: int):
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        config = folder / "up.yaml"
        config.write_text(CONFIG.format(lake=folder / "lake", rate=rate))
        self.log = open(folder / "up.log", "wb")
        self.process = subprocess.Popen(
            [ROOT / "build/release/tapelake", "up", "--json", "--config", config],
            stdout=self.log, stderr=self.log)
        place = folder / "lake/.tapelake/http.json"
        while not place.exists():
            time.sleep(0.1)
        self.url = json.loads(place.read_text())["url"]

    def cpu_seconds(self) -> float:
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def resident_mb(self) -> float:
        pages = int(Path(f"/proc/{self.process.pid}/statm").read_text().split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE") / 1e6

    def cpu_share(self, seconds: float) -> float:
        before, begin = self.cpu_seconds(), time.monotonic()
        time.sleep(seconds)
        return (self.cpu_seconds() - before) / (time.monotonic() - begin)

    def end(self):
        self.process.terminate()
        self.process.wait(120)
        self.log.close()


class Client(threading.Thread):
    """Reads the live stream and throws it away."""

    def __init__(self, url: str):
        super().__init__(daemon=True)
        self.place = urlparse(url)
        self.bytes = 0
        self.events = 0
        self.over = False

    def run(self):
        with socket.create_connection((self.place.hostname, self.place.port)) as connection:
            connection.settimeout(0.5)
            connection.sendall((f"GET /api/v1/live?pair=BTC/USDT&exchange=*&interval=1m&every_ms=0 "
                                f"HTTP/1.1\r\nHost: {self.place.netloc}\r\n\r\n").encode())
            while not self.over:
                try:
                    data = connection.recv(1 << 16)
                except TimeoutError:
                    continue
                if not data:
                    return
                self.bytes += len(data)
                self.events += data.count(b"event: update")


def measure_clients(program: Program, count: int, seconds: float) -> dict:
    alone = program.cpu_share(seconds)
    clients = [Client(program.url) for _ in range(count)]
    for client in clients:
        client.start()
    time.sleep(2)
    events, size = sum(c.events for c in clients), sum(c.bytes for c in clients)
    loaded = program.cpu_share(seconds)
    events = sum(c.events for c in clients) - events
    size = sum(c.bytes for c in clients) - size
    for client in clients:
        client.over = True
    for client in clients:
        client.join()
    alone = (alone + program.cpu_share(seconds)) / 2
    return {"clients": count, "alone": alone, "loaded": loaded,
            "per_client_percent": 100 * (loaded - alone) / count,
            "events_per_client": events / seconds / count,
            "kilobytes_per_client": size / seconds / count / 1e3}


def measure(options) -> dict:
    program = Program(options.folder.resolve(), options.rate)
    try:
        time.sleep(options.warm_up)
        page = subprocess.run(["node", ROOT / "bench/live_page.mjs", program.url, str(options.seconds)],
                              stdout=subprocess.PIPE, check=True, text=True)
        return {"page": json.loads(page.stdout), "resident_mb": program.resident_mb(),
                "clients": measure_clients(program, options.clients, 15)}
    finally:
        program.end()


def figures_of(found: dict) -> list[Figure]:
    page, clients = found["page"], found["clients"]
    return [
        Figure("event to screen, p50", page["fresh_p50_ms"], "ms"),
        Figure("event to screen, p99", page["fresh_p99_ms"], "ms", at_most=FRESH_P99_MS_MAX),
        Figure("the page's own scripts for a frame, p95", page["script_p95_ms"], "ms"),
        Figure("main thread for a frame, p50", page["frame_p50_ms"], "ms"),
        Figure("main thread for a frame, p95", page["frame_p95_ms"], "ms", at_most=FRAME_P95_MS_MAX),
        Figure("main thread of the page, share of a core", page["main_thread_share"]),
        Figure("heap of the page, before", page["heap_before"] / 1e6, "MB"),
        Figure("heap of the page, after", page["heap_after"] / 1e6, "MB"),
        Figure("memory of the program", found["resident_mb"], "MB"),
        Figure("CPU of the program alone, cores", clients["alone"]),
        Figure(f"CPU of the program with {clients['clients']} live clients, cores", clients["loaded"]),
        Figure("CPU of the program for a client, share of a core", clients["per_client_percent"], "%"),
        Figure("updates a client got, a second", clients["events_per_client"],
               note=f"{clients['kilobytes_per_client']:.1f} kB/s"),
    ]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--folder", type=Path, default=ROOT / "build" / "bench-live")
    parser.add_argument("--output", type=Path, default=figures.REPORTS / "live-bench.md")
    parser.add_argument("--rate", type=int, default=5_000)
    parser.add_argument("--clients", type=int, default=100)
    parser.add_argument("--warm-up", type=float, default=20)
    parser.add_argument("--seconds", type=int, default=60)
    options = parser.parse_args()
    found = figures_of(measure(options))
    lines = figures.heading("The live page", "live") + [
        f"The program with a simulated market of 20 pairs on 6 exchanges at {options.rate:,} changes a "
        "second, a commit every two seconds, market tables every five; its page in headless Chromium on "
        f"the same two cores, for {options.seconds} s. Change times are in microseconds (Kinesis shape).",
        "", *figures.table(found)]
    return figures.finish(options.output, lines, found)


if __name__ == "__main__":
    sys.exit(main())
