#!/usr/bin/env python3
"""SQL over our tables against DuckDB itself, incremental reads of a grown table, and a small upsert
into a large one.

Snapshots: 1,000,000 rows of 18 columns, copy-on-write, and merge-on-read with 100,000 of them
changed in logs. Each statement runs alternately over the table and, in the same DuckDB, over its
base files named by hand (which for merge-on-read are not the newest rows); medians of nine after
one to warm up, which is what a process pays that has not seen the table before.

Incremental: 10,000 rows of a merge-on-read table of 1,000,000 rows are changed, then 10,000 of one
ten times as large; read is what that commit wrote. Upsert: 100,000 rows (1%) into those 10,000,000,
from reading the input (Parquet) to the end of the commit, a process per run.

Writes docs/reports/query-bench.md.
"""

import argparse
import datetime
import json
import os
import shutil
import statistics
import sys
from pathlib import Path

import cow

ROOT = cow.ROOT
SMALL, LARGE, CHANGED, SHARE = 1_000_000, 10_000_000, 10_000, 100_000
SNAPSHOT_BOUNDS = {"cow": 1.15, "mor": 2.5}
INCREMENTAL_BOUND, UPSERT_SECONDS_MAX = 1.3, 1.0
NAMES = {"cow": "copy-on-write", "mor": "merge-on-read, 10% of its rows in logs"}


class Tables:
    """Made once in the folder and kept, but for what a measurement changes."""

    def __init__(self, program: Path, folder: Path):
        self.program, self.folder = program, folder

    def run(self, *words) -> dict:
        return cow.run_ours(self.program, *map(str, words))

    def table(self, name: str, type: str, rows: int) -> Path:
        path = self.folder / name
        if not (self.folder / f"{name}.made").exists():
            shutil.rmtree(path, ignore_errors=True)
            self.run("make", path, type, rows)
            (self.folder / f"{name}.made").touch()
        return path

    def copy(self, table: Path) -> Path:
        copied = self.folder / "changed"
        shutil.rmtree(copied, ignore_errors=True)
        shutil.copytree(table, copied)
        return copied

    def rows(self, of: int, count: int, version: int) -> Path:
        path = self.folder / f"rows-{of}-{count}-{version}"
        if not path.exists():
            self.run("rows", path, of, count, version)
        return path


def newest_instant(table: Path) -> str:
    return max(path.stem for path in (table / ".hoodie").iterdir()
               if path.suffix in (".commit", ".deltacommit"))


def compare_snapshots(tables: Tables) -> dict:
    merged = tables.copy(tables.table("mor", "mor", SMALL))
    tables.run("upsert", merged, tables.rows(SMALL, SHARE, 1))
    compared = {"cow": tables.table("cow", "cow", SMALL), "mor": merged}
    return {name: tables.run("compare", table)["questions"] for name, table in compared.items()}


def compare_incremental(tables: Tables) -> dict:
    figures = {}
    for name, size in (("mor", SMALL), ("mor-large", LARGE)):
        table = tables.copy(tables.table(name, "mor", size))
        before = newest_instant(table)
        tables.run("upsert", table, tables.rows(size, CHANGED, 2))
        figures[size] = tables.run("incremental", table, before)
        assert figures[size]["rows"] == CHANGED, figures[size]
    return figures


def measure_upsert(tables: Tables) -> dict:
    runs = []
    for _ in range(1 + cow.MEASURED_RUNS):
        table = tables.copy(tables.table("mor-large", "mor", LARGE))
        runs.append(tables.run("upsert", table, tables.rows(LARGE, SHARE, 3)))
    assert runs[-1]["rows"] == SHARE, runs[-1]
    return cow.summary(runs)


def total_ratio(questions: list[dict]) -> float:
    """All statements together, each counting alike."""
    return statistics.geometric_mean(asked["ours_ms"] / asked["plain_ms"] for asked in questions)


def report(snapshots: dict, incremental: dict, upsert: dict, load: float) -> tuple[str, dict]:
    reached = {name: total_ratio(questions) for name, questions in snapshots.items()}
    reached["incremental"] = incremental[LARGE]["ms"] / incremental[SMALL]["ms"]
    lines = [
        "# SQL over our tables",
        "",
        f"{datetime.date.today()}, commit {cow.commit()}, {cow.machine()}; load average at start "
        f"{load:.1f}. `bench/query.py` made this file.",
        "",
        f"{SMALL:,} rows of 18 columns, 2 partitions of 4 buckets. `table`: `hudi('PATH')`; `files`: its "
        "base files named by hand in the same DuckDB; medians of nine, alternately, after one of each. "
        "`first`: the first statement of its kind in a new process, over the table.",
    ]
    for name, questions in snapshots.items():
        lines += ["", f"## {NAMES[name]}", "", "| statement | table ms | files ms | ratio | first ms |",
                  "|---|---|---|---|---|"]
        for asked in questions:
            lines.append(f"| {asked['name']} | {asked['ours_ms']:.1f} | {asked['plain_ms']:.1f} | "
                         f"{asked['ours_ms'] / asked['plain_ms']:.2f} | {asked['first_ms']:.1f} |")
        lines += [f"| geometric mean, at most {SNAPSHOT_BOUNDS[name]} | | | {reached[name]:.2f} | |"]
    lines += [
        "", "## Incremental read, and upsert", "",
        f"The rows that a commit of {CHANGED:,} changes wrote, merge-on-read:", "",
        "| rows of the table | ms | first ms |", "|---|---|---|",
    ]
    for size, figures in incremental.items():
        lines.append(f"| {size:,} | {figures['ms']:.1f} | {figures['first_ms']:.1f} |")
    lines += [
        "", f"Ratio {reached['incremental']:.2f}, at most {INCREMENTAL_BOUND}.",
        "",
        f"Upsert of {SHARE:,} rows into {LARGE:,}, merge-on-read: {upsert['seconds']:.2f} s (runs "
        f"{upsert['runs']}, the first not counted), at most {UPSERT_SECONDS_MAX:.0f}; CPU "
        f"{upsert['cpu_seconds']:.2f} s, peak memory {upsert['peak_bytes'] / 1e6:,.0f} MB.",
    ]
    return "\n".join(lines) + "\n", reached


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--program", type=Path, default=ROOT / "build" / "release" / "query_bench")
    parser.add_argument("--folder", type=Path, default=ROOT / "build" / "bench-query")
    parser.add_argument("--output", type=Path, default=ROOT / "docs" / "reports" / "query-bench.md")
    parser.add_argument("--fresh", action="store_true", help="make the tables anew")
    options = parser.parse_args()
    folder = options.folder.resolve()
    if options.fresh:
        shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True, exist_ok=True)
    load = os.getloadavg()[0]
    tables = Tables(options.program.resolve(), folder)
    snapshots = compare_snapshots(tables)
    incremental = compare_incremental(tables)
    upsert = measure_upsert(tables)
    shutil.rmtree(folder / "changed")
    text, reached = report(snapshots, incremental, upsert, load)
    options.output.parent.mkdir(parents=True, exist_ok=True)
    options.output.write_text(text, encoding="utf-8")
    print(text)
    for name, bound in SNAPSHOT_BOUNDS.items():
        print(f"figure: {NAMES[name]}, against DuckDB over its files = {reached[name]:.2f} "
              f"(at most {bound})")
    print(f"figure: incremental read, ten times the table = {reached['incremental']:.2f} "
          f"(at most {INCREMENTAL_BOUND})")
    print(f"figure: upsert of 1% into {LARGE:,} rows = {upsert['seconds']:.2f} s "
          f"(at most {UPSERT_SECONDS_MAX:.0f})")
    good = all(reached[name] <= bound for name, bound in SNAPSHOT_BOUNDS.items())
    good = good and reached["incremental"] <= INCREMENTAL_BOUND
    return 0 if good and upsert["seconds"] < UPSERT_SECONDS_MAX else 1


if __name__ == "__main__":
    sys.exit(main())
