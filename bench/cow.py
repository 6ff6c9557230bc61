#!/usr/bin/env python3
"""Copy-on-write against Spark 3.5 + Hudi 0.15 in a warm JVM, on the same rows.

1,000,000 trades are bulk-inserted into 6 partitions, then 100,000 (20,000 updates, 80,000 new) are
upserted into a fresh copy. Ours bulk-inserts into a table with a bucket index, which is what `up`
makes and where a bulk insert looks for its keys as an upsert does, and into one with a bloom index,
which sorts the rows into new files as Spark's does; the upsert goes into the first. Each operation
runs twice to warm up and seven times for the median, from reading its input (Parquet) to the end of
the commit. Ours is a process per run and pays for its start of memory each time; process start
itself counts on neither side.

The input is kept below build/bench-cow; --fresh makes it anew. Spark is measured in the same run;
--kept-spark takes its figures of the run before instead.
Writes docs/reports/cow-bench.md.
"""

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
from pathlib import Path

import figures
from figures import ROOT, Figure

SPARK_SIDE = ROOT / "bench" / "cow_spark.py"
WARM_UP_RUNS, MEASURED_RUNS = 2, 7
TARGET_RATIO = 10
TARGET_MEMORY_RATIO = 5
# Our verb, its name, and what Spark did instead.
OPERATIONS = (("load", "bulk insert of 1,000,000, bucket index", "load"),
              ("load-bloom", "bulk insert of 1,000,000, bloom index", "load"),
              ("upsert", "upsert of 100,000", "upsert"))
RUNS_HEAD = ["| operation | who | seconds | fastest to slowest | CPU seconds | peak MB "
             f"| runs, the first {WARM_UP_RUNS} not counted |", "|---|---|---|---|---|---|---|"]


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
        file.write_text(json.dumps(json.loads(spark_side(verb, rows)) | {"load_average": load}), encoding="utf-8")
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


def repeat(program: Path, verb: str, rows: Path, table: Path, copied: Path | None = None) -> list[dict]:
    """All runs of one operation, each on a table of its own, which is empty or a copy."""
    runs = []
    for _ in range(WARM_UP_RUNS + MEASURED_RUNS):
        shutil.rmtree(table, ignore_errors=True)
        if copied:
            shutil.copytree(copied, table)
        runs.append(run_ours(program, verb, rows, table))
    return runs


def repeat_warm(program: Path, verb: str, rows: Path, folder: Path,
                copied: Path | None = None) -> list[dict]:
    """The same in one process that goes on, as Spark's runs are and those of `up`."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    tables = [folder / str(number) for number in range(WARM_UP_RUNS + MEASURED_RUNS)]
    if copied:
        for table in tables:
            shutil.copytree(copied, table)
    done = subprocess.run([program, verb, rows, *tables], stdout=subprocess.PIPE, text=True, check=True)
    return [json.loads(line) for line in done.stdout.splitlines()]


def measure_ours(program: Path, folder: Path) -> dict:
    base, written = folder / "base.parquet", folder / "ours-written"
    runs = {"load-bloom": repeat_warm(program, "load-bloom", base, written),
            "load": repeat_warm(program, "load", base, written)}
    loaded = folder / "ours-loaded"
    shutil.rmtree(loaded, ignore_errors=True)
    (written / "0").rename(loaded)
    runs["upsert"] = repeat_warm(program, "upsert", folder / "upsert.parquet", written, copied=loaded)
    shutil.rmtree(loaded)
    shutil.rmtree(written)
    for verb, rows in (("load", (1_000_000, 0)), ("load-bloom", (1_000_000, 0)),
                       ("upsert", (80_000, 20_000))):
        assert all((run["inserted"], run["updated"]) == rows for run in runs[verb]), runs[verb]
    return runs


def summary(runs: list[dict]) -> dict:
    """Medians without the first runs, and how far they lie apart; the greatest memory of all."""
    seconds = [run["seconds"] for run in runs[WARM_UP_RUNS:]]
    return {
        "seconds": statistics.median(seconds),
        "fastest": min(seconds),
        "slowest": max(seconds),
        "cpu_seconds": statistics.median(run["cpu_seconds"] for run in runs[WARM_UP_RUNS:]),
        "peak_bytes": max(run["peak_bytes"] for run in runs),
        "runs": " ".join(f"{run['seconds']:.2f}" for run in runs),
    }


def runs_row(name: str, who: str, side: dict) -> str:
    return (f"| {name} | {who} | {side['seconds']:.2f} | {side['fastest']:.2f} to {side['slowest']:.2f} "
            f"| {side['cpu_seconds']:.2f} | {side['peak_bytes'] / 1e6:,.0f} | {side['runs']} |")


def against_spark(name: str, ours: dict, spark: dict, faster: float) -> list[Figure]:
    apart = (f"{spark['fastest'] / ours['slowest']:.1f} to {spark['slowest'] / ours['fastest']:.1f} "
             "by single runs")
    return [
        Figure(f"{name}, times faster than Spark", spark["seconds"] / ours["seconds"], at_least=faster,
               note=apart),
        Figure(f"{name}, times less memory", spark["peak_bytes"] / ours["peak_bytes"],
               at_least=TARGET_MEMORY_RATIO),
        Figure(f"{name}, times less CPU", spark["cpu_seconds"] / ours["cpu_seconds"]),
    ]


def compare(ours: dict, spark: dict) -> tuple[list[str], list[Figure]]:
    """Both sides by operation, as a table and as figures."""
    lines, found = list(RUNS_HEAD), []
    for verb, name, theirs in OPERATIONS:
        sides = summary(ours[verb]), summary(spark[theirs])
        lines += [runs_row(name, who, side) for who, side in zip(("tapelake", "Spark"), sides)]
        found += against_spark(name, *sides, TARGET_RATIO)
    return lines, found


def parse_options(document: str, name: str):
    """The options of the benchmarks against Spark."""
    parser = argparse.ArgumentParser(description=document,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--program", type=Path, default=ROOT / "build" / "release" / f"{name}_bench")
    parser.add_argument("--folder", type=Path, default=ROOT / "build" / f"bench-{name}")
    parser.add_argument("--rows", type=Path, default=ROOT / "build" / "bench-cow",
                        help="where the input lies")
    parser.add_argument("--output", type=Path, default=figures.REPORTS / f"{name}-bench.md")
    parser.add_argument("--fresh", action="store_true", help="make the input anew")
    parser.add_argument("--kept-spark", action="store_true",
                        help="take Spark's figures of the last run")
    parser.add_argument("--ours-only", action="store_true",
                        help="print our figures and stop: no Spark run, no report")
    options = parser.parse_args()
    for name in ("program", "folder", "rows"):
        setattr(options, name, getattr(options, name).resolve())
    options.folder.mkdir(parents=True, exist_ok=True)
    options.rows.mkdir(parents=True, exist_ok=True)
    if options.fresh or not (options.rows / "upsert.parquet" / "_SUCCESS").exists():
        spark_side("generate", options.rows)
    return options


def main() -> int:
    options = parse_options(__doc__, "cow")
    ours = measure_ours(options.program, options.rows)
    if options.ours_only:
        print(json.dumps({name: summary(runs) for name, runs in ours.items()}, indent=2))
        return 0
    spark = spark_figures("measure", options.folder / "spark.json", options.rows, options.kept_spark)
    runs, found = compare(ours, spark)
    lines = figures.heading("Copy-on-write against Spark + Hudi", "cow",
                            f"{spark['load_average']:.1f} at Spark's") + [
        "13 columns, 6 partitions, 4 buckets each or a bloom index (ours) or Hudi's defaults (Spark "
        "3.5, Hudi 0.15, local[2], 6 GB heap, warm JVM). With a bucket index a bulk insert finds each "
        "key's bucket and is an upsert; with a bloom index it sorts the rows by key into new files, as "
        "Spark's does. The upsert goes into the table with buckets. From reading the input (Parquet) to the "
        f"end of the commit; medians of {MEASURED_RUNS} runs after {WARM_UP_RUNS} to warm up. Peak memory "
        "is the resident set of the process or the JVM. All runs of an operation are those of one process, on "
        "either side.", "", *runs, "", *figures.table(found)]
    return figures.finish(options.output, lines, found)


if __name__ == "__main__":
    sys.exit(main())
