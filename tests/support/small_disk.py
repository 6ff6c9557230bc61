"""A disk of its own, small enough to fill: a file system in memory."""

import os
import shutil
import subprocess
import tempfile
from contextlib import contextmanager
from functools import cache
from pathlib import Path

LARGE = "6G"  # of which nothing is taken before something is written
MIB = 1 << 20


def mount(*arguments) -> bool:
    return subprocess.run(["mount", *map(str, arguments)], capture_output=True,
                          check=False).returncode == 0


@cache
def can_mount() -> bool:
    """Whether this user may mount a file system here."""
    if shutil.which("mount") is None:
        return False
    with tempfile.TemporaryDirectory() as folder:
        if not mount("-t", "tmpfs", "-o", "size=1M", "tapelake-test", folder):
            return False
        subprocess.run(["umount", folder], check=True)
        return True


class SmallDisk:
    def __init__(self, path: Path):
        self.path, self.filler = path, path / "filler"

    def free_bytes(self) -> int:
        figures = os.statvfs(self.path)
        return figures.f_bavail * figures.f_frsize

    def fill(self, free_bytes: int) -> None:
        """Make it small, and leave so much room."""
        figures = os.statvfs(self.path)
        used = (figures.f_blocks - figures.f_bfree) * figures.f_frsize
        assert mount("-o", f"remount,size={used + 8 * MIB}", self.path)
        with open(self.filler, "wb") as file:
            file.write(bytes(self.free_bytes() - free_bytes))

    def free(self) -> None:
        """Make it large, and take the filler away."""
        assert mount("-o", f"remount,size={LARGE}", self.path)
        self.filler.unlink()


@contextmanager
def small_disk(path: Path):
    """Mounted at `path`, large to begin with."""
    path.mkdir()
    assert mount("-t", "tmpfs", "-o", f"size={LARGE}", "tapelake-test", path)
    try:
        yield SmallDisk(path)
    finally:
        subprocess.run(["umount", "--lazy", path], check=True)
