"""A pipeline that is killed again and again while producers put records."""

import json
import random
import subprocess
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from zlib import crc32

from support import program
from support.csv_table import KEY

PATIENCE_S = 120
SLICE_RECORDS = 100
# The horizon: simulated trades are about a minute apart, so a producer that was held up by a kill is
# hours behind the other one.
CONFIG = """\
lake: {{path: {lake}}}
dashboard: {{listen: '127.0.0.1:0'}}
commit: {{interval: 300ms}}
ingest: {{horizon: 7d}}
stream: {{segment_bytes: 1MiB}}
delivery: {{buffer_bytes: 1MiB, buffer_interval: 1s}}
compaction: {{log_files_max: 6, interval: 4s}}
history: {{commits_retained: 10, instants_min: 20, instants_max: 30, readers: 0s}}
tables: [{{name: transactions, buckets: 2, source: {{kind: stream}}}}]
"""


def write_config(folder: Path, lake: Path) -> Path:
    path = folder / "up.yaml"
    path.write_text(CONFIG.format(lake=lake))
    return path


@dataclass
class Producer:
    """Puts slices of records, each again until it is acknowledged."""

    config: Path
    slices: list[bytes]
    rate: int
    acknowledged: int = 0
    failed: str = ""
    thread: threading.Thread = field(init=False)

    def __post_init__(self):
        self.thread = threading.Thread(target=self.run, daemon=True)

    def run(self):
        for piece in self.slices:
            begin = time.monotonic()
            deadline = begin + PATIENCE_S
            while not self.put(piece):
                if time.monotonic() > deadline:
                    return
                time.sleep(0.1)
            self.acknowledged += 1
            # A small slice is put at once, whatever the rate.
            due = begin + piece.count(b"\n") / self.rate
            time.sleep(max(0.0, due - time.monotonic()))

    def put(self, piece: bytes) -> bool:
        done = program.run("stream", "put", "--rate", self.rate, "--config", self.config,
                           program.TABLE, "-", input=piece, check=False)
        self.failed = done.stderr.decode()
        return done.returncode == 0

    @property
    def busy(self) -> bool:
        return self.acknowledged < len(self.slices)


def start_up(config: Path, log: Path, environment: dict | None = None) -> subprocess.Popen:
    with open(log, "ab") as out:
        return subprocess.Popen([program.binary(), "up", "--json", "--config", config], stdout=out,
                                stderr=out, env=environment)


def wait_for_door(process: subprocess.Popen, lake: program.Lake, log: Path) -> None:
    """Wait until the pipeline takes records."""
    deadline = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline:
        assert process.poll() is None, log.read_text()[-2000:]
        if program.run("stream", "put", "--lake", lake.path, program.TABLE, "-", input=b"",
                       check=False).returncode == 0:
            return
        time.sleep(0.05)
    raise AssertionError("the pipeline opens no door: " + log.read_text()[-2000:])


def slices_of(events: Path, share: int, shares: int) -> list[bytes]:
    """A producer's part: all changes of some keys, in order (as one shard of a real log has them)."""
    def mine(line: bytes) -> bool:
        return crc32(json.loads(line)["dynamodb"]["Keys"][KEY]["S"].encode()) % shares == share

    lines = [line for line in events.read_bytes().splitlines(keepends=True) if mine(line)]
    return [b"".join(lines[i:i + SLICE_RECORDS]) for i in range(0, len(lines), SLICE_RECORDS)]


@dataclass
class KilledPipeline:
    """`up` on one lake, with two producers, killed at random moments."""

    folder: Path
    events: Path
    rng: random.Random
    rate: int = 400  # records a second, of each producer

    def __post_init__(self):
        self.lake = program.Lake(self.folder / "lake")
        self.config = write_config(self.folder, self.lake.path)
        self.log = self.folder / "up.log"
        self.producers = [Producer(self.config, slices_of(self.events, share, 2), rate=self.rate)
                          for share in (0, 1)]

    def kill_times(self, kills: int, after_each) -> None:
        """Start, wait a moment, kill; `after_each(number)` looks at what is left."""
        for producer in self.producers:
            producer.thread.start()
        for number in range(1, kills + 1):
            process = start_up(self.config, self.log)
            try:
                wait_for_door(process, self.lake, self.log)
                time.sleep(self.rng.uniform(0.05, 2.5))
                assert any(producer.busy for producer in self.producers), "killed without load"
            finally:
                process.kill()
                process.wait()
            after_each(number)

    def finish(self) -> None:
        """Start once more, let the producers end, and end in order."""
        process = start_up(self.config, self.log)
        try:
            for producer in self.producers:
                producer.thread.join(PATIENCE_S * 5)
                assert not producer.busy, producer.failed
            process.terminate()
            assert process.wait(PATIENCE_S) == 0, self.log.read_text()[-2000:]
        finally:
            if process.poll() is None:
                process.kill()
                process.wait()
