"""What every benchmark does with its figures: hold them against their bounds, and report them.

A figure that misses its bound is reported like the others; the benchmark then ends with 1, so that
its part of `./dev test --full` fails.
"""

import datetime
import os
import platform
import subprocess
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
REPORTS = ROOT / "docs" / "reports"
LOAD_AT_START = os.getloadavg()[0]
HEAD = ["| figure | measured | bound |", "|---|---|---|"]


@dataclass(frozen=True)
class Figure:
    """A number with the least or the most that it may be; without either it is only told."""

    name: str
    value: float
    unit: str = ""
    at_least: float | None = None
    at_most: float | None = None
    note: str = ""

    @property
    def held(self) -> bool:
        """No number at all (NaN) holds no bound."""
        return ((self.at_least is None or self.value >= self.at_least)
                and (self.at_most is None or self.value <= self.at_most))

    @property
    def measured(self) -> str:
        text = f"{self.value:,}" if isinstance(self.value, int) else shown(self.value)
        return " ".join(filter(None, (text, self.unit, self.note and f"({self.note})")))

    @property
    def bound(self) -> str:
        """For the bound's column of a table."""
        bounds = [f"{word} {limit:,} {self.unit}".rstrip() for word, limit in
                  (("at least", self.at_least), ("at most", self.at_most)) if limit is not None]
        return ", ".join(bounds) + ("" if self.held else " **missed**")

    @property
    def row(self) -> str:
        return f"| {self.name} | {self.measured} | {self.bound} |"


def shown(value: float) -> str:
    """Three digits at least."""
    return f"{value:,.{0 if abs(value) >= 100 else 1 if abs(value) >= 10 else 2}f}"


def table(figures: list[Figure]) -> list[str]:
    return HEAD + [figure.row for figure in figures]


def machine() -> str:
    model = platform.machine()
    for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
        if line.startswith("model name"):
            model = line.partition(":")[2].strip()
    return f"{model}, {os.cpu_count()} cores"


def commit() -> str:
    """The commit that is checked out, and whether more than docs/ differs from it."""
    def git(*words):
        return subprocess.run(["git", *words], cwd=ROOT, text=True, stdout=subprocess.PIPE, check=False)

    changed = git("diff", "--quiet", "HEAD", "--", ".", ":!docs").returncode != 0
    return git("rev-parse", "--short=12", "HEAD").stdout.strip() + (" with changes" if changed else "")


def heading(title: str, bench: str, *circumstances: str) -> list[str]:
    """The first lines of a report: when, on what commit and machine, and what else was so."""
    facts = ", ".join((f"{datetime.date.today()}", f"commit {commit()}", machine(),
                       f"load average {LOAD_AT_START:.1f} at start", *circumstances))
    return [f"# {title}", "", f"{facts}. `./dev bench {bench}` made this file.", ""]


def finish(report: Path | None, lines: list[str], figures: list[Figure]) -> int:
    """Write and print a report, print its figures, and return the exit status that they deserve."""
    text = "\n".join(lines) + "\n"
    if report:
        report.parent.mkdir(parents=True, exist_ok=True)
        report.write_text(text, encoding="utf-8")
    print(text)
    for figure in figures:
        bound = f" ({figure.bound})" if figure.bound else ""
        print(f"figure: {figure.name} = {figure.measured}{bound}")
    return 0 if all(figure.held for figure in figures) else 1
