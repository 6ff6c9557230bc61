"""Check what no compiler checks: sizes, banned calls, leftovers, unused headers, folder notes.

usage: tidy.py [--root FOLDER]
"""

import argparse
import re
import subprocess
import sys
from pathlib import Path

import cpp_source

FUNCTION_LINES_MAX = 70
FILE_LINES_MAX = 800
LINE_COLUMNS_MAX = 100
README_LINES_MAX = 40
CODE_FOLDERS = ("src", "testing", "bench", "tests", "examples")

# The outside world enters through src/io only; everything else gets it passed in.
BANNED = {
    "the clock": r"\bstd::chrono::\w+::now\b|\b(clock_gettime|gettimeofday)\s*\(",
    "sleeping": r"\b(sleep_for|sleep_until)\b|(?<![\w.>:])(usleep|nanosleep)\s*\(",
    "randomness": r"\bstd::random_device\b|(?<![\w.>])(?:std::)?s?rand\s*\(",
    "opening files": r"(?<![\w.>:])(?:::|std::)?f?open\s*\(|\bstd::[io]?fstream\b"
                     r"|\bFileOutputStream::Open|\bReadableFile::Open|\barrow::fs::",
    "std::filesystem": r"\bstd::filesystem\b|#\s*include\s*<filesystem>",
    "the environment": r"(?<![\w.>:])(?:::|std::)?(?:secure_)?getenv\s*\(",
}
# Test code makes scratch folders and reads its corpus; it may not wait or roll dice.
ALLOWED_IN_TESTS = {"opening files", "std::filesystem", "the environment"}

# Written in pieces, so that this file does not hold what it forbids.
LEFTOVER = re.compile(r"\b(" + "|".join(["FIX" + "ME", "TO" + "DO", "XX" + "X"]) + r")\b")
SKIPPED_TEST = re.compile(r"\bGTEST_" + r"SKIP\b|\bDISABLED" + r"_\w|\bpytest\.(mark\.)?sk" + "ip")
MACHINE_PATH = re.compile(r"(?<![\w.~-])/(work|farm|root|home)/[A-Za-z0-9_.]")
REGISTRY_HOST = re.compile(
    r"\b(pypi\.org|pythonhosted\.org|registry\.npmjs|npmjs\.(org|com)|crates\.io|golang\.org"
    r"|maven\.(org|apache\.org)|maven2?\.org|debian\.org)\b",
    re.IGNORECASE,
)
EXEMPT_FROM_TEXT_CHECKS = {"tools/tidy.py", "LICENSE"}
TEXT_CHECKS = (
    (LEFTOVER, "a leftover"),
    (SKIPPED_TEST, "a test that is not run"),
    (MACHINE_PATH, "a path of one machine"),
    (REGISTRY_HOST, "the host name of a package registry"),
)


def tracked_files(root: Path) -> list[Path]:
    """Return the files git tracks or would track; outside a repository, all files."""
    listing = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=root, capture_output=True, text=True, check=False,
    )
    if listing.returncode != 0:
        return sorted(path for path in root.rglob("*") if path.is_file())
    names = sorted(set(filter(None, listing.stdout.split("\0"))))
    return [root / name for name in names if (root / name).is_file()]


def is_test_code(name: str) -> bool:
    return name.endswith("_test.cc") or name.startswith(("testing/", "tests/", "bench/"))


def check_sizes(name: str, text: str) -> list[str]:
    lines = text.splitlines()
    found = []
    if len(lines) > FILE_LINES_MAX:
        found.append(f"{name}: {len(lines)} lines, at most {FILE_LINES_MAX}")
    for number, line in enumerate(lines, 1):
        if len(line) > LINE_COLUMNS_MAX:
            found.append(f"{name}:{number}: {len(line)} columns, at most {LINE_COLUMNS_MAX}")
    for function in cpp_source.functions(text):
        if function.line_count > FUNCTION_LINES_MAX:
            found.append(
                f"{name}:{function.first_line}: function of {function.line_count} lines, "
                f"at most {FUNCTION_LINES_MAX}"
            )
    return found


def check_banned(name: str, text: str) -> list[str]:
    if name.startswith("src/io/"):
        return []
    code = cpp_source.blank_literals(text)
    found = []
    for what, pattern in BANNED.items():
        if what in ALLOWED_IN_TESTS and is_test_code(name):
            continue
        for match in re.finditer(pattern, code):
            line = code.count("\n", 0, match.start()) + 1
            found.append(f"{name}:{line}: {match.group(0).strip()}: {what} belongs to src/io")
    return found


def check_text(name: str, text: str) -> list[str]:
    if name in EXEMPT_FROM_TEXT_CHECKS:
        return []
    return [
        f"{name}:{number}: {match.group(0)}: {what}"
        for number, line in enumerate(text.splitlines(), 1)
        for pattern, what in TEXT_CHECKS
        for match in [pattern.search(line)]
        if match
    ]


def check_headers_used(root: Path, names: list[str]) -> list[str]:
    """Report headers below src/ that no other file includes."""
    included = set()
    for name in names:
        text = (root / name).read_text()
        for _, header, _ in cpp_source.includes(text):
            if f"src/{header}" != name:
                included.add(f"src/{header}")
    return [
        f"{name}: no other file includes this header"
        for name in names
        if name.startswith("src/") and name.endswith(".h") and name not in included
    ]


def check_folder_notes(root: Path) -> list[str]:
    """Report folders of src/ without a README.md of at most 40 lines."""
    found = []
    for folder in sorted(path for path in (root / "src").iterdir() if path.is_dir()):
        note = folder / "README.md"
        if not note.exists():
            found.append(f"src/{folder.name}: no README.md")
        elif (count := len(note.read_text().splitlines())) > README_LINES_MAX:
            found.append(f"src/{folder.name}/README.md: {count} lines, at most {README_LINES_MAX}")
    return found


def violations(root: Path) -> list[str]:
    """Return one line per thing that is not tidy below `root`."""
    found, code_names = [], []
    for path in tracked_files(root):
        name = path.relative_to(root).as_posix()
        try:
            text = path.read_text()
        except UnicodeDecodeError:
            continue
        found += check_text(name, text)
        if name.startswith(CODE_FOLDERS) and name.endswith((".h", ".cc")):
            code_names.append(name)
            found += check_sizes(name, text)
            found += check_banned(name, text)
    return found + check_headers_used(root, code_names) + check_folder_notes(root)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--root", type=Path, default=Path(__file__).resolve().parent.parent)
    found = violations(parser.parse_args().root)
    for line in found:
        print(line, file=sys.stderr)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
