#!/usr/bin/env python3
"""`tapelake transform` against a Lambda function in Python, on the same records and the same core.

100,000 records are made from the 260 captured ones (Kinesis form) with other ids and other digits. Baseline and product
run alternately, each pinned to one core; medians of the repetitions count. Two pairs:

- rows:    raw records in, NDJSON out  |  the function's handler alone (dicts in, dicts out)
- payload: Firehose payloads in and out, base64 both ways  |  json.loads, handler, json.dumps

Process and interpreter start count for neither side: the product's is measured with an empty input and taken off, the
baseline is timed inside its process. Writes docs/reports/transform-bench.md.
"""

import argparse
import base64
import json
import os
import platform
import random
import re
import resource
import statistics
import subprocess
import sys
import time
from pathlib import Path

import figures
from figures import ROOT, Figure

CAPTURE = ROOT / "tests" / "captures" / "cryptotransactions_kinesis_destination.ndjson"
BATCH_RECORDS = 500
TARGETS = {"rows": 30, "payload": 20}


def make_records(count: int) -> list[str]:
    """Captured records again and again, with new ids and new digits (same lengths)."""
    lines = CAPTURE.read_text(encoding="utf-8").splitlines()
    chance = random.Random(20261122)
    number = re.compile(r'"N":"(-?)([0-9.]+)"')
    key = re.compile(r"txn-[0-9a-f]{8}-[0-9]{4}")
    user = re.compile(r"user-[0-9]{4}")
    event = re.compile(r'"eventID":"[0-9a-f-]{36}"')

    def digits(match):
        text = match.group(2)
        point = text.find(".")
        fresh = "".join(c if c == "." else chance.choice("123456789") for c in text)
        if point == 1 and text[0] == "0":
            fresh = "0" + fresh[1:]
        return f'"N":"{match.group(1)}{fresh}"'

    records = []
    for i in range(count):
        line = lines[i % len(lines)]
        fresh_key = f"txn-{chance.getrandbits(32):08x}-{i % 10000:04d}"
        fresh_user = f"user-{chance.randrange(10000):04d}"
        bits = f"{chance.getrandbits(128):032x}"
        uuid = f"{bits[:8]}-{bits[8:12]}-{bits[12:16]}-{bits[16:20]}-{bits[20:]}"
        line = key.sub(fresh_key, line)
        line = user.sub(fresh_user, line)
        line = event.sub(f'"eventID":"{uuid}"', line)
        records.append(number.sub(digits, line))
    return records


def make_batches(records: list[str]) -> list[dict]:
    """Invocation events as Firehose makes them."""
    batches = []
    for start in range(0, len(records), BATCH_RECORDS):
        batch = [{"recordId": f"49546986683135544286507457936321625675700192471156785154{start + i:08d}",
                  "approximateArrivalTimestamp": 1760000000000 + start + i,
                  "data": base64.b64encode(record.encode()).decode()}
                 for i, record in enumerate(records[start:start + BATCH_RECORDS])]
        batches.append({"invocationId": "f0e0c0de", "region": "us-east-1", "records": batch,
                        "deliveryStreamArn": "arn:aws:firehose:us-east-1:111122223333:deliverystream/t"})
    return batches


def run_baseline(folder: Path) -> None:
    """In a process of its own: print wall and CPU seconds of one pass over all records, per pair."""
    sys.path.insert(0, str(ROOT / "bench"))
    import lambda_baseline  # needs boto3; the parent does not

    payloads = (folder / "payloads.ndjson").read_text(encoding="utf-8").splitlines()
    batches = [json.loads(payload) for payload in payloads]
    lambda_baseline.handler(batches[0])

    def rows():
        return [lambda_baseline.handler(batch) for batch in batches]

    def payload():
        return [json.dumps(lambda_baseline.handler(json.loads(text))) for text in payloads]

    taken = {}
    for name, work in (("rows", rows), ("payload", payload)):
        wall, cpu = time.perf_counter(), time.process_time()
        work()
        taken[name] = [time.perf_counter() - wall, time.process_time() - cpu]
    print(json.dumps(taken))


def pinned(core: int, command: list) -> list:
    return ["taskset", "-c", str(core), *map(str, command)]


def run_product(core: int, program: list, source: Path) -> tuple[float, float]:
    """Wall and CPU seconds of one run with its output thrown away."""
    with open(source, "rb") as records, open(os.devnull, "wb") as nowhere:
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        start = time.perf_counter()
        subprocess.run(pinned(core, program), stdin=records, stdout=nowhere, check=True)
        wall = time.perf_counter() - start
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime
    return wall, cpu


def check_output(program: list, folder: Path, count: int) -> None:
    """Both forms must give one good row per record, or the figures mean nothing."""
    with open(folder / "records.ndjson", "rb") as records:
        rows = subprocess.run([*map(str, program)], stdin=records, capture_output=True, check=True)
    with open(folder / "payloads.ndjson", "rb") as payloads:
        answers = subprocess.run([*map(str, program), "--payload"], stdin=payloads,
                                 capture_output=True, check=True)
    assert rows.stderr == b"" and answers.stderr == b"", "records were refused"
    answered = [answer for line in answers.stdout.splitlines()
                for answer in json.loads(line)["records"]]
    assert len(answered) == count and all(answer["result"] == "Ok" for answer in answered)
    assert b"".join(base64.b64decode(answer["data"]) for answer in answered) == rows.stdout
    assert rows.stdout.count(b"\n") == count


def measure(options, folder: Path) -> dict:
    """Medians over the repetitions: (wall, cpu) by side and pair."""
    sources = {"rows": folder / "records.ndjson", "payload": folder / "payloads.ndjson"}
    empty = folder / "empty"
    empty.write_bytes(b"")
    runs: dict = {side: {pair: [] for pair in TARGETS} for side in ("baseline", "product", "start")}
    for _ in range(options.repeat):
        baseline = subprocess.run(
            pinned(options.core, [sys.executable, __file__, "--baseline", folder]),
            capture_output=True, check=True)
        for pair, taken in json.loads(baseline.stdout).items():
            runs["baseline"][pair].append(taken)
        for pair, source in sources.items():
            program = [*options.program, *(["--payload"] if pair == "payload" else [])]
            run_product(options.core, program, source)  # warm the page cache
            runs["start"][pair].append(run_product(options.core, program, empty))
            runs["product"][pair].append(run_product(options.core, program, source))
    return {side: {pair: [statistics.median(column) for column in zip(*taken)]
                   for pair, taken in pairs.items()} for side, pairs in runs.items()}


def walk_seconds(options, folder: Path) -> float | None:
    """Median seconds of simdjson's bare walk; None if the program was not built."""
    if not options.walk.exists():
        return None
    done = subprocess.run(pinned(options.core, [options.walk, folder / "records.ndjson"]),
                          capture_output=True, check=True)
    return statistics.median(map(float, done.stdout.split()))


def report(options, folder: Path, measured: dict, walk: float | None) -> tuple[list[str], list[Figure]]:
    record_bytes = (folder / "records.ndjson").stat().st_size
    count = options.records
    found, table = [], []
    for pair, target in TARGETS.items():
        for clock, name in enumerate(("wall", "CPU")):
            ours = measured["product"][pair][clock] - measured["start"][pair][clock]
            theirs = measured["baseline"][pair][clock]
            ratio = Figure(f"{pair}, times faster by {name} time", theirs / ours,
                           at_least=target if name == "CPU" else None)
            found.append(ratio)
            table.append(
                f"| {pair} | {name} | {count / theirs:,.0f} | {record_bytes / theirs / 1e6:,.1f} "
                f"| {count / ours:,.0f} | {record_bytes / ours / 1e6:,.0f} | {ratio.measured} | {ratio.bound} |")
    start = measured["start"]["rows"][0] * 1000
    lines = figures.heading("transform against a Lambda function in Python", "transform",
                            f"CPython {platform.python_version()}") + [
        f"{count:,} records of {record_bytes / count:.0f} bytes on average ({record_bytes / 1e6:.1f} MB), made from "
        f"the captured ones with other ids and digits; pinned to core {options.core}, alternately, medians of "
        f"{options.repeat}. MB/s count the bytes of the raw records in both pairs. Process start "
        f"({start:.0f} ms here) and interpreter start count for neither side; output is thrown away on both.", "",
        "| pair | clock | Python events/s | MB/s | tapelake events/s | MB/s | times faster | bound |",
        "|---|---|---|---|---|---|---|---|",
        *table, "",
        "- rows: `tapelake transform`, raw records in, NDJSON out; Python: the handler only, dicts in, dicts out.",
        "- payload: `tapelake transform --payload`, Firehose payloads in and out; Python: json.loads, handler, json.dumps.",
        "- CPU time decides: it is what stays comparable when something else runs beside the benchmark.",
    ]
    if walk is not None:
        ours = measured["product"]["rows"][1] - measured["start"]["rows"][1]
        lines.append(f"- simdjson's bare On-Demand walk over the same bytes: {record_bytes / walk / 1e6:,.0f} MB/s "
                     f"({count / walk:,.0f} records/s); transform, with validation and output, runs at "
                     f"{walk / ours:.2f} times that.")
    return lines, found


def parse_options():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    build = ROOT / "build" / "release"
    parser.add_argument("--records", type=int, default=100_000)
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--core", type=int, default=os.cpu_count() - 1)
    parser.add_argument("--program", nargs="+", default=[str(build / "tapelake"), "transform"])
    parser.add_argument("--walk", type=Path, default=build / "simdjson_walk")
    parser.add_argument("--folder", type=Path, default=ROOT / "build" / "bench-transform")
    parser.add_argument("--report", type=Path, default=figures.REPORTS / "transform-bench.md")
    parser.add_argument("--baseline", type=Path, help=argparse.SUPPRESS)
    return parser.parse_args()


def main() -> int:
    options = parse_options()
    if options.baseline:
        run_baseline(options.baseline)
        return 0
    folder = options.folder
    folder.mkdir(parents=True, exist_ok=True)
    records = make_records(options.records)
    (folder / "records.ndjson").write_text("\n".join(records) + "\n", encoding="utf-8")
    (folder / "payloads.ndjson").write_text(
        "\n".join(map(json.dumps, make_batches(records))) + "\n", encoding="utf-8")
    check_output(options.program, folder, options.records)
    measured = measure(options, folder)
    return figures.finish(options.report, *report(options, folder, measured, walk_seconds(options, folder)))


if __name__ == "__main__":
    sys.exit(main())
