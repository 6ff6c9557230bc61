"""Fixtures of the tests that run the whole program beside its peers."""

import decimal
import os
import shutil
import sys
import time
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent))
os.environ["TZ"] = "UTC"
time.tzset()
decimal.getcontext().prec = 200  # sums and products of 38-digit amounts must stay exact

from support import program  # noqa: E402  (needs the path above)


@pytest.fixture(scope="session", autouse=True)
def built_program():
    """Fail early, with the remedy, if the program is not there."""
    if not program.binary().exists():
        pytest.exit(f"{program.binary()} is missing: run ./dev build", returncode=2)


@pytest.fixture
def lake(tmp_path):
    return program.Lake(tmp_path / "lake")


@pytest.fixture(scope="session")
def hudi_bundle() -> Path:
    """The Hudi bundle that ./dev test fetched."""
    jars = sorted((program.ROOT / ".deps" / "jars").glob("hudi-spark3.5-bundle_2.12-0.15.0.jar"))
    assert jars, "the Hudi bundle is missing: run ./dev test"
    return jars[0]


@pytest.fixture(scope="session")
def spark(hudi_bundle, tmp_path_factory):
    """One Spark session with Hudi for the whole run, on the loopback device, in UTC."""
    from pyspark.sql import SparkSession

    scratch = tmp_path_factory.mktemp("spark")
    os.environ.setdefault("SPARK_LOCAL_IP", "127.0.0.1")
    os.environ["PYSPARK_PYTHON"] = sys.executable
    settings = {
        "spark.jars": hudi_bundle,
        "spark.driver.memory": "3g",
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
    yield session
    session.stop()
    shutil.rmtree(scratch, ignore_errors=True)
