"""Write docs/reports/full-DATE-COMMIT.md from the parts that ./dev test --full has run.

usage: full_report.py FOLDER --commit COMMIT [--output FOLDER]

FOLDER holds PART.result (`passed|failed<TAB>seconds`), PART.log and PART.err per part. Of a log
only the lines that start with `figure:` enter the report, and Markdown tables (lines with `|`).
"""

import argparse
import platform
import sys
import time
from pathlib import Path


def machine() -> str:
    """Describe the machine in one line: processor, cores, memory, system."""
    model, memory_kib = platform.machine(), 0
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            model = line.partition(":")[2].strip()
    for line in Path("/proc/meminfo").read_text().splitlines():
        if line.startswith("MemTotal"):
            memory_kib = int(line.split()[1])
    cores = Path("/proc/cpuinfo").read_text().count("processor\t")
    return f"{model}, {cores} cores, {memory_kib // (1 << 20)} GiB, {platform.system()}"


def figures(*logs: Path) -> list[str]:
    found = []
    for log in logs:
        for line in log.read_text(errors="replace").splitlines() if log.exists() else []:
            if line.startswith("figure:"):
                found.append("- " + line.removeprefix("figure:").strip())
            elif line.startswith("|"):
                found.append(line)
    return found


def report(folder: Path, commit: str, date: str) -> str:
    lines = [
        f"# ./dev test --full on {date}",
        "",
        f"Commit `{commit}`. Machine: {machine()}.",
        "",
        "| part | result | seconds |",
        "|---|---|---|",
    ]
    results = sorted(folder.glob("*.result"))
    for path in results:
        verdict, _, seconds = path.read_text().strip().partition("\t")
        lines.append(f"| {path.stem} | {verdict} | {seconds} |")
    for path in results:
        if found := figures(path.with_suffix(".log"), path.with_suffix(".err")):
            lines += ["", f"## {path.stem}", "", *found]
    return "\n".join(lines) + "\n"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    root = Path(__file__).resolve().parent.parent
    parser.add_argument("folder", type=Path)
    parser.add_argument("--commit", required=True)
    parser.add_argument("--output", type=Path, default=root / "docs" / "reports")
    arguments = parser.parse_args()
    date = time.strftime("%Y-%m-%d", time.gmtime())
    arguments.output.mkdir(parents=True, exist_ok=True)
    path = arguments.output / f"full-{date}-{arguments.commit}.md"
    path.write_text(report(arguments.folder, arguments.commit, date))
    print(path)
    return 0


if __name__ == "__main__":
    sys.exit(main())
