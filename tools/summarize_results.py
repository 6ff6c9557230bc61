"""Add up one run of ./dev test: JUnit files of the suites and the lines of checks.tsv.

usage: summarize_results.py FOLDER

Prints what failed, then `N passed, N failed`; ends with 1 if anything failed or nothing ran.
"""

import sys
import xml.etree.ElementTree as ElementTree
from dataclasses import dataclass, field
from pathlib import Path


@dataclass
class Summary:
    passed: int = 0
    skipped: int = 0
    failures: list[str] = field(default_factory=list)

    def line(self) -> str:
        text = f"{self.passed} passed, {len(self.failures)} failed"
        return f"{text}, {self.skipped} skipped" if self.skipped else text

    @property
    def is_good(self) -> bool:
        return not self.failures and self.passed > 0


def add_junit(summary: Summary, path: Path) -> None:
    """Count the test cases of one JUnit file; an unreadable file counts as one failure."""
    try:
        root = ElementTree.parse(path).getroot()
    except ElementTree.ParseError as error:
        summary.failures.append(f"{path.name}: not readable: {error}")
        return
    for case in root.iter("testcase"):
        name = f"{path.stem}: {case.get('classname', '')}.{case.get('name', '')}"
        if case.find("failure") is not None or case.find("error") is not None:
            summary.failures.append(name)
        elif case.get("status") in ("fail", "notrun", "disabled"):
            summary.failures.append(f"{name} ({case.get('status')})")
        elif case.find("skipped") is not None:
            summary.skipped += 1
        else:
            summary.passed += 1


def summarize(folder: Path) -> Summary:
    summary = Summary()
    for path in sorted(folder.glob("*.xml")):
        add_junit(summary, path)
    checks = folder / "checks.tsv"
    for line in checks.read_text().splitlines() if checks.exists() else []:
        verdict, _, name = line.partition("\t")
        if verdict == "passed":
            summary.passed += 1
        else:
            summary.failures.append(name)
    return summary


def main() -> int:
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    summary = summarize(Path(sys.argv[1]))
    for name in summary.failures:
        print(f"failed: {name}")
    print(summary.line())
    return 0 if summary.is_good else 1


if __name__ == "__main__":
    sys.exit(main())
