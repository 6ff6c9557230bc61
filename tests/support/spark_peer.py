"""Spark with another Hudi bundle, in a process of its own.

As a program: `spark_peer.py VERSION SCRATCH` answers one JSON line per JSON line, in order:
{"do": "read", "path", "query", "options", "out"}, {"do": "sql", "statement", "out"} or
{"do": "write", "path", "table", "operation", "rows", "options", "ddl"} or {"do": "roll back", "path",
"instant"}, with {} or {"error": TEXT}.
"""

import csv
import json
import os
import subprocess
import sys
import threading
import traceback
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from support import csv_table, spark_session, spark_table  # noqa: E402  (needs the path above)

PATIENCE_S = 30


class LocalSpark:
    """Reads and writes tables with the session of this process."""

    def __init__(self, session, version: str, scratch: Path):
        self.session, self.scratch = session, scratch
        self.name = spark_session.ENGINES[version]

    def read(self, path: Path, query: str = spark_table.SNAPSHOT, options=None) -> csv_table.Table:
        return spark_table.read(self.session, path, query, options)

    def write(self, path: Path, operation: str, rows: list[dict[str, str]], options=None,
              ddl: str = "") -> None:
        file = spark_table.save_rows(rows, self.scratch / "rows.ndjson")
        spark_table.write(self.session, path, path.name, operation, file, options, ddl)

    def roll_back(self, path: Path, instant: str) -> None:
        spark_table.roll_back(self.session, path, instant)

    def sql(self, statement: str) -> csv_table.Table:
        return spark_table.sql(self.session, statement)


class SparkPeer:
    """Reads and writes tables with a session in another process. Any thread may ask."""

    def __init__(self, version: str, scratch: Path):
        self.name, self.scratch = spark_session.ENGINES[version], scratch
        self._lock = threading.Lock()
        self._log = open(scratch / "peer.log", "wb")
        self._process = subprocess.Popen(
            [sys.executable, __file__, version, str(scratch)], stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, stderr=self._log, text=True)

    def read(self, path: Path, query: str = spark_table.SNAPSHOT, options=None) -> csv_table.Table:
        return self._asked_for({"do": "read", "path": str(path), "query": query,
                                "options": options or {}})

    def write(self, path: Path, operation: str, rows: list[dict[str, str]], options=None,
              ddl: str = "") -> None:
        with self._lock:
            file = spark_table.save_rows(rows, self.scratch / "rows.ndjson")
            self._ask({"do": "write", "path": str(path), "table": path.name, "ddl": ddl,
                       "operation": operation, "rows": str(file), "options": options or {}})

    def roll_back(self, path: Path, instant: str) -> None:
        with self._lock:
            self._ask({"do": "roll back", "path": str(path), "instant": instant})

    def sql(self, statement: str) -> csv_table.Table:
        return self._asked_for({"do": "sql", "statement": statement})

    def _asked_for(self, request: dict) -> csv_table.Table:
        with self._lock:
            out = self.scratch / "read.csv"
            self._ask({**request, "out": str(out)})
            return csv_table.load(out)

    def _ask(self, request: dict) -> None:
        self._process.stdin.write(json.dumps(request) + "\n")
        self._process.stdin.flush()
        answer = self._process.stdout.readline()
        assert answer, f"{self.name} ended; its log: {self._log.name}"
        error = json.loads(answer).get("error")
        assert error is None, f"{self.name}: {error}"

    def stop(self) -> None:
        self._process.stdin.close()
        try:
            self._process.wait(PATIENCE_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._log.close()


def answer(session, request: dict) -> None:
    if request["do"] == "write":
        spark_table.write(session, request["path"], request["table"], request["operation"],
                          Path(request["rows"]), request["options"], request["ddl"])
        return
    if request["do"] == "roll back":
        spark_table.roll_back(session, request["path"], request["instant"])
        return
    if request["do"] == "sql":
        table = spark_table.sql(session, request["statement"])
    else:
        table = spark_table.read(session, request["path"], request["query"], request["options"])
    with open(request["out"], "w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([table.columns, *table.rows])


def main() -> None:
    version, scratch = sys.argv[1], Path(sys.argv[2])
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # Java libraries print on stdout
    session = spark_session.start(version, scratch, memory="2g")
    for line in sys.stdin:
        try:
            answer(session, json.loads(line))
            reply = {}
        except Exception:
            reply = {"error": traceback.format_exc()}
        print(json.dumps(reply), file=answers, flush=True)
    session.stop()


if __name__ == "__main__":
    main()
