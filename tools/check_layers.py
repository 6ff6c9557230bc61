"""Check that every #include under src/ obeys src/layers.txt and src/libraries.txt.

usage: check_layers.py [--root FOLDER]
"""

import argparse
import sys
from fnmatch import fnmatchcase
from pathlib import Path

import cpp_source


class Layers:
    """The layer table: folder -> layer, and for some folders an order of their subfolders."""

    def __init__(self, text: str):
        self.layer_of: dict[str, int] = {}
        self.order_in: dict[str, list[str]] = {}
        for number, line in enumerate(text.splitlines(), 1):
            line = line.split("#")[0].strip()
            if line.startswith("order "):
                folder, _, names = line[len("order "):].partition(":")
                self.order_in[folder.strip()] = names.split()
            elif line:
                layer, _, folder = line.partition(" ")
                if not layer.isdigit() or not folder:
                    raise ValueError(f"layers.txt:{number}: expected `<layer> <folder>`: {line}")
                self.layer_of[folder.strip()] = int(layer)

    def violation(self, source: str, target: str) -> str | None:
        """Say why a file of src/ may not include another one (paths below src/), or None."""
        from_folder, to_folder = source.split("/")[0], target.split("/")[0]
        for folder in (from_folder, to_folder):
            if folder not in self.layer_of:
                return f"folder '{folder}' is not in layers.txt"
        if from_folder == to_folder:
            return self.order_violation(from_folder, source, target)
        if self.layer_of[to_folder] >= self.layer_of[from_folder]:
            return (
                f"'{from_folder}' (layer {self.layer_of[from_folder]}) may not use "
                f"'{to_folder}' (layer {self.layer_of[to_folder]})"
            )
        return None

    def order_violation(self, folder: str, source: str, target: str) -> str | None:
        order = self.order_in.get(folder)
        if order is None or source.count("/") < 2 or target.count("/") < 2:
            return None
        from_part, to_part = source.split("/")[1], target.split("/")[1]
        for part in (from_part, to_part):
            if part not in order:
                return f"'{folder}/{part}' is not in the order of layers.txt"
        if order.index(to_part) > order.index(from_part):
            return f"'{folder}/{from_part}' stands before '{folder}/{to_part}' and may not use it"
        return None


class Libraries:
    """Which folders may include which third-party headers; the first pattern that fits decides."""

    def __init__(self, text: str):
        self.homes: list[tuple[str, list[str]]] = []
        for line in text.splitlines():
            line = line.split("#")[0].strip()
            if line:
                pattern, _, folders = line.partition(" : ")
                self.homes.append((pattern.strip(), folders.split()))

    def violation(self, source: str, header: str) -> str | None:
        folder = source.split("/")[0]
        for pattern, folders in self.homes:
            if fnmatchcase(header, pattern):
                if "*" in folders or folder in folders:
                    return None
                return f"<{header}> has its home in {', '.join(folders)}, not in '{folder}'"
        if "/" in header or header.endswith((".h", ".hpp")) and not is_system_header(header):
            return f"<{header}> is of no library named in libraries.txt"
        return None


SYSTEM_PREFIXES = ("sys/", "linux/", "bits/", "arpa/", "netinet/")
SYSTEM_HEADERS = {
    "benchmark/benchmark.h", "dirent.h", "dlfcn.h", "emmintrin.h", "errno.h", "fcntl.h",
    "gmock/gmock.h", "gtest/gtest.h", "immintrin.h", "langinfo.h", "poll.h", "pthread.h", "pty.h",
    "pwd.h", "signal.h", "termios.h", "time.h", "unistd.h", "x86intrin.h",
}


def is_system_header(header: str) -> bool:
    return header.startswith(SYSTEM_PREFIXES) or header in SYSTEM_HEADERS


def violations(root: Path) -> list[str]:
    """Return one line per forbidden include below `root`/src."""
    source_root = root / "src"
    layers = Layers((source_root / "layers.txt").read_text())
    libraries = Libraries((source_root / "libraries.txt").read_text())
    found = []
    for path in cpp_source.cxx_files(root, ("src",)):
        name = path.relative_to(source_root).as_posix()
        for line, header, is_quoted in cpp_source.includes(path.read_text()):
            reason = None
            if is_quoted:
                if (source_root / header).exists():
                    reason = layers.violation(name, header)
                elif not (root / header).exists():
                    reason = f'"{header}" is not a path below src/'
                elif not name.endswith("_test.cc"):
                    reason = f'"{header}" is for tests only'
            elif not is_system_header(header):
                reason = libraries.violation(name, header)
            if reason:
                found.append(f"src/{name}:{line}: {reason}")
    return found


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--root", type=Path, default=Path(__file__).resolve().parent.parent)
    found = violations(parser.parse_args().root)
    for line in found:
        print(line, file=sys.stderr)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
