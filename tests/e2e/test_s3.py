"""Tables on an S3 server: the same life as on disk, however it answers; who reads; what is told."""

import json
import random
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from support import csv_table, program, readers
from support.credential_services import agent
from support.s3_server import (BUCKET, KEY, SECRET, S3Server, clean_environment, gateway,
                               s3_server)
from support.tls import self_signed

TYPES = ["cow", "mor"]
PATH = f"s3://{BUCKET}/lake/db/life"
COUNT = "SELECT count(*) AS n FROM hudi('{}')"


@pytest.fixture(scope="module")
def server():
    with s3_server() as s3:
        yield s3


@pytest.fixture
def s3(server: S3Server):
    """An empty bucket on a server that fails at nothing."""
    empty(server)
    server.seen.clear()
    server.fault = lambda seen: "pass"
    return server


def empty(server: S3Server):
    client = server.client()
    for key in server.tree(""):
        client.delete_object(Bucket=BUCKET, Key=key)


def live(type: str, path, environment=None) -> subprocess.CompletedProcess:
    """Give a table a whole life (testing/table_life.h)."""
    life = program.binary().with_name("table_life")
    return subprocess.run([life, type, str(path)], capture_output=True, text=True, timeout=600,
                          env=environment, check=False)


def run(s3: S3Server, *arguments, check=True, env=None) -> subprocess.CompletedProcess:
    done = subprocess.run([program.binary(), *map(str, arguments)], capture_output=True, text=True,
                          timeout=300, env=env or s3.environment(), check=False)
    assert not check or done.returncode == 0, done.stderr
    return done


def sql(s3: S3Server, statement: str, *more, env=None) -> csv_table.Table:
    return csv_table.parse(run(s3, "sql", "--format", "csv", *more, statement, env=env).stdout)


def assert_same(one: csv_table.Table, other: csv_table.Table, what: str):
    assert one.columns == other.columns, what
    assert sorted(one.rows) == sorted(other.rows), what


def disk_tree(path: Path) -> dict[str, bytes]:
    return {f"/{file.relative_to(path)}": file.read_bytes()
            for file in path.rglob("*") if file.is_file()}


@pytest.fixture(scope="module")
def on_disk(tmp_path_factory) -> dict[str, Path]:
    """The same lives in directories, by type."""
    paths = {}
    for type in TYPES:
        paths[type] = tmp_path_factory.mktemp(type) / "lake" / "db" / "life"
        done = live(type, paths[type])
        assert done.returncode == 0, done.stderr
    return paths


@pytest.mark.parametrize("type", TYPES)
def test_a_table_lives_the_same_life_on_s3_and_on_disk(s3, type, on_disk):
    done = live(type, PATH, s3.environment())
    assert done.returncode == 0, done.stderr
    expected = disk_tree(on_disk[type])
    assert len(expected) > 20
    assert s3.tree("lake/db/life") == expected
    assert {seen.status for seen in s3.seen} <= {200, 204, 206, 404, 412}


@pytest.mark.parametrize("seed", [1, 2, 3])
@pytest.mark.parametrize("type", TYPES)
def test_it_lives_the_same_life_whatever_requests_fail(s3, type, seed, on_disk):
    dice = random.Random(seed)
    faults = [500, 503, "lose-request", "lose-answer", "cut-answer"]
    done_to = []

    def fault(seen):
        if dice.random() > 0.12:
            return "pass"
        what = dice.choice(faults)
        done_to.append((seen.method, what))
        return what

    s3.fault = fault
    done = live(type, PATH, s3.environment())
    assert done.returncode == 0, done.stderr
    assert s3.tree("lake/db/life") == disk_tree(on_disk[type])
    assert {("PUT", "lose-answer"), ("PUT", 500), ("GET", "cut-answer")} <= set(done_to)


@pytest.mark.parametrize("round", range(3))
def test_one_of_many_creators_wins(s3, round):
    with ThreadPoolExecutor(6) as pool:
        done = list(pool.map(lambda _: live("cow", PATH, s3.environment()), range(6)))
    assert [life.returncode for life in done].count(0) == 1
    losers = [life.stderr for life in done if life.returncode != 0]
    assert all("hoodie.properties' exists" in said for said in losers), losers


@pytest.mark.parametrize("type", TYPES)
def test_every_reader_sees_on_s3_what_it_sees_on_disk(s3, type, on_disk, monkeypatch):
    assert live(type, PATH, s3.environment()).returncode == 0
    everything = "SELECT * FROM hudi('{}') ORDER BY id"
    expected = sql(s3, everything.format(on_disk[type]))
    assert len(expected.rows) > 40
    assert_same(sql(s3, everything.format(PATH)), expected, "hudi('s3://...')")
    assert_same(sql(s3, everything.format(PATH.replace("s3:", "s3a:"))), expected,
                           "hudi('s3a://...')")
    assert_same(
        sql(s3, "SELECT * FROM db.life ORDER BY id", "--lake", f"s3://{BUCKET}/lake"), expected,
        "a lake on S3")
    for name, value in s3.environment(AWS_ENDPOINT_URL=s3.backend, AWS_ALLOW_HTTP="true").items():
        if name.startswith("AWS_"):
            monkeypatch.setenv(name, value)
    by_hudi_rs = readers.read_hudi_rs(PATH)
    assert_same(by_hudi_rs, readers.read_hudi_rs(on_disk[type]), "hudi-rs on S3")
    own = readers.without_meta(expected).select(by_hudi_rs.columns)
    assert sorted(own.rows) == sorted(by_hudi_rs.rows)


def test_history_is_read_on_s3_as_on_disk(s3, on_disk):
    assert live("mor", PATH, s3.environment()).returncode == 0
    commits = sql(s3, f"SELECT * FROM hudi_commits('{on_disk['mor']}')")
    assert_same(sql(s3, f"SELECT * FROM hudi_commits('{PATH}')"), commits, "commits")
    instant = sorted(commits.select(["commit_time"]).rows)[-3][0]
    for function in ("hudi('{}', as_of := '" + instant + "')", "hudi_changes('{}')",
                     "hudi_incremental('{}', begin_time := '" + instant + "')",
                     "hudi('{}', mode := 'read_optimized')", "hudi_partitions('{}')"):
        statement = f"SELECT * FROM {function} ORDER BY ALL"
        assert_same(sql(s3, statement.format(PATH)),
                               sql(s3, statement.format(on_disk["mor"])), function)


@pytest.mark.parametrize("type", TYPES)
def test_tables_on_s3_are_looked_at_as_on_disk(s3, type, on_disk):
    assert live(type, PATH, s3.environment()).returncode == 0
    for verb in ("describe", "history", "files", "verify"):
        told = run(s3, "table", verb, PATH, "--json").stdout
        expected = run(s3, "table", verb, on_disk[type], "--json").stdout
        assert json.loads(told.replace(PATH, str(on_disk[type]))) == json.loads(expected), verb
    listed = json.loads(run(s3, "table", "list", "--lake", f"s3://{BUCKET}/lake", "--json").stdout)
    assert listed == [{"database": "db", "name": "life", "path": PATH}]


def test_tables_on_s3_are_maintained(s3):
    assert live("mor", PATH, s3.environment()).returncode == 0
    before = sql(s3, f"SELECT id, version, text FROM hudi('{PATH}') ORDER BY id")
    run(s3, "table", "compact", PATH)
    run(s3, "table", "clean", PATH, "--versions", "1", "--readers", "0s")
    assert_same(sql(s3, f"SELECT id, version, text FROM hudi('{PATH}') ORDER BY id"),
                           before, "after compaction and clean")
    assert json.loads(run(s3, "table", "verify", PATH, "--json").stdout)["sound"]
    logs = [key for key in s3.tree("lake/db/life/day=") if ".log." in key]
    assert not logs


def test_a_query_reads_only_what_it_needs(s3):
    """Columns and row groups are left out on S3, too: pieces of files are fetched, not files."""
    assert live("cow", PATH, s3.environment()).returncode == 0
    s3.seen.clear()
    sql(s3, f"SELECT count(*), max(version) FROM hudi('{PATH}')")
    pieces = [seen for seen in s3.seen if seen.path.endswith(".parquet") and seen.method == "GET"]
    assert pieces and all(seen.headers.get("range", "").startswith("bytes=") for seen in pieces)
    assert all(seen.headers.get("if-match") for seen in pieces)


def test_listings_of_thousands_are_followed_to_their_end(s3, on_disk):
    """The names of 2,500 objects stand before those of the instants in every listing."""
    assert live("cow", PATH, s3.environment()).returncode == 0
    client = s3.client()

    def put(number):
        client.put_object(Bucket=BUCKET, Key=f"lake/db/life/.hoodie/!{number:04d} &+%", Body=b"")

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(put, range(2500)))
    s3.seen.clear()
    everything = "SELECT * FROM hudi('{}') ORDER BY id"
    assert_same(sql(s3, everything.format(PATH)),
                           sql(s3, everything.format(on_disk["cow"])), "behind two full pages")
    assert any("continuation-token=" in seen.query for seen in s3.seen)


@pytest.mark.parametrize("encryption, key", [("AES256", ""), ("aws:kms", "alias/lake")])
def test_every_write_asks_for_the_configured_encryption(s3, tmp_path, encryption, key):
    assert live("mor", PATH, s3.environment()).returncode == 0
    config = tmp_path / "s3.yaml"
    config.write_text(f"s3: {{encryption: '{encryption}', kms_key_id: '{key}'}}\n")
    before = set(s3.tree(""))
    s3.seen.clear()
    run(s3, "table", "compact", PATH, "--config", config)
    run(s3, "sql", "--config", config, "--format", "csv", "--output", f"s3://{BUCKET}/out.csv",
        COUNT.format(PATH))
    puts = [seen for seen in s3.seen if seen.method == "PUT"]
    assert len(puts) > 4
    for put in puts:
        assert put.headers["x-amz-server-side-encryption"] == encryption
        assert put.headers.get("x-amz-server-side-encryption-aws-kms-key-id", "") == key
    client = s3.client()
    for name in set(s3.tree("")) - before:
        stored = client.head_object(Bucket=BUCKET, Key=name)
        assert stored["ServerSideEncryption"] == encryption, name


@pytest.mark.parametrize("fault", ["pass", "lose-answer", 500])
def test_big_results_go_up_in_parts(s3, tmp_path, fault):
    """20 MB; the first answers to the upload's beginning and end are lost."""
    left = {"POST": 1, "PUT": 1}

    def fail(seen):
        beginning = seen.method == "POST" and "uploads=" in seen.query
        if beginning or not left.get(seen.method):
            return "pass"
        left[seen.method] -= 1
        return fault

    s3.fault = fail
    config = tmp_path / "s3.yaml"
    config.write_text("s3: {encryption: AES256}\n")
    statement = "SELECT range AS number, repeat('x', 1000) AS text FROM range(20000)"
    for output in (f"s3://{BUCKET}/big.csv", tmp_path / "big.csv"):
        run(s3, "sql", "--config", config, "--format", "csv", "--output", output, statement)
    assert s3.tree("big.csv") == {"": (tmp_path / "big.csv").read_bytes()}
    begun = [seen for seen in s3.seen if "uploads=" in seen.query]
    assert [seen.headers["x-amz-server-side-encryption"] for seen in begun] == ["AES256"]
    assert len([seen for seen in s3.seen if "partNumber=" in seen.query]) >= 3


def test_a_certificate_must_be_trusted(s3, tmp_path):
    assert live("cow", PATH, s3.environment()).returncode == 0
    certificate, context = self_signed(tmp_path)
    with gateway(s3, context):
        refused = run(s3, "sql", COUNT.format(PATH), check=False)
        assert refused.returncode == 1 and "certificate" in refused.stderr
        for trusting in ("AWS_CA_BUNDLE", "SSL_CERT_FILE"):
            sql(s3, COUNT.format(PATH), env=s3.environment(**{trusting: str(certificate)}))
        config = tmp_path / "s3.yaml"
        config.write_text(f"s3: {{ca_file: '{certificate}'}}\n")
        sql(s3, COUNT.format(PATH), "--config", config)


def count_with(s3: S3Server, environment: dict[str, str], used: str):
    """Count the table's rows with these variables and see that keys `used...` did all requests."""
    s3.seen.clear()
    table = sql(s3, COUNT.format(PATH), env=clean_environment() | {
        "AWS_ENDPOINT_URL_S3": s3.endpoint, "AWS_REGION": "eu-west-1"} | environment)
    assert int(table.rows[0][0]) > 0
    signed = [seen.headers["authorization"] for seen in s3.seen if "/life/" in seen.path]
    assert signed and all(f"Credential={used}" in line for line in signed)


def test_credentials_come_from_every_place_of_the_chain(s3, tmp_path):
    assert live("cow", PATH, s3.environment()).returncode == 0
    count_with(s3, {"AWS_ACCESS_KEY_ID": KEY, "AWS_SECRET_ACCESS_KEY": SECRET}, KEY)

    (tmp_path / ".aws").mkdir()
    (tmp_path / ".aws" / "credentials").write_text(
        f"[lake]\naws_access_key_id = {KEY}\naws_secret_access_key = {SECRET}\n")
    count_with(s3, {"HOME": str(tmp_path), "AWS_PROFILE": "lake"}, KEY)

    token = tmp_path / "token"
    token.write_text("a.web.identity.token\n")
    known = set(s3.keys)
    count_with(s3, {"AWS_WEB_IDENTITY_TOKEN_FILE": str(token), "AWS_ENDPOINT_URL_STS": s3.endpoint,
                    "AWS_ROLE_ARN": "arn:aws:iam::123456789012:role/lake"}, "ASIA")
    assert set(s3.keys) > known

    with agent(s3, "ASIACONTAINER") as address:
        count_with(s3, {"AWS_CONTAINER_CREDENTIALS_FULL_URI": f"{address}/container",
                        "AWS_CONTAINER_AUTHORIZATION_TOKEN": "container-proof"}, "ASIACONTAINER")
    with agent(s3, "ASIAINSTANCE") as address:
        count_with(s3, {"AWS_EC2_METADATA_DISABLED": "false",
                        "AWS_EC2_METADATA_SERVICE_ENDPOINT": address}, "ASIAINSTANCE")


def test_what_is_wrong_is_told(s3, tmp_path):
    def said(*arguments, **variables):
        done = run(s3, *arguments, check=False, env=s3.environment(**variables))
        assert done.returncode == 1
        return done.stderr

    nothing = COUNT.format(PATH)
    assert f"no Hudi table at '{PATH}'" in said("sql", nothing)
    assert "NoSuchBucket" in said("sql", COUNT.format("s3://no-bucket-here/x"))
    assert "no place on S3" in said("sql", COUNT.format("s3://X/y"))
    assert "SignatureDoesNotMatch" in said("sql", nothing, AWS_SECRET_ACCESS_KEY="wrong")
    assert "no AWS credentials" in said(
        "sql", nothing, AWS_ACCESS_KEY_ID="", AWS_SECRET_ACCESS_KEY="")
    assert "S3 endpoint 'nowhere'" in said("sql", nothing, AWS_ENDPOINT_URL="nowhere")
    assert "no answer" in said("sql", nothing, AWS_ENDPOINT_URL="http://127.0.0.1:1")
    lake = f"s3://{BUCKET}/lake"
    events = tmp_path / "events.ndjson"
    events.write_text("{}\n")
    for verb in (["up", "--lake", lake], ["check", "--config", lake_config(tmp_path, lake)],
                 ["ingest", "--once", "--lake", lake, "--table", "db.life", events]):
        assert "lies on S3" in said(*verb), verb


def lake_config(folder: Path, lake: str) -> Path:
    path = folder / "lake.yaml"
    path.write_text(f"lake: {{path: '{lake}'}}\n")
    return path
