#!/usr/bin/env python3
"""The whole pipeline, as its users run it: one `tapelake up`, the simulator in processes of its own.

Throughput: simulated changes are put through the local door as fast as they are acknowledged, until
all are durable, in raw gzip objects and in committed merge-on-read logs. Their own times are those
of a market that is about as fast. CPU is that of the pipeline's threads, per change. The bounds are
those of this chain; beside it the same with the market's bars and measures, as `up` runs by default.

Latency: 5,000 changes a second are put open-loop; beside them single records are put and looked
for, in SQL with hot rows and in SQL of committed rows only.

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

import cow

ROOT = cow.ROOT
TARGETS = {"changes_per_second": 60_000, "rss_mb": 600, "ack_p99_ms": 20, "visible_p99_ms": 500,
           "committed_p99_ms": 4_000}
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
        return int(re.search(r"VmHWM:\s+(\d+)", status)[1]) / 1024

    def committed(self) -> int:
        done = subprocess.run([self.program, "status", "--json", "--lake", self.lake],
                              capture_output=True, check=True)
        for table in json.loads(done.stdout):
            if table["table"] == "crypto.transactions":
                return next(iter(table["positions"].values()), 1) - 1
        return 0

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


def report(result: dict) -> str:
    through, latency = result["throughput"], result["latency"]
    market = result["with-market"]
    cpu = through["cpu_us"]
    lines = [
        "# The whole pipeline", "",
        f"`./dev bench pipeline`, {result['date']}, {cow.machine()}.", "",
        "One `tapelake up`; the simulator and the program that puts its changes are processes of "
        "their own on the same machine.", "",
        "| figure | bound | measured |", "|---|---|---|",
        f"| changes/s, put → durable → raw gzip + committed merge-on-read + hot "
        f"({through['changes']:,} changes) | {TARGETS['changes_per_second']:,} | "
        f"**{through['changes_per_second']:,.0f}** |",
        f"| the same with bars and measures | | {market['changes_per_second']:,.0f} |",
        f"| peak resident memory | {TARGETS['rss_mb']} MB | {through['rss_mb']:,.0f} MB |",
        f"| the same with bars and measures | | {market['rss_mb']:,.0f} MB |",
        f"| put acknowledged durable at {LOAD_RATE:,}/s, p99 | {TARGETS['ack_p99_ms']} ms | "
        f"{latency['put']['latency_ms']['p99']:.1f} ms |",
        f"| visible in SQL, p99 | {TARGETS['visible_p99_ms']} ms | "
        f"{latency['visible_ms']['p99']:.0f} ms (p50 {latency['visible_ms']['p50']:.0f} ms, "
        f"n {latency['visible_ms']['n']}) |",
        f"| in a completed commit, p99 | {TARGETS['committed_p99_ms']:,} ms | "
        f"{latency['committed_ms']['p99']:,.0f} ms (p50 {latency['committed_ms']['p50']:,.0f} ms) |",
        "",
        f"All durable after {through['durable_s']:.1f} s, committed after "
        f"{through['committed_s']:.1f} s, drained after {through['drained_s']:.1f} s.", "",
        "CPU per change by thread of the pipeline:", "", "| thread | µs |", "|---|---|"]
    lines += [f"| {name} | {micros:.2f} |" for name, micros in cpu.items() if micros >= 0.005]
    lines += [f"| all | {sum(cpu.values()):.2f} |", ""]
    if result.get("stages"):
        lines += ["CPU per change by stage, each by itself on one thread:", "", "| stage | µs |",
                  "|---|---|"]
        lines += [f"| {name} | {micros:.2f} |" for name, micros in result["stages"].items()]
        lines.append("")
    return "\n".join(lines)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--changes", type=int, default=2_000_000)
    parser.add_argument("--seconds", type=int, default=60)
    parser.add_argument("--no-report", action="store_true")
    arguments = parser.parse_args()
    program = Path(os.environ.get("TAPELAKE_BINARY", ROOT / "build" / "release" / "tapelake"))
    folder = Path(tempfile.mkdtemp(prefix="pipeline-", dir=ROOT / "build"))
    result = {"date": datetime.date.today().isoformat()}
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
    text = report(result)
    print(text)
    for key, value in (("changes/s", result["throughput"]["changes_per_second"]),
                       ("peak MB", result["throughput"]["rss_mb"])):
        print(f"figure: {key} = {value:,.0f}")
    if not arguments.no_report:
        (ROOT / "docs" / "reports" / "pipeline-bench.md").write_text(text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
