"""Running the tapelake program."""

import json
import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

from support import csv_table

ROOT = Path(__file__).resolve().parent.parent.parent
TABLE = "crypto.transactions"
# `up` opens an HTTP port: one that the system chooses, so that nothing else can have it.
ANY_PORT = "dashboard: {listen: '127.0.0.1:0'}\n"
# The big conformance run: Spark with Hudi 1.1.1 and Trino as well, more kinds of tables.
FULL = os.environ.get("TAPELAKE_CONFORMANCE") == "full"
COMPLETED = (".commit", ".deltacommit")  # a compaction completes as a commit


def binary() -> Path:
    """The program under test: $TAPELAKE_BINARY, else the release build."""
    return Path(os.environ.get("TAPELAKE_BINARY", ROOT / "build" / "release" / "tapelake"))


def run(*arguments, input=None, check=True, cwd=None, timeout=900,
        environment=None) -> subprocess.CompletedProcess:
    """Run a verb; with `check`, a failure shows what the program said."""
    done = subprocess.run(
        [str(binary()), *map(str, arguments)],
        input=input, capture_output=True, cwd=cwd, timeout=timeout, check=False, env=environment,
    )
    if check and done.returncode != 0:
        said = done.stderr.decode(errors="replace")
        raise AssertionError(f"tapelake {' '.join(map(str, arguments))}: {done.returncode}: {said}")
    return done


@dataclass
class Simulation:
    """What `tapelake simulate` wrote."""

    events: Path
    expected: csv_table.Table
    shape: str


def simulate(folder: Path, *, seed: int, changes: int, shape: str, more=()) -> Simulation:
    """Simulate with 5% duplicates and disorder within 60 s."""
    events, expected = folder / f"events-{shape}.ndjson", folder / f"expected-{shape}.csv"
    run("simulate", "--seed", seed, "--changes", changes, "--shape", shape, "--duplicates", "0.05",
        "--disorder", "60s", "--events", events, "--expected", expected, *more)
    return Simulation(events, csv_table.load(expected), shape)


@dataclass
class Lake:
    """A lake folder, used through the program only."""

    path: Path
    table: str = TABLE
    config: Path | None = None

    @property
    def table_path(self) -> Path:
        database, _, name = self.table.partition(".")
        return self.path / database / name

    def ingest(self, *files, more=()) -> dict:
        """`ingest --once`; return the counts of its --json line."""
        config = ("--config", self.config) if self.config else ()
        done = run("ingest", "--once", "--lake", self.path, "--table", self.table, "--json", *config,
                   *more, *files)
        return json.loads(done.stdout)

    def sql(self, statement: str) -> csv_table.Table:
        config = ("--config", self.config) if self.config else ()
        done = run("sql", "--lake", self.path, "--format", "csv", *config, statement)
        return csv_table.parse(done.stdout.decode())

    def instants(self) -> list[str]:
        """The completed instants, oldest first."""
        timeline = self.table_path / ".hoodie"
        return sorted(p.name for p in timeline.iterdir() if p.suffix in COMPLETED)
