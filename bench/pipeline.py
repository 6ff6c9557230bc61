#!/usr/bin/env python3
"""The whole pipeline, as its users run it: one `tapelake up`, the simulator in processes of its own.

Throughput: simulated changes are put through the local door as fast as they are acknowledged, until
all are durable, in raw gzip objects and in committed merge-on-read logs. Their own times are those
of a market that is about as fast. CPU is that of the pipeline's threads, per change. The bounds of rate
and memory are those of this chain; beside them the same with the market's bars and measures, as `up`
runs by default.

Latency, market on: 5,000 changes a second are put open-loop; beside them single records are put and
looked for, in SQL with hot rows and in SQL of committed rows only.

Stages: what one change costs in each step by itself, one thread (bench/pipeline_stages).

Writes docs/reports/pipeline-bench.md.
"""

import argparse
import datetime
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import figures
from figures import ROOT, Figure

CHANGES_PER_SECOND, PEAK_MB = 60_000, 600
ACKNOWLEDGED_P99_MS, VISIBLE_P99_MS, COMMITTED_P99_MS = 20, 500, 4_000
LOAD_RATE = 5_000
MARKET_RATE = 90_000  # changes a second of the throughput run's own time
TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")


class Pipeline:
    """A running `tapelake up` fed by its stream alone; `more`: further lines of configuration."""

    def __init__(self, program: Path, folder: Path, market: bool = True, more: str = ""):
        self.program, self.lake = program, folder / "lake"
        config = folder / "tapelake.yaml"
        config.write_text("dashboard: {listen: '127.0.0.1:0'}\n"
                          f"market: {{enabled: {str(market).lower()}}}\n"
                          "tables:\n  - name: transactions\n    source: {kind: stream}\n" + more)
        self.log = open(folder / "up.log", "wb")
        self.process = subprocess.Popen(
            [program, "up", "--json", "--config", config, "--lake", self.lake],
            stdout=self.log, stderr=subprocess.STDOUT)
        deadline = time.monotonic() + 20
        while not (self.lake / ".tapelake" / "socket").exists():
            assert time.monotonic() < deadline and self.process.poll() is None, "up did not start"
            time.sleep(0.05)

    def cpu_by_thread(self) -> dict[str, float]:
        """Seconds of CPU by thread name."""
        seconds: dict[str, float] = {}
        for task in Path(f"/proc/{self.process.pid}/task").iterdir():
            try:
                name = (task / "comm").read_text().strip()
                fields = (task / "stat").read_text().rsplit(")", 1)[1].split()
            except OSError:
                continue
            ticks = int(fields[11]) + int(fields[12])
            seconds[name] = seconds.get(name, 0) + ticks / TICKS_PER_SECOND
        return seconds

    def peak_rss_mb(self) -> float:
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        return int(re.search(r"VmHWM:\s+(\d+)", status)[1]) * 1024 / 1e6

    def committed(self) -> int:
        """Records that the newest commit holds, by its file: `tapelake status`, asked again and again,
        takes half a core from what is measured."""
        timeline = self.lake / "crypto" / "transactions" / ".hoodie"
        newest = max(timeline.glob("*.deltacommit"), default=None)
        if newest is None:
            return 0
        told = json.loads(newest.read_text())["extraMetadata"]
        return json.loads(told["tapelake.positions"])["stream:crypto.transactions"] - 1

    def wait_until_taken(self, changes: int) -> None:
        """Until the newest status line says that everything was read; then ask for the end."""
        deadline = time.monotonic() + 600
        while time.monotonic() < deadline:
            lines = Path(self.log.name).read_text().strip().splitlines()
            newest = json.loads(lines[-1]) if lines else {"tables": []}
            if newest["tables"] and newest["tables"][0]["received"] >= changes:
                return
            time.sleep(0.1)
        raise AssertionError("the pipeline did not keep up")

    def drain(self) -> None:
        self.process.send_signal(signal.SIGINT)
        assert self.process.wait(timeout=300) == 0, Path(self.log.name).read_text()[-2000:]

    def raw_lines(self) -> int:
        done = subprocess.run(
            [self.program, "sql", "--lake", self.lake, "--format", "csv",
             f"SELECT count(*) FROM read_csv('{self.lake}/raw/**/*.gz', columns={{'line':'VARCHAR'}},"
             " delim='\\x01', quote='', header=false, max_line_size=33554432)"],
            capture_output=True, check=True)
        return int(done.stdout.split()[-1])


def now() -> str:
    return datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


def measure_throughput(program: Path, folder: Path, changes: int, market: bool) -> dict:
    pipeline = Pipeline(program, folder, market)
    begin = time.monotonic()
    simulator = subprocess.Popen(
        [program, "simulate", "--seed", "3", "--changes", str(changes), "--start", now(), "--rate",
         str(MARKET_RATE)], stdout=subprocess.PIPE)
    put = subprocess.run(
        [program, "stream", "put", "--json", "--lake", pipeline.lake, "crypto.transactions", "-"],
        stdin=simulator.stdout, capture_output=True, check=True)
    assert simulator.wait() == 0
    durable = time.monotonic() - begin
    cpu, rss = {}, 0.0
    while pipeline.process.poll() is None:  # committed: the newest commit holds everything
        cpu, rss = pipeline.cpu_by_thread(), pipeline.peak_rss_mb()
        if pipeline.committed() >= changes:
            break
        time.sleep(0.2)
    committed = time.monotonic() - begin
    pipeline.drain()
    whole = time.monotonic() - begin
    assert (lines := pipeline.raw_lines()) == changes, f"{lines} raw lines"
    return {"changes": changes, "durable_s": durable, "committed_s": committed, "drained_s": whole,
            "changes_per_second": changes / committed, "rss_mb": rss,
            "cpu_us": {name: 1e6 * seconds / changes for name, seconds in sorted(cpu.items())},
            "put": json.loads(put.stdout)}


def measure_latency(program: Path, folder: Path, seconds: int) -> dict:
    pipeline = Pipeline(program, folder)
    events = folder / "events.ndjson"
    subprocess.run([program, "simulate", "--seed", "4", "--changes", str(LOAD_RATE * (seconds + 6)),
                    "--start", now(), "--rate", str(LOAD_RATE), "--events", events], check=True,
                   capture_output=True)
    put = subprocess.Popen(
        [program, "stream", "put", "--json", "--rate", str(LOAD_RATE), "--batch", "50", "--lake",
         pipeline.lake, "crypto.transactions", events], stdout=subprocess.PIPE)
    time.sleep(3)
    probe = subprocess.run([program.parent / "pipeline_probe", pipeline.lake, str(seconds), "250"],
                           capture_output=True, check=False)
    assert probe.returncode == 0, probe.stderr.decode()
    output, _ = put.communicate()
    pipeline.drain()
    return {"put": json.loads(output), **json.loads(probe.stdout)}


def figures_of(result: dict) -> list[Figure]:
    through, market, latency = (result[name] for name in ("throughput", "with-market", "latency"))
    visible, committed = latency["visible_ms"], latency["committed_ms"]
    return [
        Figure("changes/s, put → durable → raw gzip + committed merge-on-read + hot",
               through["changes_per_second"], at_least=CHANGES_PER_SECOND,
               note=f"{through['changes']:,} changes"),
        Figure("changes/s with bars and measures, as `up` runs by default", market["changes_per_second"]),
        Figure("peak resident memory", through["rss_mb"], "MB", at_most=PEAK_MB),
        Figure("peak resident memory with bars and measures, as `up` runs by default", market["rss_mb"], "MB"),
        Figure(f"put acknowledged durable at {LOAD_RATE:,}/s, p99", latency["put"]["latency_ms"]["p99"], "ms",
               at_most=ACKNOWLEDGED_P99_MS),
        Figure("visible in SQL, p99", visible["p99"], "ms", at_most=VISIBLE_P99_MS,
               note=f"p50 {visible['p50']:.0f} ms, n {visible['n']}"),
        Figure("in a completed commit, p99", committed["p99"], "ms", at_most=COMMITTED_P99_MS,
               note=f"p50 {committed['p50']:,.0f} ms"),
    ]


def report(result: dict, found: list[Figure]) -> list[str]:
    through, market = result["throughput"], result["with-market"]
    cpu = through["cpu_us"]
    more_mb = market["rss_mb"] - through["rss_mb"]
    return figures.heading("The whole pipeline", "pipeline") + [
        "One `tapelake up`; the simulator and the program that puts its changes are processes of "
        "their own on the same machine.", "",
        *figures.table(found), "",
        f"The bounds of rate and memory are those of the chain named there. `up` also computes the market's bars and "
        f"measures unless `market.enabled` is off: in this flood, {market['changes_per_second']:,.0f} changes a "
        f"second, it then takes {market['rss_mb']:,.0f} MB, {abs(more_mb):,.0f} MB "
        f"{'more' if more_mb >= 0 else 'less'} than without and {'above' if market['rss_mb'] > PEAK_MB else 'below'} "
        f"those {PEAK_MB} MB. The latencies were measured with them on.", "",
        f"All durable after {through['durable_s']:.1f} s, committed after "
        f"{through['committed_s']:.1f} s, drained after {through['drained_s']:.1f} s.", "",
        "CPU per change by thread of the pipeline:", "", "| thread | µs |", "|---|---|",
        *(f"| {name} | {micros:.2f} |" for name, micros in cpu.items() if micros >= 0.005),
        f"| all | {sum(cpu.values()):.2f} |", "",
        "CPU per change by stage, each by itself on one thread. `hash` is MD5 for the shard, and the hashes for the "
        "recent-change index and the bucket. Stages hold others, so they do not add up: `log` the MD5, and what has a "
        "plus what it names.", "",
        "| stage | µs |", "|---|---|",
        *(f"| {name} | {micros:.2f} |" for name, micros in result["stages"].items())]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--changes", type=int, default=2_000_000)
    parser.add_argument("--seconds", type=int, default=60)
    parser.add_argument("--no-report", action="store_true")
    arguments = parser.parse_args()
    program = Path(os.environ.get("TAPELAKE_BINARY", ROOT / "build" / "release" / "tapelake"))
    folder = Path(tempfile.mkdtemp(prefix="pipeline-", dir=ROOT / "build"))
    result = {}
    try:
        for name in ("throughput", "with-market"):
            (folder / name).mkdir()
            result[name] = measure_throughput(program, folder / name, arguments.changes,
                                              market=name == "with-market")
            shutil.rmtree(folder / name)
        (folder / "latency").mkdir()
        result["latency"] = measure_latency(program, folder / "latency", arguments.seconds)
        stages = subprocess.run([program.parent / "pipeline_stages"], capture_output=True, check=True)
        result["stages"] = json.loads(stages.stdout)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    found = figures_of(result)
    output = None if arguments.no_report else figures.REPORTS / "pipeline-bench.md"
    return figures.finish(output, report(result, found), found)


if __name__ == "__main__":
    sys.exit(main())
