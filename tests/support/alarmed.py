"""A running pipeline whose alarms are watched, and a producer that feeds it."""

import json
import subprocess
import threading
import time
import urllib.request
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from support import program
from support.killed import start_up, wait_for_door

PATIENCE_S = 300
LOOK_S = 0.5
END_S = 60
# Everything here is on this machine: no proxy.
HTTP = urllib.request.build_opener(urllib.request.ProxyHandler({}))


@dataclass
class AlarmedPipeline:
    """`up` on a lake, seen through its alarm log."""

    lake: program.Lake
    over: threading.Event  # nobody waits for the outcome any more
    process: subprocess.Popen | None = None

    def transitions(self) -> list[dict]:
        """All changes of alarm states so far; every line of the log must be one."""
        log = self.lake.path / ".tapelake" / "alarms.ndjson"
        return [json.loads(line) for line in log.read_text().splitlines()] if log.exists() else []

    def wait_for(self, condition, what: str, meanwhile=lambda: None) -> None:
        """Until `condition` holds; `meanwhile` is called at every look."""
        deadline = time.monotonic() + PATIENCE_S
        while not condition():
            assert self.process.poll() is None, f"the program ended while {what}"
            assert time.monotonic() < deadline, f"waited {PATIENCE_S} s for {what}"
            assert not self.over.wait(LOOK_S), "given up"
            meanwhile()

    def wait_until_alarming(self, names: set[str], meanwhile=lambda: None, told=None) -> None:
        """Until each of the rules has an alarm: says the log, or `told()`."""
        told = told or self.transitions
        self.wait_for(lambda: names <= alarming(told()), f"alarms of {sorted(names)}", meanwhile)

    def wait_until_clear(self, names: set[str], meanwhile=lambda: None, told=None) -> None:
        """Until none of the rules has an alarm any more."""
        told = told or self.transitions
        self.wait_for(lambda: not names & alarming(told()), f"{sorted(names)} to clear", meanwhile)

    def metrics(self) -> str:
        where = json.loads((self.lake.path / ".tapelake" / "http.json").read_text())
        with HTTP.open(where["url"] + "metrics", timeout=END_S) as answer:
            return answer.read().decode()

    def put(self, lines: str) -> subprocess.CompletedProcess:
        return program.run("stream", "put", "--lake", self.lake.path, self.lake.table, "-",
                           input=lines.encode(), check=False)


@contextmanager
def running(folder: Path, over: threading.Event, config: str, lake: Path | None = None,
            environment: dict | None = None):
    """`up` over a lake (`folder`/lake) with `config`, ended in order."""
    pipeline = AlarmedPipeline(program.Lake(lake or folder / "lake"), over)
    file, log = folder / "up.yaml", folder / "up.log"
    file.write_text(f"lake: {{path: {pipeline.lake.path}}}\n{program.ANY_PORT}{config}")
    pipeline.process = start_up(file, log, environment)
    try:
        wait_for_door(pipeline.process, pipeline.lake, log)
        yield pipeline
        pipeline.process.terminate()
        assert pipeline.process.wait(END_S) == 0, log.read_text()[-2000:]
    finally:
        if pipeline.process.poll() is None:
            pipeline.process.kill()
            pipeline.process.wait()


def states(transitions: list[dict]) -> dict[tuple, list[str]]:
    """The states that each alarm went through, by rule and labels."""
    seen = {}
    for change in transitions:
        alarm = (change["name"], *sorted(change["labels"].items()))
        seen.setdefault(alarm, []).append(change["to"])
    return seen


def alarming(transitions: list[dict]) -> set[str]:
    """The rules that have an alarm now."""
    return {alarm[0] for alarm, seen in states(transitions).items() if seen[-1] == "ALARM"}


def fired(transitions: list[dict]) -> set[str]:
    """The rules that had an alarm at any time."""
    return {change["name"] for change in transitions if change["to"] == "ALARM"}


class Producer:
    """Puts lines through one long `stream put`."""

    def __init__(self, pipeline: AlarmedPipeline):
        lake = pipeline.lake
        self.process = subprocess.Popen(
            [program.binary(), "stream", "put", "--lake", lake.path, lake.table, "-"],
            stdin=subprocess.PIPE, stdout=subprocess.DEVNULL)

    def put(self, lines: str) -> None:
        self.process.stdin.write(lines.encode())
        self.process.stdin.flush()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        try:
            self.process.stdin.close()
            assert self.process.wait(END_S) == 0, "a put failed"
        finally:
            self.process.kill()
            self.process.wait()


class Pace:
    """How many of so many a second are due since the last look."""

    def __init__(self, per_second: float):
        self.per_second, self.begin_s, self.done = per_second, time.monotonic(), 0

    def due(self) -> int:
        due = int((time.monotonic() - self.begin_s) * self.per_second) - self.done
        self.done += due
        return due
