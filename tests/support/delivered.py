"""Lakes that `up` filled, and the raw objects in them."""

import gzip
import json
import re
import signal
import subprocess
import time
from datetime import datetime, timezone
from pathlib import Path

from support import program

PATIENCE_S = 60
STREAM = program.TABLE
NAME = re.compile(re.escape(STREAM) + r"-1-(\d{4}-\d\d-\d\d-\d\d-\d\d-\d\d)-(\d{10})\.ndjson(\.gz)?$")
# What tells rows apart, without what every table counts for itself.
ROWS = "SELECT * EXCLUDE (_change_seq, {meta}) FROM crypto.transactions".format(
    meta=", ".join(f"_hoodie_{name}" for name in
                   ("commit_time", "commit_seqno", "record_key", "partition_path", "file_name")))


def run_up(folder: Path, events: Path, *, table: str = "type: cow") -> program.Lake:
    """Let `up` take a file in many parts and drain; the smallest raw objects there are."""
    lake = program.Lake(folder / "lake")
    lines = [line + b"\n" for line in events.read_bytes().split(b"\n") if line]
    incoming = folder / "incoming"
    incoming.mkdir()
    step = max(len(lines) // 24, 1)
    for number, begin in enumerate(range(0, len(lines), step)):
        (incoming / f"{number:03}.ndjson").write_bytes(b"".join(lines[begin:begin + step]))
    config = folder / "up.yaml"
    config.write_text(
        f"{program.ANY_PORT}lake: {{path: {lake.path}}}\ncommit: {{interval: 500ms}}\n"
        "delivery: {buffer_bytes: 1MiB, buffer_interval: 1s}\n"
        f"tables:\n- {{name: transactions, {table}, source: {{kind: files, paths: [{incoming}]}}}}\n")
    process = subprocess.Popen([program.binary(), "up", "--json", "--config", config],
                               stdout=subprocess.PIPE)
    deadline = time.monotonic() + PATIENCE_S
    received = 0
    while received < len(lines) and time.monotonic() < deadline and (line := process.stdout.readline()):
        received = json.loads(line)["tables"][0]["received"]
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=PATIENCE_S)
    assert received == len(lines)
    assert process.returncode == 0
    return lake


def raw_objects(lake) -> list[Path]:
    """In cut order."""
    found = (lake.path / "raw" / STREAM).rglob("*.gz")
    return sorted(found, key=lambda path: NAME.fullmatch(path.name)[2])


def cut_time(path: Path) -> datetime:
    return datetime.strptime(NAME.fullmatch(path.name)[1], "%Y-%m-%d-%H-%M-%S").replace(tzinfo=timezone.utc)


def lines_of(paths) -> list[dict]:
    return [json.loads(line) for path in paths for line in gzip.decompress(path.read_bytes()).splitlines()]


def rows_of(lake) -> dict:
    return lake.sql(ROWS).by_key()
