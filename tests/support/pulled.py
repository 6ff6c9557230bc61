"""`up` with a source that it asks for records, which dies and comes back."""

import json
import signal
import subprocess
import time
from pathlib import Path

from support import program
from support.killed import start_up

PATIENCE_S = 300
STARTED: list[subprocess.Popen] = []  # those of one test
# The horizon: a stream that is read through splits gives a simulated hour late.
DELIVERY = "delivery: {buffer_bytes: 1MiB, buffer_interval: 1s}\n"
CONFIG = """\
lake: {{path: {lake}}}
dashboard: {{listen: '127.0.0.1:0'}}
commit: {{interval: 300ms}}
ingest: {{horizon: 7d}}
tables: [{{name: transactions, buckets: 2, source: {source}}}]
"""


class PulledTable:
    """One table and the process that feeds it."""

    def __init__(self, folder: Path, source: str, environment: dict[str, str],
                 delivery: str = DELIVERY):
        self.lake = program.Lake(folder / "lake")
        self.config, self.log, self.environment = folder / "up.yaml", folder / "up.log", environment
        self.config.write_text(CONFIG.format(lake=self.lake.path, source=source) + delivery)
        self.process = None

    def start(self):
        self.said_before = self.log.stat().st_size if self.log.exists() else 0
        self.process = start_up(self.config, self.log, self.environment)
        STARTED.append(self.process)

    def kill(self):
        self.process.kill()
        self.process.wait()

    def stop(self):
        """In order: not before it runs, for a signal at the very beginning just ends it."""
        self.wait_for(lambda: self.log.stat().st_size > self.said_before, "its first status")
        self.process.send_signal(signal.SIGTERM)
        code = self.process.wait(PATIENCE_S)
        assert code == 0, f"exit code {code}: {self.said()}"

    def said(self) -> str:
        return self.log.read_text(errors="replace")[-3000:]

    def status(self) -> dict:
        """The newest line of this process or those before; nothing yet: empty."""
        lines = [line for line in self.log.read_text(errors="replace").splitlines()
                 if line.startswith('{"time"')]
        return json.loads(lines[-1])["tables"][0] if lines else {}

    def wait_for(self, condition, what: str):
        deadline = time.monotonic() + PATIENCE_S
        while time.monotonic() < deadline:
            assert self.process.poll() is None, self.said()
            if condition():
                return
            time.sleep(0.1)
        raise AssertionError(f"waited in vain for {what}: {self.said()}")

    def positions(self) -> dict[str, int]:
        return self._newest("tapelake.positions")

    def marks(self) -> dict[str, list]:
        return self._newest("tapelake.marks")

    def ended(self, prefix: str = "") -> int:
        """Logs of this prefix of which a commit says that they were read to their end."""
        return sum(len(mark) == 3 for name, mark in self.marks().items()
                   if name.startswith(prefix))

    def _newest(self, key: str) -> dict:
        """Of the newest commit that carries it (small enough to stand in it)."""
        timeline = self.lake.table_path / ".hoodie"
        if not timeline.is_dir():
            return {}
        for path in sorted(timeline.glob("*.deltacommit"), reverse=True):
            text = json.loads(path.read_text())["extraMetadata"].get(key)
            if text:
                return json.loads(text)
        return {}
