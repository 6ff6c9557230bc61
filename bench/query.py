#!/usr/bin/env python3
"""SQL over our tables against DuckDB itself, incremental reads of a grown table, and a small upsert
into a large one.

Snapshots: 1,000,000 rows of 18 columns, copy-on-write, and merge-on-read with 100,000 of them
changed in logs. Each statement runs alternately over the table and, in the same DuckDB, over its
base files named by hand (which for merge-on-read are not the newest rows); medians of nine after
one to warm up, which is what a process pays that has not seen the table before. The bounds hold for
every statement, not for their mean: it is the statement that somebody waits for.

Incremental: 10,000 rows of a merge-on-read table of 1,000,000 rows are changed, then 10,000 of one
ten times as large; read is what that commit wrote. Upsert: 100,000 rows (1%) into those 10,000,000,
from reading the input (Parquet) to the end of the commit, a process per run.

Writes docs/reports/query-bench.md.
"""

import argparse
import shutil
import statistics
import sys
from pathlib import Path

import cow
import figures
from figures import ROOT, Figure

SMALL, LARGE, CHANGED, SHARE = 1_000_000, 10_000_000, 10_000, 100_000
SNAPSHOT_BOUNDS = {"cow": 1.15, "mor": 2.5}
INCREMENTAL_BOUND, UPSERT_SECONDS_MAX = 1.3, 1.0
UPSERT_RUNS = 3  # each copies the large table
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
    read = {}
    for name, size in (("mor", SMALL), ("mor-large", LARGE)):
        table = tables.copy(tables.table(name, "mor", size))
        before = newest_instant(table)
        tables.run("upsert", table, tables.rows(size, CHANGED, 2))
        read[size] = tables.run("incremental", table, before)
        assert read[size]["rows"] == CHANGED, read[size]
    return read


def measure_upsert(tables: Tables) -> dict:
    runs = []
    for _ in range(cow.WARM_UP_RUNS + UPSERT_RUNS):
        table = tables.copy(tables.table("mor-large", "mor", LARGE))
        runs.append(tables.run("upsert", table, tables.rows(LARGE, SHARE, 3)))
    assert runs[-1]["rows"] == SHARE, runs[-1]
    return cow.summary(runs)


def snapshot_figures(name: str, questions: list[dict]) -> list[Figure]:
    """The ratio of each statement, and their mean, each counting alike."""
    ratios = [asked["ours_ms"] / asked["plain_ms"] for asked in questions]
    found = [Figure(f"{NAMES[name]}: {asked['name']}, against DuckDB over its files", ratio,
                    at_most=SNAPSHOT_BOUNDS[name]) for asked, ratio in zip(questions, ratios)]
    return found + [Figure(f"{NAMES[name]}: geometric mean", statistics.geometric_mean(ratios))]


def snapshot_lines(name: str, questions: list[dict], found: list[Figure]) -> list[str]:
    lines = ["", f"## {NAMES[name].capitalize()}", "",
             "| statement | table ms | files ms | ratio | bound | first ms |", "|---|---|---|---|---|---|"]
    *ratios, mean = found
    for asked, ratio in zip(questions, ratios):
        lines.append(f"| {asked['name']} | {asked['ours_ms']:.1f} | {asked['plain_ms']:.1f} | "
                     f"{ratio.measured} | {ratio.bound} | {asked['first_ms']:.1f} |")
    return lines + [f"| geometric mean | | | {mean.measured} | | |"]


def report(snapshots: dict, incremental: dict, upsert: dict) -> tuple[list[str], list[Figure]]:
    lines = figures.heading("SQL over our tables", "query") + [
        f"{SMALL:,} rows of 18 columns, 2 partitions of 4 buckets. `table`: `hudi('PATH')`; `files`: its "
        "base files named by hand in the same DuckDB; medians of nine, alternately, after one of each. "
        "`first`: the first statement of its kind in a new process, over the table. The bound is for every "
        "statement, as it is the statement that somebody waits for; the mean is only told.",
    ]
    found = []
    for name, questions in snapshots.items():
        ratios = snapshot_figures(name, questions)
        lines += snapshot_lines(name, questions, ratios)
        found += ratios
    rest = [
        Figure("incremental read, ten times the table", incremental[LARGE]["ms"] / incremental[SMALL]["ms"],
               at_most=INCREMENTAL_BOUND),
        Figure(f"upsert of 1% into {LARGE:,} rows", upsert["seconds"], "s", at_most=UPSERT_SECONDS_MAX,
               note=f"runs {upsert['runs']}, the first {cow.WARM_UP_RUNS} not counted"),
        Figure("CPU of that upsert", upsert["cpu_seconds"], "s"),
        Figure("peak memory of that upsert", upsert["peak_bytes"] / 1e6, "MB"),
    ]
    lines += ["", "## Incremental read, and upsert", "",
              f"The rows that a commit of {CHANGED:,} changes wrote, merge-on-read:", "",
              "| rows of the table | ms | first ms |", "|---|---|---|"]
    lines += [f"| {size:,} | {read['ms']:.1f} | {read['first_ms']:.1f} |"
              for size, read in incremental.items()]
    return lines + ["", *figures.table(rest)], found + rest


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--program", type=Path, default=ROOT / "build" / "release" / "query_bench")
    parser.add_argument("--folder", type=Path, default=ROOT / "build" / "bench-query")
    parser.add_argument("--output", type=Path, default=figures.REPORTS / "query-bench.md")
    parser.add_argument("--fresh", action="store_true", help="make the tables anew")
    options = parser.parse_args()
    folder = options.folder.resolve()
    if options.fresh:
        shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True, exist_ok=True)
    tables = Tables(options.program.resolve(), folder)
    snapshots = compare_snapshots(tables)
    incremental = compare_incremental(tables)
    upsert = measure_upsert(tables)
    shutil.rmtree(folder / "changed")
    return figures.finish(options.output, *report(snapshots, incremental, upsert))


if __name__ == "__main__":
    sys.exit(main())
