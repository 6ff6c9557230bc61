#!/usr/bin/env python3
"""20,000 commits back to back on merge-on-read tables, with all services on and deaths in between.

A table keeps its 20,000 rows; every commit changes 200 of them. The services are those of `up`, with
its default limits, but `history.readers: 0s`: compaction, cleaning and archival, and in a table with
the simple index, where new rows can make new file groups, the merging of small files. Every 50
commits the process dies in the middle of something; the next one rolls back or goes on. The table's
clock is injected and jumps two seconds per commit; what is measured is real. Bounds, for each index: median and p99 of the
last 1,000 commits are at most 1.2 times those of the first 1,000, so is the median of a snapshot
(open the table, read every row), and the files under `.hoodie` stay bounded. With the simple index it
is the second 1,000 that the last are held against: in the first the rows of one file spread over as many
file groups as the table keeps from then on.

A disk and a virtual machine are now fast and now slow, for minutes. So the last 1,000 commits alternate
with those 1,000 of a twin, which gets the same changes as the old table once got: the bounds are
for those two. The ratio to the table's own is told beside it, and by how much the machine
changed between the two, which did the same work.

Writes docs/reports/commits-bench.md.
"""

import argparse
import json
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import figures
from figures import ROOT, Figure

TARGET_RATIO = 1.2
WINDOW_COMMITS = 1_000
# Three files of each of the 180 commits that archival lets stand, of the compactions, cleans and
# rollbacks among them, and the folders and properties.
TIMELINE_FILES_MAX = 800
BOUND = ("commit_median_ms", "commit_p99_ms", "snapshot_median_ms")
NAMES = {
    "commit_median_ms": "commit, median ms",
    "commit_p99_ms": "commit, p99 ms",
    "turn_median_ms": "commit and services, median ms",
    "turn_p99_ms": "commit and services, p99 ms",
    "recovery_median_ms": "from a death to the end of what it cut short, median ms",
    "user_ms_per_commit": "CPU ms of ours per commit, services and snapshots included",
    "system_ms_per_commit": "CPU ms of the system per commit",
    "snapshot_median_ms": "snapshot, median ms",
}
SHOWN = ("deaths", "timeline_files", "data_files", "file_groups", "merged_files", "archive_files")
INDEXES = {"bucket": "bucket index, the default", "simple": "simple index, small files merged"}
# A commit looks for its keys in all base files there, so it takes several times as long.
SHARES = {"bucket": 1, "simple": 4}
# The thousand that the last one is held against.
YOUNG = {"bucket": "first", "simple": "second"}


def run(program: Path, table: Path, commits: int, index: str) -> list[dict]:
    for folder in (table, young_twin(table)):
        shutil.rmtree(folder, ignore_errors=True)
    windows = []
    with subprocess.Popen([program, table, str(commits), index], stdout=subprocess.PIPE,
                          text=True) as process:
        for line in process.stdout:
            windows.append(json.loads(line))
            print(line, end="", flush=True)
    if process.returncode != 0:
        sys.exit(f"{program.name} failed")
    for folder in (table, young_twin(table)):
        shutil.rmtree(folder)
    return windows


def young_twin(table: Path) -> Path:
    return table.with_name(f"{table.name}-young")


def flat_figures(windows: list[dict], index: str) -> dict[str, Figure]:
    """The last window against a young one of the twin, made beside it."""
    own, last, young = own_young(windows, index), windows[-2], windows[-1]
    return {name: Figure(f"{title}, last against the twin's {YOUNG[index]} {WINDOW_COMMITS:,} of {last['commits']:,}",
                         last[name] / young[name], at_most=TARGET_RATIO if name in BOUND else None,
                         note=f"against its own {YOUNG[index]} {last[name] / own[name]:.2f}")
            for name, title in NAMES.items()}


def own_young(windows: list[dict], index: str) -> dict:
    """The window of the table itself that did what the twin's did."""
    own, young = windows[0 if YOUNG[index] == "first" else 1], windows[-1]
    assert young["young"] and own["commits"] == young["commits"]
    return own


def table_of(windows: list[dict], index: str, flat: dict[str, Figure]) -> list[str]:
    *old, young = windows
    own, last, which = own_young(windows, index), old[-1], YOUNG[index]
    lines = [f"| of 1,000 commits | its own {which} | the twin's {which} | the last | last : twin's {which} | bound "
             f"| last : its own {which} | twin's {which} : its own {which} |", "|---" * 8 + "|"]
    for name, figure in flat.items():
        lines.append(f"| {NAMES[name]} | {own[name]:.2f} | {young[name]:.2f} | {last[name]:.2f} "
                     f"| {figure.value:.2f} | {figure.bound} | {last[name] / own[name]:.2f} "
                     f"| {young[name] / own[name]:.2f} |")
    lines += ["", "| after commits | " + " | ".join(NAMES) + " | " + " | ".join(SHOWN) + " |",
              "|---" * (1 + len(NAMES) + len(SHOWN)) + "|"]
    for window in old:
        cells = [f"{window[name]:.2f}" for name in NAMES] + [str(window[name]) for name in SHOWN]
        lines.append(f"| {window['commits']:,} | " + " | ".join(cells) + " |")
    return lines + ["", f"The archive of {last['commits']:,} commits: {last['archive_bytes'] / 1e6:.1f} MB, "
                        f"files: {last['archive_files']}."]


def report(runs: dict) -> tuple[list[str], list[Figure]]:
    lines = figures.heading("Commits without end", "commits") + [
        f"{runs['bucket'][-2]['commits']:,} commits ({runs['simple'][-2]['commits']:,} with the simple index) of 200 changes to a merge-on-read table of 20,000 rows "
        "in 2 partitions, back to back on an injected clock, two seconds apart by that clock. After each "
        "the services do what is due, as in `up` and with its default limits, but `history.readers: 0s`; compactions run at once. "
        "Every 50 commits the process dies, in turn amidst the data, just before the commit counts and in "
        "a compaction; a new one opens the table, rolls back or finishes what is there, and commits. With the "
        "simple index small files are merged, too, as in `up`. A "
        "snapshot opens the table and reads every row.", "",
        "The last 1,000 commits alternate with the first 1,000 (simple index: the second, for in the first the "
        "rows of one file spread over as many file groups as the table keeps) of a twin that is made then and "
        "gets the changes that the old table got first. The twin decides: it and the table itself once did the "
        "same work, so what lies between those two (last column) is the machine, faster in one minute and slower "
        "in another and now with two tables, not the table's age.",
    ]
    found = []
    for index, windows in runs.items():
        flat = flat_figures(windows, index)
        lines += ["", f"## {INDEXES[index].capitalize()}", "", *table_of(windows, index, flat)]
        files = max(window["timeline_files"] for window in windows)
        for figure in (*(flat[name] for name in BOUND),
                       Figure("most files under .hoodie", files, at_most=TIMELINE_FILES_MAX)):
            found.append(replace(figure, name=f"{index}: {figure.name}"))
    return lines + ["", "## Bounds", "", *figures.table(found)], found


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--program", type=Path, default=ROOT / "build" / "release" / "commits_bench")
    parser.add_argument("--folder", type=Path, default=ROOT / "build" / "bench-commits")
    parser.add_argument("--output", type=Path, default=figures.REPORTS / "commits-bench.md")
    parser.add_argument("--commits", type=int, default=20_000)
    options = parser.parse_args()
    options.folder.mkdir(parents=True, exist_ok=True)
    commits_min = 2 * WINDOW_COMMITS * max(SHARES.values())
    if options.commits < commits_min:
        parser.error(f"--commits is at least {commits_min:,}")
    folder = options.folder.resolve()
    runs = {index: run(options.program.resolve(), folder / "table", options.commits // SHARES[index], index)
            for index in INDEXES}
    return figures.finish(options.output, *report(runs))


if __name__ == "__main__":
    sys.exit(main())
