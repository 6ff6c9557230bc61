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

from support import program, pulled, spark_session  # noqa: E402  (needs the path above)
from support.spark_peer import LocalSpark, SparkPeer  # noqa: E402
from support.trino_peer import TrinoPeer  # noqa: E402


@pytest.fixture(scope="session", autouse=True)
def built_program():
    """Fail early, with the remedy, if the program is not there."""
    if not program.binary().exists():
        pytest.exit(f"{program.binary()} is missing: run ./dev build", returncode=2)


@pytest.fixture(autouse=True)
def no_pipeline_is_left():
    """What a failed test left would be another member of the next one's consumer group."""
    yield
    for process in pulled.STARTED:
        if process.poll() is None:
            process.kill()
            process.wait()
    pulled.STARTED.clear()


@pytest.fixture
def lake(tmp_path):
    return program.Lake(tmp_path / "lake")


@pytest.fixture(scope="session")
def spark(tmp_path_factory):
    """One Spark session with Hudi 0.15 for the whole run."""
    scratch = tmp_path_factory.mktemp("spark")
    session = spark_session.start(spark_session.HUDI_0_15, scratch)
    yield session
    session.stop()
    shutil.rmtree(scratch, ignore_errors=True)


@pytest.fixture(scope="session")
def spark_0_15(spark, tmp_path_factory):
    return LocalSpark(spark, spark_session.HUDI_0_15, tmp_path_factory.mktemp("spark-rows"))


def spark_in_a_process(version, tmp_path_factory):
    scratch = tmp_path_factory.mktemp(f"spark-{version}")
    peer = SparkPeer(version, scratch)
    yield peer
    peer.stop()
    shutil.rmtree(scratch, ignore_errors=True)


@pytest.fixture(scope="session")
def spark_1_0(tmp_path_factory):
    """Spark with Hudi 1.0.2, in a process of its own."""
    yield from spark_in_a_process(spark_session.HUDI_1_0, tmp_path_factory)


@pytest.fixture(scope="session")
def spark_1_1(tmp_path_factory):
    """Spark with Hudi 1.1.1, in the big run."""
    yield from spark_in_a_process(spark_session.HUDI_1_1, tmp_path_factory)


@pytest.fixture(scope="session")
def trino(tmp_path_factory):
    """Trino, in the big run."""
    scratch = tmp_path_factory.mktemp("trino")
    peer = TrinoPeer(scratch)
    yield peer
    peer.stop()
    shutil.rmtree(scratch, ignore_errors=True)


@pytest.fixture(scope="session")
def sparks(request, spark_0_15, spark_1_0):
    """The Sparks of this run, which write and read; the one of 0.15 comes last."""
    newest = [request.getfixturevalue("spark_1_1")] if program.FULL else []
    return [*newest, spark_1_0, spark_0_15]


@pytest.fixture(scope="session")
def peers(request, sparks):
    """All servers and sessions of this run that read."""
    return [*sparks, request.getfixturevalue("trino")] if program.FULL else sparks
