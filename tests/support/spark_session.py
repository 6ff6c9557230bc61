"""A Spark session with one Hudi bundle. One process holds one session only."""

import os
import sys
from pathlib import Path

from support import program

HUDI_0_15, HUDI_1_0, HUDI_1_1 = "0.15.0", "1.0.2", "1.1.1"
ENGINES = {HUDI_0_15: "Spark 3.5 + Hudi 0.15", HUDI_1_0: "Spark 3.5 + Hudi 1.0.2",
           HUDI_1_1: "Spark 3.5 + Hudi 1.1.1"}


def bundle(version: str) -> Path:
    """The Hudi bundle that ./dev test fetched."""
    jar = program.ROOT / ".deps" / "jars" / f"hudi-spark3.5-bundle_2.12-{version}.jar"
    assert jar.exists(), f"the bundle of Hudi {version} is missing: run ./dev test"
    return jar


def start(version: str, scratch: Path, memory: str = "3g"):
    """Start Spark on the loopback device, in UTC, with its files under `scratch`."""
    from pyspark.sql import SparkSession

    os.environ.setdefault("SPARK_LOCAL_IP", "127.0.0.1")
    os.environ["PYSPARK_PYTHON"] = sys.executable
    settings = {
        "spark.jars": bundle(version),
        "spark.driver.memory": memory,
        "spark.driver.host": "127.0.0.1",
        "spark.driver.bindAddress": "127.0.0.1",
        # A short life: little is gained by the costlier compiler and collector.
        "spark.driver.extraJavaOptions": "-Duser.timezone=UTC -Djol.skipHotspotSAAttach=true "
                                         "-Djol.skipDynamicAttach=true "
                                         "-XX:+UseSerialGC -XX:TieredStopAtLevel=1",
        "spark.ui.enabled": "false",
        "spark.ui.showConsoleProgress": "false",
        "spark.local.dir": scratch,
        "spark.sql.warehouse.dir": scratch / "warehouse",
        "spark.sql.session.timeZone": "UTC",
        "spark.sql.shuffle.partitions": "2",
        # Sums of decimal(38,18) keep their 18 decimals, as this run's expectations do.
        "spark.sql.decimalOperations.allowPrecisionLoss": "false",
        "spark.serializer": "org.apache.spark.serializer.KryoSerializer",
        "spark.kryo.registrator": "org.apache.spark.HoodieSparkKryoRegistrar",
        "spark.sql.extensions": "org.apache.spark.sql.hudi.HoodieSparkSessionExtension",
        "spark.sql.catalog.spark_catalog": "org.apache.spark.sql.hudi.catalog.HoodieCatalog",
    }
    builder = SparkSession.builder.master("local[2]").appName("tapelake-tests")
    for key, value in settings.items():
        builder = builder.config(key, str(value))
    session = builder.getOrCreate()
    session.sparkContext.setLogLevel("ERROR")
    return session
