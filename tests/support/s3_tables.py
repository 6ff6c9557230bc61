"""Tables that are on disk and on S3, and the program that is let at them."""

import re
import subprocess
from dataclasses import dataclass
from pathlib import Path

from support import csv_table, program
from support.s3_server import BUCKET, S3Server

LAKE = "lake"
COUNT = "SELECT count(*) AS n FROM hudi('{}')"


@dataclass
class Twins:
    """The same table on disk and on S3, at paths of the same length."""

    disk: Path
    key: str  # of its folder on S3

    @property
    def path(self) -> str:
        return f"s3://{BUCKET}/{self.key}"

    def elsewhere(self, end: str) -> "Twins":
        """With another place on S3, whose path ends so."""
        return Twins(self.disk, key_as_long_as(self.disk, end))

    def assert_same_files(self, s3: S3Server):
        """Byte for byte, but for the table's own path and the checksums over it."""
        on_s3 = s3.tree(self.key)
        on_disk = {f"/{file.relative_to(self.disk)}": file.read_bytes()
                   for file in self.disk.rglob("*") if file.is_file()}
        assert sorted(on_s3) == sorted(on_disk) and len(on_disk) > 20
        for name, content in on_disk.items():
            assert without_place(on_s3[name], self.path) == without_place(content, self.disk), name


def without_place(content: bytes, path) -> bytes:
    parts = content.split(str(path).encode())
    if len(parts) == 1:
        return content
    return re.sub(rb"(tapelake\.checksum[^0-9a-f]{1,4})[0-9a-f]{16}", rb"\1", b"PATH".join(parts))


def twins_below(folder: Path, type: str) -> Twins:
    """Places for a table `type` of the database `db`; nothing is there yet."""
    disk = folder / "a-lake-on-disk" / "db" / type
    return Twins(disk, key_as_long_as(disk, f"/db/{type}"))


def key_as_long_as(path: Path, end: str) -> str:
    missing = len(str(path)) - len(f"s3://{BUCKET}/{LAKE}{end}")
    return LAKE + "-" * missing + end


def copied(s3: S3Server, twins: Twins) -> str:
    """The path of a copy to be changed."""
    for name, content in s3.tree(twins.key).items():
        s3.client().put_object(Bucket=BUCKET, Key=f"copy/db/t{name}", Body=content)
    return f"s3://{BUCKET}/copy/db/t"


def live(type: str, path, environment=None) -> subprocess.CompletedProcess:
    """Give a table a whole life (testing/table_life.h)."""
    life = program.binary().with_name("table_life")
    return subprocess.run([life, type, str(path)], capture_output=True, text=True, timeout=600,
                          env=environment, check=False)


def run(s3: S3Server, *arguments, check=True, env=None) -> subprocess.CompletedProcess:
    done = subprocess.run([program.binary(), *map(str, arguments)], capture_output=True, text=True,
                          timeout=300, env=env or s3.environment(), check=False)
    assert not check or done.returncode == 0, done.stderr
    return done


def sql(s3: S3Server, statement: str, *more, env=None) -> csv_table.Table:
    return csv_table.parse(run(s3, "sql", "--format", "csv", *more, statement, env=env).stdout)


def assert_same(one: csv_table.Table, other: csv_table.Table, what: str):
    assert one.columns == other.columns, what
    assert sorted(one.rows) == sorted(other.rows), what
