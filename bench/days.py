#!/usr/bin/env python3
"""30 days of 1,000,000 new rows each on the merge-on-read table that `up` makes, all services on.

New rows come evenly over the day; for each comes 0.15 updates and 0.005 deletes of rows made an
hour before in the mean, and every night 1% of the day before is corrected. The clock is injected:
25 commits a day of it, after which the services do what is due, as in `up` and with its
default limits, but `history.readers: 0s`. (At the pace of `up`, a commit each two seconds, 30 days would be 1,296,000 commits;
an hour at that pace follows the last day.) After each day: what lies there, what was written, what
it cost, how long statements take.

What must stay flat, the last five days against five after a warm-up of two: a statement over the
last day, bytes written a day, and all objects but the live base files and the archive. Base files
are what the buckets make, neither more nor fewer.

Writes docs/reports/days-bench.md.
"""

import argparse
import json
import shutil
import statistics
import subprocess
import sys
from pathlib import Path

import figures
from figures import ROOT, Figure

DAYS, ROWS, COMMITS = 30, 1_000_000, 25
BUCKETS = 4
WARM_UP, WINDOW = 2, 5
TARGET_RATIO = 1.2
TIMELINE_FILES_MAX = 800  # as in commits.py
KINDS = ("base", "log", "timeline", "archive", "other")


def run(program: Path, table: Path, days: int, rows: int, commits: int) -> list[dict]:
    shutil.rmtree(table, ignore_errors=True)
    lines = []
    with subprocess.Popen([program, table, str(days), str(rows), str(commits)],
                          stdout=subprocess.PIPE, text=True) as process:
        for line in process.stdout:
            lines.append(derived(json.loads(line)))
            print(line, end="", flush=True)
    if process.returncode != 0:
        sys.exit(f"{program.name} failed")
    shutil.rmtree(table)
    return lines


def derived(day: dict) -> dict:
    day["written_bytes"] = sum(day[f"{kind}_written_bytes"] for kind in KINDS)
    day["objects"] = sum(day[f"{kind}_files"] for kind in KINDS)
    day["bytes"] = sum(day[f"{kind}_bytes"] for kind in KINDS)
    # What is there for a while only: older versions, logs, the timeline.
    day["passing_objects"] = day["objects"] - day["live_bases"] - day["archive_files"]
    day["rewritten"] = day["base_written_bytes"] / day["taken_bytes"]
    day["all_cpu_seconds"] = sum(day[f"{part}_cpu_seconds"] for part in ("commit", "service", "compaction"))
    return day


def shown(day: dict, name: str) -> str:
    return f"{day[name]:,.0f}" if name in day else ""


def other_bytes(day: dict) -> int:
    return sum(day[f"{kind}_written_bytes"] for kind in ("timeline", "archive", "other"))


DAY = {"day": lambda day: f"{day['day']}"}
SUMMARY = DAY | {
    "rows": lambda day: f"{day['table_rows']:,}",
    "objects": lambda day: f"{day['objects']:,}",
    "of them passing": lambda day: f"{day['passing_objects']:,}",
    "live base files": lambda day: f"{day['live_bases']}",
    "below 100 MiB": lambda day: f"{day['small_bases']}",
    "bytes rewritten per byte taken": lambda day: f"{day['rewritten']:.2f}",
    "last day, ms": lambda day: f"{day['day_ms']:.0f}",
    "all rows, ms": lambda day: shown(day, "whole_ms"),
}
FILES = DAY | {
    "older base files": lambda day: f"{day['base_files'] - day['live_bases']}",
    "log files": lambda day: f"{day['log_files']}",
    "of them live": lambda day: f"{day['live_logs']}",
    "under `.hoodie`": lambda day: f"{day['timeline_files']}",
    "archive": lambda day: f"{day['archive_files']}",
    "MB on disk": lambda day: f"{day['bytes'] / 1e6:,.0f}",
    "MB of live base files": lambda day: f"{day['live_base_bytes'] / 1e6:,.0f}",
    "MB of archive": lambda day: f"{day['archive_bytes'] / 1e6:,.1f}",
}
WORK = DAY | {
    "changes": lambda day: f"{day['rows']:,}",
    "MB taken": lambda day: f"{day['taken_bytes'] / 1e6:,.0f}",
    "MB of logs written": lambda day: f"{day['log_written_bytes'] / 1e6:,.0f}",
    "MB of base files written": lambda day: f"{day['base_written_bytes'] / 1e6:,.0f}",
    "MB of others written": lambda day: f"{other_bytes(day) / 1e6:,.1f}",
    "compactions": lambda day: f"{day['compactions']}",
    "commit, median ms": lambda day: f"{day['commit_median_ms']:.0f}",
    "CPU s of commits": lambda day: f"{day['commit_cpu_seconds']:.1f}",
    "of cleaning and planning": lambda day: f"{day['service_cpu_seconds']:.2f}",
    "of compactions": lambda day: f"{day['compaction_cpu_seconds']:.1f}",
    "peak MB": lambda day: f"{day['peak_bytes'] / 1e6:,.0f}",
}
QUERIES = DAY | {
    "last day, ms": lambda day: f"{day['day_ms']:.0f}",
    "its first, ms": lambda day: f"{day['day_first_ms']:.0f}",
    "in a new process, ms": lambda day: shown(day, "day_anew_ms"),
    "all rows, ms": lambda day: shown(day, "whole_ms"),
}


def bounded(days: list[dict]) -> list[Figure]:
    """The median of the last days against that of the first after the warm-up, and what is counted."""
    first, last = days[WARM_UP:WARM_UP + WINDOW], days[-WINDOW:]
    names = {"day_ms": "a statement over the last day",
             "written_bytes": "bytes written a day",
             "all_cpu_seconds": "CPU of commits and services a day",
             "passing_objects": "objects beside live base files and archive"}
    flat = [Figure(f"{name}, last {WINDOW} days against {WINDOW} after a warm-up of {WARM_UP}",
                   statistics.median(day[key] for day in last) / statistics.median(day[key] for day in first),
                   at_most=TARGET_RATIO) for key, name in names.items()]
    others = sum(day["live_bases"] != BUCKETS * day["day"] for day in days)
    return flat + [
        Figure(f"days after which there are not {BUCKETS} live base files a day", others, at_most=0),
        Figure("most files under .hoodie", max(day["timeline_files"] for day in days),
               at_most=TIMELINE_FILES_MAX)]


def table_of(columns: dict, days: list[dict]) -> list[str]:
    lines = ["| " + " | ".join(columns) + " |", "|---" * len(columns) + "|"]
    return lines + ["| " + " | ".join(show(day) for show in columns.values()) + " |" for day in days]


def hour_lines(hour: dict) -> list[str]:
    return [
        "## An hour at the pace of `up`", "",
        f"Then half of the next day, and an hour of {hour['commits']:,} commits, one each two seconds, into "
        f"the {BUCKETS} file groups of that day: {hour['rows']:,} changes.", "",
        "| what | figure |", "|---|---|",
        f"| commit, median and p99 ms | {hour['commit_median_ms']:.1f}, {hour['commit_p99_ms']:.1f} |",
        f"| compactions | {hour['compactions']} |",
        f"| MB taken | {hour['taken_bytes'] / 1e6:,.1f} |",
        f"| MB of logs written | {hour['log_written_bytes'] / 1e6:,.1f} |",
        f"| MB of base files written | {hour['base_written_bytes'] / 1e6:,.0f} |",
        f"| MB of others written | {other_bytes(hour) / 1e6:,.1f} |",
        f"| bytes rewritten per byte taken | {hour['rewritten']:,.0f} |",
        f"| CPU s: commits, services, compactions | {hour['commit_cpu_seconds']:.1f}, "
        f"{hour['service_cpu_seconds']:.1f}, {hour['compaction_cpu_seconds']:.1f} |",
        f"| objects, of them log files, of them live | {hour['objects']:,}, {hour['log_files']}, "
        f"{hour['live_logs']} |",
        f"| a statement over the day, its first, ms | {hour['day_ms']:.0f}, {hour['day_first_ms']:.0f} |",
    ]


def report(days: list[dict], hour: dict) -> tuple[list[str], list[Figure]]:
    taken, base = (sum(day[name] for day in days) for name in ("taken_bytes", "base_written_bytes"))
    logs = sum(day["log_written_bytes"] for day in days)
    found = bounded(days) + [Figure("bytes rewritten per byte taken", base / taken),
                             Figure("bytes rewritten per byte taken at the pace of `up`", hour["rewritten"])]
    lines = figures.heading("Days without end", "days") + [
        f"A merge-on-read table with the default settings ({BUCKETS} buckets a day) gets "
        f"{days[0]['table_rows']:,} new rows a day. For each new row come 0.15 updates and 0.005 deletes of "
        "rows made an hour before in the mean (exponentially distributed), and at two in the morning 1% of "
        f"the day before is corrected. {days[0]['commits']} commits a day by an injected clock; after each "
        "the services do what is due, as in `up` and with its default limits, but `history.readers: 0s`, compactions at once. Tables with a "
        "bucket index have no small files to merge: a day has as many base files as buckets.", "",
        "`taken`: rows as they lie in memory (Arrow), and keys of deletes. `rewritten`: bytes of base files "
        "written, which is what compactions write. `passing`: objects that go again: older base files (cleaning "
        "keeps what 60 commits need), logs, the timeline. `100 MiB`: Hudi's limit of small files. `last day`: "
        "`SELECT trading_pair, count(*), sum(quantity) … WHERE event_date = …`, the median of five; `all rows`: "
        "without the condition.", "",
        *table_of(SUMMARY, days), "",
        f"In all: {taken / 1e6:,.0f} MB taken, {logs / 1e6:,.0f} MB written first, as logs; "
        f"{base / 1e6:,.0f} MB rewritten: {base / taken:.2f} for each byte taken, {base / logs:.2f} for each "
        "written first.", "",
        *figures.table(found), "",
        *hour_lines(hour), "",
        "## Files", "", *table_of(FILES, days), "",
        "## Work", "",
        "`peak` is of the benchmark's process: table, services, the rows made, and SQL.", "",
        *table_of(WORK, days), "",
        "## Statements", "",
        "`its first`: the first after the last commit of the day, which reads what is new. `in a new process`: "
        "one that does not know the table and checks the checksums of the base files it needs.", "",
        *table_of(QUERIES, days),
    ]
    return lines, found


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--program", type=Path, default=ROOT / "build" / "release" / "days_bench")
    parser.add_argument("--folder", type=Path, default=ROOT / "build" / "bench-days")
    parser.add_argument("--output", type=Path, default=figures.REPORTS / "days-bench.md")
    parser.add_argument("--days", type=int, default=DAYS)
    parser.add_argument("--rows", type=int, default=ROWS, help="new rows a day")
    parser.add_argument("--commits", type=int, default=COMMITS, help="commits a day")
    options = parser.parse_args()
    if options.days < WARM_UP + WINDOW:
        parser.error(f"--days is at least {WARM_UP + WINDOW}")
    options.folder.mkdir(parents=True, exist_ok=True)
    lines = run(options.program.resolve(), options.folder.resolve() / "table", options.days,
                options.rows, options.commits)
    return figures.finish(options.output, *report(lines[:-1], lines[-1]))


if __name__ == "__main__":
    sys.exit(main())
