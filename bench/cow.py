#!/usr/bin/env python3
"""Copy-on-write against Spark 3.5 + Hudi 0.15 in a warm JVM, on the same rows.

1,000,000 trades are bulk-loaded into 6 partitions, then 100,000 (20,000 updates, 80,000 new) are
upserted into a fresh copy. Each operation runs once to warm up and three times for the median, from
reading its input (Parquet) to the end of the commit. Ours is a process per run and pays for its
start of memory each time; process start itself counts on neither side.

The input is kept below build/bench-cow; --fresh makes it anew. Spark is measured in the same run;
--kept-spark takes its figures of the run before instead.
Writes docs/reports/cow-bench.md.
"""

import argparse
import datetime
import json
import os
import platform
import shutil
import statistics
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SPARK_SIDE = ROOT / "bench" / "cow_spark.py"
MEASURED_RUNS = 3
TARGET_RATIO = 10
TARGET_MEMORY_RATIO = 5
NAMES = {"load": "bulk load of 1,000,000", "upsert": "upsert of 100,000"}


def spark_side(verb: str, folder: Path) -> str:
    done = subprocess.run([sys.executable, SPARK_SIDE, verb, folder], stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, text=True, check=False)
    if done.returncode != 0:
        sys.exit(f"{SPARK_SIDE.name} {verb} failed:\n{done.stderr[-4000:]}")
    return done.stdout


def spark_figures(verb: str, file: Path, rows: Path, kept: bool) -> dict:
    """What Spark takes, measured now unless `kept` and known; the file keeps it."""
    if not kept or not file.exists():
        load = os.getloadavg()[0]
        figures = json.loads(spark_side(verb, rows)) | {"load_average": load}
        file.write_text(json.dumps(figures), encoding="utf-8")
    return json.loads(file.read_text(encoding="utf-8"))


def run_ours(program: Path, verb: str, *arguments) -> dict:
    """One operation in a process of its own: what it says, its CPU time and its peak memory."""
    process = subprocess.Popen([program, verb, *arguments], stdout=subprocess.PIPE, text=True)
    said = process.stdout.read()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        sys.exit(f"{program.name} {verb} failed")
    return json.loads(said) | {"cpu_seconds": usage.ru_utime + usage.ru_stime,
                               "peak_bytes": usage.ru_maxrss * 1024}


def measure_ours(program: Path, folder: Path) -> dict:
    loaded, upserted = folder / "ours-loaded", folder / "ours-upserted"
    runs: dict = {"load": [], "upsert": []}
    for _ in range(1 + MEASURED_RUNS):
        shutil.rmtree(loaded, ignore_errors=True)
        runs["load"].append(run_ours(program, "load", folder / "base.parquet", loaded))
    for _ in range(1 + MEASURED_RUNS):
        shutil.rmtree(upserted, ignore_errors=True)
        shutil.copytree(loaded, upserted)
        runs["upsert"].append(run_ours(program, "upsert", folder / "upsert.parquet", upserted))
    shutil.rmtree(loaded)
    shutil.rmtree(upserted)
    load, upsert = runs["load"][-1], runs["upsert"][-1]
    assert (load["inserted"], load["updated"]) == (1_000_000, 0), load
    assert (upsert["inserted"], upsert["updated"]) == (80_000, 20_000), upsert
    return runs


def summary(runs: list[dict]) -> dict:
    """Medians without the first run; the greatest memory of all."""
    measured = runs[1:]
    return {
        "seconds": statistics.median(run["seconds"] for run in measured),
        "cpu_seconds": statistics.median(run["cpu_seconds"] for run in measured),
        "peak_bytes": max(run["peak_bytes"] for run in runs),
        "runs": " ".join(f"{run['seconds']:.2f}" for run in runs),
    }


def machine() -> str:
    model = platform.machine()
    for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
        if line.startswith("model name"):
            model = line.partition(":")[2].strip()
    return f"{model}, {os.cpu_count()} cores"


def commit() -> str:
    done = subprocess.run(["git", "rev-parse", "--short=12", "HEAD"], cwd=ROOT, text=True,
                          stdout=subprocess.PIPE, check=True)
    return done.stdout.strip()


def report(ours: dict, spark: dict, loads: dict) -> tuple[str, dict]:
    lines = [
        "# Copy-on-write against Spark + Hudi",
        "",
        f"{datetime.date.today()}, commit {commit()}, {machine()}; load average at start: ours "
        f"{loads['ours']:.1f}, Spark {loads['spark']:.1f}. `bench/cow.py` made this file.",
        "",
        "13 columns, 6 partitions, 4 buckets each (ours) or Hudi's defaults (Spark 3.5, Hudi 0.15, "
        "local[2], 6 GB heap, warm JVM). From reading the input (Parquet) to the end of the commit; "
        "medians of three runs after one to warm up. Peak memory is the resident set of the process "
        "or the JVM.",
        "",
        "| operation | who | seconds | CPU seconds | peak MB | runs, the first not counted |",
        "|---|---|---|---|---|---|",
    ]
    ratios = {}
    for operation, name in NAMES.items():
        sides = {"tapelake": summary(ours[operation]), "Spark": summary(spark[operation])}
        for who, figures in sides.items():
            lines.append(
                f"| {name} | {who} | {figures['seconds']:.2f} | {figures['cpu_seconds']:.2f} "
                f"| {figures['peak_bytes'] / 1e6:,.0f} | {figures['runs']} |")
        ratios[operation] = {
            kind: sides["Spark"][kind] / sides["tapelake"][kind]
            for kind in ("seconds", "cpu_seconds", "peak_bytes")}
    lines += ["", "| operation | times faster | at least | times less CPU | times less memory | at least |",
              "|---|---|---|---|---|---|"]
    for operation, name in NAMES.items():
        ratio = ratios[operation]
        lines.append(f"| {name} | {ratio['seconds']:.1f} | {TARGET_RATIO} "
                     f"| {ratio['cpu_seconds']:.1f} | {ratio['peak_bytes']:.1f} "
                     f"| {TARGET_MEMORY_RATIO} |")
    return "\n".join(lines) + "\n", ratios


def reached(ratio: dict, faster: float) -> bool:
    return ratio["seconds"] >= faster and ratio["peak_bytes"] >= TARGET_MEMORY_RATIO


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--program", type=Path, default=ROOT / "build" / "release" / "cow_bench")
    parser.add_argument("--folder", type=Path, default=ROOT / "build" / "bench-cow")
    parser.add_argument("--output", type=Path, default=ROOT / "docs" / "reports" / "cow-bench.md")
    parser.add_argument("--fresh", action="store_true", help="make the input anew")
    parser.add_argument("--kept-spark", action="store_true",
                        help="take Spark's figures of the last run")
    parser.add_argument("--ours-only", action="store_true",
                        help="print our figures and stop: no Spark run, no report")
    options = parser.parse_args()
    folder = options.folder.resolve()
    folder.mkdir(parents=True, exist_ok=True)
    if options.fresh or not (folder / "upsert.parquet" / "_SUCCESS").exists():
        spark_side("generate", folder)
    loads = {"ours": os.getloadavg()[0]}
    ours = measure_ours(options.program.resolve(), folder)
    if options.ours_only:
        print(json.dumps({name: summary(runs) for name, runs in ours.items()}, indent=2))
        return 0
    spark = spark_figures("measure", folder / "spark.json", folder, options.kept_spark)
    loads["spark"] = spark["load_average"]
    text, ratios = report(ours, spark, loads)
    options.output.parent.mkdir(parents=True, exist_ok=True)
    options.output.write_text(text, encoding="utf-8")
    print(text)
    for operation, name in NAMES.items():
        ratio = ratios[operation]
        print(f"figure: {name} = {summary(ours[operation])['seconds']:.2f} s, "
              f"{ratio['seconds']:.1f} times faster than Spark (at least {TARGET_RATIO}), "
              f"{ratio['peak_bytes']:.1f} times less memory (at least {TARGET_MEMORY_RATIO})")
    return 0 if all(reached(ratio, TARGET_RATIO) for ratio in ratios.values()) else 1


if __name__ == "__main__":
    sys.exit(main())
