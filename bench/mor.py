#!/usr/bin/env python3
"""Merge-on-read: appends by themselves, and an upsert against Spark 3.5 + Hudi 0.15 in a warm JVM.

Append: 1,000,000 made-up rows of 18 columns into a new table, in commits of 100,000; counted is what
the table costs (hash, grouping, Avro, files, timeline), not making the rows. Each process appends
them twice and counts the second time, which writes into memory that the machine has already.

Upsert: 1,000,000 trades lie compacted in 6 partitions; 100,000 (20,000 updates, 80,000 new) are
upserted into a fresh copy, twice to warm up and seven times for the median, from reading the input
(Parquet) to the end of the commit. Ours is a process per run and pays for its start of memory each
time; process start itself counts on neither side.

The input is that of bench/cow.py; --fresh makes it anew. Spark is measured in the same run;
--kept-spark takes its figures of the run before instead. Writes docs/reports/mor-bench.md.
"""

import json
import shutil
import sys
from pathlib import Path

import cow
import figures
from figures import Figure

TARGET_RATIO = 30
TARGET_ROWS_PER_CPU_SECOND = 800_000
ROWS_PER_COMMIT = 100_000


def measure_append(program: Path, folder: Path) -> list[dict]:
    runs = []
    for _ in range(cow.WARM_UP_RUNS + cow.MEASURED_RUNS):
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
    runs = cow.repeat(program, "upsert", rows / "upsert.parquet", upserted, copied=loaded)
    shutil.rmtree(loaded)
    shutil.rmtree(upserted)
    assert all(run["written"] == 100_000 for run in runs), runs
    return runs


def main() -> int:
    options = cow.parse_options(__doc__, "mor")
    append = cow.summary(measure_append(options.program, options.folder))
    ours = cow.summary(measure_upsert(options.program, options.folder, options.rows))
    if options.ours_only:
        print(json.dumps({"append": append, "upsert": ours}, indent=2))
        return 0
    theirs = cow.spark_figures("measure-mor", options.folder / "spark.json", options.rows,
                               options.kept_spark)
    spark = cow.summary(theirs["upsert"])
    found = [Figure("append, rows per CPU second", 1_000_000 / append["cpu_seconds"],
                    at_least=TARGET_ROWS_PER_CPU_SECOND),
             *cow.against_spark("upsert of 100,000", ours, spark, TARGET_RATIO)]
    lines = figures.heading("Merge-on-read: appends, and an upsert against Spark + Hudi", "mor",
                            f"{theirs['load_average']:.1f} at Spark's") + [
        "Append: 1,000,000 rows of 18 columns, 100,000 a commit, 2 partitions of 4 buckets, the second "
        "time in its process. Upsert: "
        "100,000 rows of 13 columns into 1,000,000, 6 partitions, 4 buckets each (ours) or Hudi's "
        "defaults (Spark 3.5, Hudi 0.15, local[2], 6 GB heap, warm JVM), from reading the input "
        f"(Parquet) to the end of the commit. Medians of {cow.MEASURED_RUNS} runs after {cow.WARM_UP_RUNS} "
        "to warm up. Peak memory is the resident set of the process or the JVM.", "",
        *cow.RUNS_HEAD,
        cow.runs_row("append of 1,000,000", "tapelake", append),
        cow.runs_row("upsert of 100,000", "tapelake", ours),
        cow.runs_row("upsert of 100,000", "Spark", spark), "",
        *figures.table(found)]
    return figures.finish(options.output, lines, found)


if __name__ == "__main__":
    sys.exit(main())
