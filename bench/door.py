#!/usr/bin/env python3
"""The AWS-compatible door beside kinesalite and moto, and the whole pipeline behind it.

One client (bench/door_client.cc) in a process of its own puts PutRecords of 500 signed change records,
as fast as they are acknowledged. It makes and signs all its requests before the clock starts: a load
generator on the same two cores must not be what is measured. So "client's CPU" is that of sending and of
reading answers only. Puts: into the door over a durable stream with nothing behind it
(bench/door_server.cc), which acknowledges after fdatasync, and into kinesalite and moto, which keep what
they get in memory and verify nothing; the same client and the same numbers of connections for each, of
which the fastest run counts. The others are measured before the door and after it: whatever else the
machine had to do for a while must not make it look faster beside them.

Pipeline: into a running `tapelake up`, from the first put until all are in raw gzip objects and in
completed merge-on-read commits; its memory, and CPU per record by thread. Beside it the same over TLS.
Stages: what the door's steps cost one thread by themselves (bench/door_stages.cc).

Writes docs/reports/door-bench.md.
"""

import argparse
import contextlib
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import boto3
import botocore.config

import figures
import pipeline
from figures import ROOT, Figure

STREAM = "crypto.transactions"
REGION = "us-east-1"
BATCH = 500
CONNECTIONS = (1, 4, 8, 16)  # what puts are tried with
TARGETS = {"ratio": 20, "records_per_second": 50_000, "aim": 150_000, "rss_mb": 600}
MARKET_RATE = 90_000  # changes a second of the records' own time
# What small programs that do nothing else need for the same step, microseconds a record of 922 bytes,
# on the machine that the design was made on.
ALONE_US = {"HTTP": 0.14, "SHA-256": 0.75, "parse of the request": 0.11, "base64": 0.05,
            "zstd and append to the log": 1.1, "fdatasync": 0.2, "convert": 0.9, "gzip": 0.75,
            "log blocks": 0.36}


def records_file(program: Path, folder: Path, count: int) -> Path:
    path = folder / "records.ndjson"
    subprocess.run([program, "simulate", "--seed", "3", "--changes", str(count), "--start",
                    pipeline.now(), "--rate", str(MARKET_RATE), "--events", path], check=True,
                   capture_output=True)
    return path


def put(program: Path, url: str, keys: tuple[str, str], connections: int, count: int, records: Path,
        ca: Path | None = None) -> dict:
    """What the client says of its puts."""
    done = subprocess.run(
        [program.parent / "door_client", url, REGION, STREAM, *keys, str(connections), str(BATCH),
         str(count), records, *([ca] if ca else [])], capture_output=True, check=False)
    if done.returncode != 0:
        sys.exit(done.stderr.decode())
    said = json.loads(done.stdout)
    return said | {"records_per_second": said["records"] / said["seconds"]}


def measure_ours(program: Path, folder: Path, connections: int, count: int, records: Path,
                 tls: bool) -> dict:
    more = (f"doors: {{aws: {{enabled: true, listen: '127.0.0.1:0', region: {REGION}, "
            f"tls: {{enabled: {str(tls).lower()}}}}}}}\n")
    lake = folder / "lake"
    ca = None
    if tls:
        done = subprocess.run([program, "keys", "certify", "--lake", lake, "--json"], check=True,
                              capture_output=True)
        ca = Path(json.loads(done.stdout)["ca"])
    done = subprocess.run([program, "keys", "create", "--lake", lake, "--json"], check=True,
                          capture_output=True)
    key = json.loads(done.stdout)
    ours = pipeline.Pipeline(program, folder, market=False, more=more)
    place = lake / ".tapelake" / "aws.json"
    while not place.exists():
        time.sleep(0.05)
    url = json.loads(place.read_text())["url"]
    said = put(program, url, (key["access_key_id"], key["secret_access_key"]), connections, count,
               records, ca)
    cpu, rss = {}, 0.0
    while ours.process.poll() is None:  # committed: the newest commit holds everything
        cpu, rss = ours.cpu_by_thread(), ours.peak_rss_mb()
        if ours.committed() >= said["records"]:
            break
        time.sleep(0.2)
    committed = time.time() - said["begin"]
    ours.drain()
    whole = time.time() - said["begin"]
    assert (lines := ours.raw_lines()) == said["records"], f"{lines} raw lines"
    return said | {"committed_s": committed, "drained_s": whole, "rss_mb": rss,
                   "through_per_second": said["records"] / committed,
                   "cpu_us": {name: 1e6 * seconds / said["records"]
                              for name, seconds in sorted(cpu.items())}}


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]


@contextlib.contextmanager
def serving(command: list, port: int, folder: Path):
    """A server in a process of its own, once it listens; its url."""
    with open(folder / "peer.log", "ab") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log)
    try:
        deadline = time.monotonic() + 60
        while True:
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port)):
                break
            assert process.poll() is None and time.monotonic() < deadline, f"{command[0]} is not up"
            time.sleep(0.1)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(30)


def fastest(runs: list[dict]) -> dict:
    return max(runs, key=lambda run: run["records_per_second"])


def measure_door(program: Path, folder: Path, count: int, records: Path) -> dict:
    """The door alone, each time over a new stream; the fastest run."""
    runs = []
    for lanes in CONNECTIONS:
        server = subprocess.Popen(
            [program.parent / "door_server", STREAM, REGION, folder / f"door-{lanes}"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        place = json.loads(server.stdout.readline())
        said = put(program, place["url"], (place["access_key_id"], place["secret_access_key"]), lanes,
                   count, records)
        server.stdin.close()
        used = json.loads(server.stdout.readline())
        assert server.wait() == 0
        runs.append(said | {"connections": lanes, "rss_mb": used["rss_mb"],
                            "server_us": 1e6 * used["cpu_seconds"] / said["records"]})
        shutil.rmtree(folder / f"door-{lanes}")
    return fastest(runs)


def measure_peer(program: Path, url: str, connections: int, count: int, records: Path) -> dict:
    client = boto3.client("kinesis", endpoint_url=url, region_name=REGION, aws_access_key_id="peer",
                          aws_secret_access_key="peer",
                          config=botocore.config.Config(proxies={}))
    client.create_stream(StreamName=STREAM, ShardCount=4)
    client.get_waiter("stream_exists").wait(StreamName=STREAM, WaiterConfig={"Delay": 1})
    return put(program, url, ("peer", "peer"), connections, count, records)


def measure_peers(program: Path, folder: Path, count: int, records: Path) -> dict:
    """As the door, each time a new process."""
    node = shutil.which("node") or str(ROOT / ".deps" / "node-venv" / "bin" / "node")
    kinesalite = ROOT / ".deps" / "test-npm" / "node_modules" / "kinesalite"
    script = (f"require({json.dumps(str(kinesalite))})({{createStreamMs: 50, shardLimit: 100}})"
              ".listen(+process.argv[1], '127.0.0.1')")
    commands = {
        "kinesalite 3.3.3": lambda port: [node, "-e", script, str(port)],
        "moto 5.2.5": lambda port: [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p",
                                    str(port)]}
    measured = {}
    for name, command in commands.items():
        runs = []
        for lanes in CONNECTIONS:
            port = free_port()
            with serving(command(port), port, folder) as url:
                runs.append(measure_peer(program, url, lanes, count, records)
                            | {"connections": lanes})
        measured[name] = fastest(runs)
    return measured


def measure_stages(program: Path, folder: Path, records: Path) -> dict:
    done = subprocess.run([program.parent / "door_stages", records, folder / "stages"],
                          capture_output=True, check=True)
    return json.loads(done.stdout)


def puts_table(result: dict, ratio: float) -> list[str]:
    rows = [("Tapelake's door, verified, durable", result["door"]), *result["peers"].items(),
            ("`tapelake up`, all of the pipeline at work", result["ours"]),
            ("the same over TLS", result["tls"])]
    lines = ["| PutRecords of 500 | connections | records/s | call p50, p99 ms | client's CPU of sending µs |",
             "|---|---|---|---|---|"]
    for name, run in rows:
        lines.append(
            f"| {name} | {run.get('connections', result['connections'])} | "
            f"**{run['records_per_second']:,.0f}** | {run['p50_ms']:.1f}, {run['p99_ms']:.1f} | "
            f"{1e6 * run['cpu_seconds'] / run['records']:.2f} |")
    return [*lines, "", f"The door is **{ratio:.1f} times** as fast as the faster of the two others, "
            f"and takes {result['door']['server_us']:.2f} µs of CPU a "
            f"record and {result['door']['rss_mb']:,.0f} MB."]


def figures_of(result: dict, ratio: float) -> list[Figure]:
    ours = result["ours"]
    return [Figure("PutRecords of 500, times the faster of kinesalite and moto", ratio,
                   at_least=TARGETS["ratio"]),
            Figure("records a second, put → durable → transformed → raw + committed merge-on-read",
                   ours["through_per_second"], at_least=TARGETS["records_per_second"],
                   note=f"aim {TARGETS['aim']:,}"),
            Figure("peak resident memory", ours["rss_mb"], "MB", at_most=TARGETS["rss_mb"])]


def report(result: dict, ratio: float, found: list[Figure]) -> list[str]:
    ours, secure, stages = result["ours"], result["tls"], result["stages"]
    lines = figures.heading("The AWS-compatible door", "door") + [
        *figures.table(found), "",
        "One client, a process of its own on the same machine, puts simulated change records "
        f"({ours['records']:,}; {result['peer_records']:,} at the others). It makes and signs all requests "
        "before the clock starts, so that its CPU is that of sending them and of reading the answers. "
        "kinesalite and moto keep what they get in memory and verify no signature. Each is tried with "
        f"{', '.join(map(str, CONNECTIONS))} connections, the two others before the door and after it; the fastest run counts.", "",
        *puts_table(result, ratio), "",
        "| whole pipeline behind the door | plain | over TLS |", "|---|---|---|",
        f"| records/s, put → durable → transformed → raw gzip + committed merge-on-read | "
        f"{ours['through_per_second']:,.0f} | {secure['through_per_second']:,.0f} |",
        f"| peak resident memory | {ours['rss_mb']:,.0f} MB | {secure['rss_mb']:,.0f} MB |",
        f"| CPU of the pipeline per record | {sum(ours['cpu_us'].values()):.2f} µs | "
        f"{sum(secure['cpu_us'].values()):.2f} µs |", "",
        f"All acknowledged after {ours['seconds']:.1f} s, committed after {ours['committed_s']:.1f} s, "
        f"drained after {ours['drained_s']:.1f} s.", "",
        "CPU per record by thread of the pipeline:", "", "| thread | µs | over TLS |", "|---|---|---|"]
    names = sorted({*ours["cpu_us"], *secure["cpu_us"]})
    lines += [f"| {name} | {ours['cpu_us'].get(name, 0):.2f} | {secure['cpu_us'].get(name, 0):.2f} |"
              for name in names
              if max(ours["cpu_us"].get(name, 0), secure["cpu_us"].get(name, 0)) >= 0.005]
    lines += ["", "The door's own steps, each by itself on one thread "
              f"({stages['body_bytes']:,.0f} bytes of a request a record):", "",
              "| step | µs |", "|---|---|",
              f"| SHA-256 of the body | {stages['sha256_us']:.2f} |",
              f"| verification of the signature besides | {stages['verify_us']:.2f} |",
              f"| parse of the request | {stages['parse_us']:.2f} |",
              f"| base64, hand-over to the stream's writer, answer | {stages['put_us']:.2f} |", "",
              "What programs that do one step and nothing else needed for it when this was designed "
              "(AMD Zen 5 class): " +
              ", ".join(f"{name} {micros:g}" for name, micros in ALONE_US.items()) +
              f"; together {sum(ALONE_US.values()):.2f} µs."]
    return lines


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--records", type=int, default=1_500_000)
    parser.add_argument("--peer-records", type=int, default=30_000)
    parser.add_argument("--connections", type=int, default=4, help="into the whole pipeline")
    parser.add_argument("--no-report", action="store_true")
    arguments = parser.parse_args()
    program = Path(os.environ.get("TAPELAKE_BINARY", ROOT / "build" / "release" / "tapelake"))
    folder = Path(tempfile.mkdtemp(prefix="door-", dir=ROOT / "build"))
    result = {"connections": arguments.connections, "peer_records": arguments.peer_records}
    try:
        records = records_file(program, folder, arguments.records)
        for name in ("ours", "tls"):
            (folder / name).mkdir()
            result[name] = measure_ours(program, folder / name, arguments.connections,
                                        arguments.records, records, tls=name == "tls")
            shutil.rmtree(folder / name)
        before = measure_peers(program, folder, arguments.peer_records, records)
        result["door"] = measure_door(program, folder, arguments.records, records)
        after = measure_peers(program, folder, arguments.peer_records, records)
        result["peers"] = {name: fastest([before[name], after[name]]) for name in before}
        result["stages"] = measure_stages(program, folder, records)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    peer = fastest(list(result["peers"].values()))
    ratio = result["door"]["records_per_second"] / peer["records_per_second"]
    found = figures_of(result, ratio)
    output = None if arguments.no_report else figures.REPORTS / "door-bench.md"
    return figures.finish(output, report(result, ratio, found), found)


if __name__ == "__main__":
    sys.exit(main())
