"""The Spark half of the table benchmarks.

    cow_spark.py generate FOLDER    write FOLDER/base.parquet (1,000,000 rows) and
                                    FOLDER/upsert.parquet (100,000: 20,000 updates, 80,000 new)
    cow_spark.py measure FOLDER     bulk_insert and upsert them with Spark + Hudi 0.15, each as often
                                    as cow.py says; prints one JSON line
    cow_spark.py measure-mor FOLDER the same with a merge-on-read table

A trade has 13 columns; the table is partitioned by exchange (6), keyed by transaction_id, ordered
by event_seq. Settings: Hudi's defaults, 2 cores, 6 GB heap, shuffle parallelism 4.
"""

import json
import os
import shutil
import sys
import time
from pathlib import Path

from cow import MEASURED_RUNS, ROOT, WARM_UP_RUNS

BASE_ROWS, NEW_ROWS, UPDATE_EVERY, UPDATE_AT = 1_000_000, 80_000, 50, 7
EXCHANGES = ["binance", "coinbase", "kraken", "bitfinex", "okx", "bybit"]
PAIRS = ["BTC-USD", "ETH-USD", "SOL-USD", "XRP-USD"]
TABLE_TYPES = {"measure": "COPY_ON_WRITE", "measure-mor": "MERGE_ON_READ"}
FIRST_TRADE_MICROS = 1_714_521_600_000_000


def start_session(scratch: Path):
    from pyspark.sql import SparkSession

    jar = next((ROOT / ".deps" / "jars").glob("hudi-spark3.5-bundle_2.12-0.15.0.jar"), None)
    if jar is None:
        sys.exit("the Hudi bundle is missing in .deps/jars: run ./dev test once")
    os.environ.setdefault("SPARK_LOCAL_IP", "127.0.0.1")
    os.environ["PYSPARK_PYTHON"] = sys.executable
    settings = {
        "spark.jars": jar,
        "spark.driver.memory": "6g",
        "spark.driver.host": "127.0.0.1",
        "spark.driver.bindAddress": "127.0.0.1",
        "spark.driver.extraJavaOptions": "-Duser.timezone=UTC -Djol.skipHotspotSAAttach=true "
                                         "-Djol.skipDynamicAttach=true",
        "spark.ui.enabled": "false",
        "spark.ui.showConsoleProgress": "false",
        "spark.local.dir": scratch,
        "spark.sql.warehouse.dir": scratch / "warehouse",
        "spark.sql.session.timeZone": "UTC",
        "spark.sql.shuffle.partitions": "2",
        "spark.serializer": "org.apache.spark.serializer.KryoSerializer",
        "spark.kryo.registrator": "org.apache.spark.HoodieSparkKryoRegistrar",
        "spark.sql.extensions": "org.apache.spark.sql.hudi.HoodieSparkSessionExtension",
        "spark.sql.catalog.spark_catalog": "org.apache.spark.sql.hudi.catalog.HoodieCatalog",
    }
    builder = SparkSession.builder.master("local[2]").appName("cow-bench")
    for key, value in settings.items():
        builder = builder.config(key, str(value))
    session = builder.getOrCreate()
    session.sparkContext.setLogLevel("ERROR")
    return session


def trades(session, ids, sequence: int):
    """One trade per id; every value is a function of id and sequence."""
    from pyspark.sql import functions as F

    def draw(salt):
        return F.abs(F.hash("id", F.lit(salt), F.lit(sequence)))

    def pick(values, number):
        array = F.array(*[F.lit(value) for value in values])
        return F.element_at(array, (number % len(values) + 1).cast("int"))

    def amount(salt, divisor):
        return (draw(salt) / F.lit(divisor)).cast("decimal(18,8)")

    micros = F.lit(FIRST_TRADE_MICROS) + F.col("id") * 1000 + sequence
    address = F.substring(F.md5(F.concat("id", F.lit(sequence)).cast("string")), 1, 16)
    return ids.select(
        F.format_string("tx%012d", "id").alias("transaction_id"),
        F.timestamp_micros(micros).alias("timestamp"),
        pick(EXCHANGES, F.col("id")).alias("exchange"),
        pick(PAIRS, draw(1)).alias("trading_pair"),
        pick(["limit", "market", "stop"], draw(2)).alias("order_type"),
        amount(3, 10_000).alias("price"),
        amount(4, 1_000_000).alias("quantity"),
        amount(5, 1_000_000_000).alias("trade_fee"),
        pick(["filled", "open", "cancelled"], draw(6)).alias("trade_status"),
        F.format_string("u%06d", draw(7) % 50_000).alias("user_id"),
        F.concat(F.lit("0x"), address).alias("wallet_address"),
        pick(["api", "web", "mobile"], draw(8)).alias("order_source"),
        F.lit(sequence).cast("long").alias("event_seq"),
    )


def generate(session, folder: Path) -> None:
    from pyspark.sql import functions as F

    old = session.range(0, BASE_ROWS, 1, 2)
    new = session.range(BASE_ROWS, BASE_ROWS + NEW_ROWS, 1, 2)
    updated = old.where(F.col("id") % UPDATE_EVERY == UPDATE_AT)
    trades(session, old, 1).write.mode("overwrite").parquet(str(folder / "base.parquet"))
    trades(session, updated.unionByName(new), 2).write.mode("overwrite").parquet(
        str(folder / "upsert.parquet"))


def java_processes() -> list[Path]:
    """/proc folders of the Java processes below this one."""
    parents, names = {}, {}
    for process in Path("/proc").glob("[0-9]*"):
        try:
            name, _, rest = (process / "stat").read_text().partition(" (")[2].rpartition(") ")
        except OSError:
            continue
        parents[process.name], names[process.name] = rest.split()[1], name
    own, found = str(os.getpid()), []
    for pid, name in names.items():
        ancestor = pid
        while ancestor in parents and ancestor != own:
            ancestor = parents[ancestor]
        if ancestor == own and name == "java":
            found.append(Path("/proc") / pid)
    return found


def jvm_cpu_seconds() -> float:
    """CPU time the JVM has used so far, user and system."""
    ticks = 0
    for process in java_processes():
        fields = (process / "stat").read_text().rpartition(") ")[2].split()
        ticks += int(fields[11]) + int(fields[12])
    return ticks / os.sysconf("SC_CLK_TCK")


def jvm_peak_bytes() -> int:
    """The greatest resident set the JVM has had."""
    peak = 0
    for process in java_processes():
        for line in (process / "status").read_text().splitlines():
            if line.startswith("VmHWM:"):
                peak = max(peak, int(line.split()[1]) * 1024)
    return peak


def write(session, table_type: str, operation: str, rows: Path, table: Path) -> dict:
    """Wall and CPU seconds from reading the rows to the end of the commit."""
    options = {
        "hoodie.table.name": "bench",
        "hoodie.datasource.write.table.type": table_type,
        "hoodie.datasource.write.recordkey.field": "transaction_id",
        "hoodie.datasource.write.partitionpath.field": "exchange",
        "hoodie.datasource.write.precombine.field": "event_seq",
        "hoodie.datasource.write.operation": operation,
        "hoodie.parquet.writelegacyformat.enabled": "true",
        "hoodie.upsert.shuffle.parallelism": "4",
        "hoodie.bulkinsert.shuffle.parallelism": "4",
    }
    start, cpu = time.monotonic(), jvm_cpu_seconds()
    frame = session.read.parquet(str(rows))
    frame.write.format("hudi").options(**options).mode("append").save(str(table))
    return {"seconds": time.monotonic() - start, "cpu_seconds": jvm_cpu_seconds() - cpu,
            "peak_bytes": jvm_peak_bytes()}


def measure(session, table_type: str, folder: Path) -> dict:
    """All runs of both operations; the first of each only warm it up."""
    loaded = folder / "spark-loaded"
    loads, upserts = [], []
    for _ in range(WARM_UP_RUNS + MEASURED_RUNS):
        shutil.rmtree(loaded, ignore_errors=True)
        loads.append(
            write(session, table_type, "bulk_insert", folder / "base.parquet", loaded))
    for number in range(WARM_UP_RUNS + MEASURED_RUNS):
        table = folder / f"spark-upserted-{number}"
        shutil.rmtree(table, ignore_errors=True)
        shutil.copytree(loaded, table)
        upserts.append(write(session, table_type, "upsert", folder / "upsert.parquet", table))
        shutil.rmtree(table)
    shutil.rmtree(loaded)
    return {"load": loads, "upsert": upserts}


def main() -> None:
    verb, folder = sys.argv[1], Path(sys.argv[2]).resolve()
    folder.mkdir(parents=True, exist_ok=True)
    answer = os.fdopen(os.dup(1), "w")  # the JVM prints warnings on the real stdout
    os.dup2(2, 1)
    session = start_session(folder / "spark-scratch")
    try:
        if verb == "generate":
            generate(session, folder)
        elif verb in TABLE_TYPES:
            print(json.dumps(measure(session, TABLE_TYPES[verb], folder)), file=answer, flush=True)
        else:
            sys.exit(f"unknown verb '{verb}': generate, measure or measure-mor")
    finally:
        session.stop()
        shutil.rmtree(folder / "spark-scratch", ignore_errors=True)


if __name__ == "__main__":
    main()
