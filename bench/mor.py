#!/usr/bin/env python3
"""Merge-on-read: appends by themselves, and an upsert against Spark 3.5 + Hudi 0.15 in a warm JVM.

Append: 1,000,000 made-up rows of 18 columns into a new table, in commits of 100,000; counted is what
the table costs (hash, grouping, Avro, files, timeline), not making the rows. Each process appends
them twice and counts the second time, which writes into memory that the machine has already.

Upsert: 1,000,000 trades lie compacted in 6 partitions; 100,000 (20,000 updates, 80,000 new) are
upserted into a fresh copy, once to warm up and three times for the median, from reading the input
(Parquet) to the end of the commit. Ours is a process per run and pays for its start of memory each
time; process start itself counts on neither side.

The input is that of bench/cow.py; --fresh makes it anew. Spark is measured in the same run;
--kept-spark takes its figures of the run before instead. Writes docs/reports/mor-bench.md.
"""

import argparse
import datetime
import json
import os
import shutil
import sys
from pathlib import Path

import cow

ROOT = cow.ROOT
TARGET_RATIO = 30
TARGET_ROWS_PER_CPU_SECOND = 800_000
ROWS_PER_COMMIT = 100_000


def measure_append(program: Path, folder: Path) -> list[dict]:
    runs = []
    for _ in range(1 + cow.MEASURED_RUNS):
        table = folder / "ours-appended"
        shutil.rmtree(table, ignore_errors=True)
        done = cow.run_ours(program, "append", table, str(ROWS_PER_COMMIT))
        # The process makes the rows too; its own count is of the appends alone.
        runs.append(done | done["append"])
        shutil.rmtree(table)
    return runs


def measure_upsert(program: Path, folder: Path, rows: Path) -> list[dict]:
    loaded, upserted = folder / "ours-loaded", folder / "ours-upserted"
    shutil.rmtree(loaded, ignore_errors=True)
    cow.run_ours(program, "load", rows / "base.parquet", loaded)
    runs = []
    for _ in range(1 + cow.MEASURED_RUNS):
        shutil.rmtree(upserted, ignore_errors=True)
        shutil.copytree(loaded, upserted)
        runs.append(cow.run_ours(program, "upsert", rows / "upsert.parquet", upserted))
    shutil.rmtree(loaded)
    shutil.rmtree(upserted)
    assert runs[-1]["written"] == 100_000, runs[-1]
    return runs


def report(append: dict, ours: dict, spark: dict, loads: dict) -> tuple[str, dict]:
    rate = 1_000_000 / append["cpu_seconds"]
    ratios = {kind: spark[kind] / ours[kind] for kind in ("seconds", "cpu_seconds", "peak_bytes")}
    lines = [
        "# Merge-on-read: appends, and an upsert against Spark + Hudi",
        "",
        f"{datetime.date.today()}, commit {cow.commit()}, {cow.machine()}; load average at start: "
        f"ours {loads['ours']:.1f}, Spark {loads['spark']:.1f}. `bench/mor.py` made this file.",
        "",
        "Append: 1,000,000 rows of 18 columns, 100,000 a commit, 2 partitions of 4 buckets, the second "
        "time in its process. Upsert: "
        "100,000 rows of 13 columns into 1,000,000, 6 partitions, 4 buckets each (ours) or Hudi's "
        "defaults (Spark 3.5, Hudi 0.15, local[2], 6 GB heap, warm JVM), from reading the input "
        "(Parquet) to the end of the commit. Medians of three runs after one to warm up. Peak "
        "memory is the resident set of the process or the JVM.",
        "",
        "| operation | who | seconds | CPU seconds | peak MB | runs, the first not counted |",
        "|---|---|---|---|---|---|",
    ]
    for operation, who, figures in (("append of 1,000,000", "tapelake", append),
                                    ("upsert of 100,000", "tapelake", ours),
                                    ("upsert of 100,000", "Spark", spark)):
        lines.append(f"| {operation} | {who} | {figures['seconds']:.2f} "
                     f"| {figures['cpu_seconds']:.2f} | {figures['peak_bytes'] / 1e6:,.0f} "
                     f"| {figures['runs']} |")
    lines += [
        "",
        f"Append: {rate:,.0f} rows per CPU second (target {TARGET_ROWS_PER_CPU_SECOND:,}). Upsert: "
        f"{ratios['seconds']:.1f} times faster (target {TARGET_RATIO}), "
        f"{ratios['cpu_seconds']:.1f} times less CPU, {ratios['peak_bytes']:.1f} times less memory (target "
        f"{cow.TARGET_MEMORY_RATIO}).",
    ]
    return "\n".join(lines) + "\n", ratios | {"rate": rate}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--program", type=Path, default=ROOT / "build" / "release" / "mor_bench")
    parser.add_argument("--folder", type=Path, default=ROOT / "build" / "bench-mor")
    parser.add_argument("--rows", type=Path, default=ROOT / "build" / "bench-cow",
                        help="where the input lies")
    parser.add_argument("--output", type=Path, default=ROOT / "docs" / "reports" / "mor-bench.md")
    parser.add_argument("--fresh", action="store_true", help="make the input anew")
    parser.add_argument("--kept-spark", action="store_true",
                        help="take Spark's figures of the last run")
    parser.add_argument("--ours-only", action="store_true",
                        help="print our figures and stop: no Spark run, no report")
    options = parser.parse_args()
    folder, rows = options.folder.resolve(), options.rows.resolve()
    folder.mkdir(parents=True, exist_ok=True)
    rows.mkdir(parents=True, exist_ok=True)
    if options.fresh or not (rows / "upsert.parquet" / "_SUCCESS").exists():
        cow.spark_side("generate", rows)
    loads = {"ours": os.getloadavg()[0]}
    program = options.program.resolve()
    append = cow.summary(measure_append(program, folder))
    ours = cow.summary(measure_upsert(program, folder, rows))
    if options.ours_only:
        print(json.dumps({"append": append, "upsert": ours}, indent=2))
        return 0
    figures = cow.spark_figures("measure-mor", folder / "spark.json", rows, options.kept_spark)
    loads["spark"] = figures["load_average"]
    spark = cow.summary(figures["upsert"])
    text, reached = report(append, ours, spark, loads)
    options.output.parent.mkdir(parents=True, exist_ok=True)
    options.output.write_text(text, encoding="utf-8")
    print(text)
    print(f"figure: append = {reached['rate']:,.0f} rows per CPU second")
    print(f"figure: upsert of 100,000 = {ours['seconds']:.2f} s, {reached['seconds']:.1f} times "
          f"faster than Spark (at least {TARGET_RATIO}), {reached['peak_bytes']:.1f} times less memory "
          f"(at least {cow.TARGET_MEMORY_RATIO})")
    good = cow.reached(reached, TARGET_RATIO) and reached["rate"] >= TARGET_ROWS_PER_CPU_SECOND
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
