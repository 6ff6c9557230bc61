"""Tables on an S3 server: the same life as on disk, however it answers; who reads; what is told."""

import json
import random
import re
from concurrent.futures import ThreadPoolExecutor

import pytest

from support import readers
from support.credential_services import agent
from support.local_server import clean_environment
from support.s3_backends import KEY, REGION, SECRET
from support.s3_server import BUCKET, ROLE, S3Server, gateway, s3_server
from support.s3_tables import COUNT, Twins, assert_same, copied, live, run, sql, twins_below
from support.tls import self_signed

TYPES = ["cow", "mor"]


@pytest.fixture(scope="module")
def server():
    with s3_server() as s3:
        yield s3


@pytest.fixture(scope="module")
def tables(server: S3Server, tmp_path_factory) -> dict[str, Twins]:
    """One of each type; tests do not change them."""
    made = {}
    for type in TYPES:
        made[type] = twins_below(tmp_path_factory.mktemp("table"), type)
        for path in (made[type].disk, made[type].path):
            done = live(type, path, server.environment())
            assert done.returncode == 0, done.stderr
    return made


@pytest.fixture
def s3(server: S3Server, tables):
    """The server, failing at nothing, with nothing of earlier tests on it or in its record."""
    kept = tuple(twins.key for twins in tables.values())
    client = server.client()
    for page in client.get_paginator("list_objects_v2").paginate(Bucket=BUCKET):
        for entry in page.get("Contents", []):
            if not entry["Key"].startswith(kept):
                client.delete_object(Bucket=BUCKET, Key=entry["Key"])
    server.seen.clear()
    server.fault = lambda seen: "pass"
    return server


@pytest.mark.parametrize("type", TYPES)
def test_a_table_lives_the_same_life_on_s3_and_on_disk(s3, type, tables):
    tables[type].assert_same_files(s3)


@pytest.mark.parametrize("type", TYPES)
def test_it_lives_the_same_life_whatever_requests_fail(s3, type, tables):
    dice = random.Random(1)
    faults = [500, 503, "lose-request", "lose-answer", "cut-answer"]
    done_to = []

    def fault(seen):
        if dice.random() > 0.12:
            return "pass"
        what = dice.choice(faults)
        done_to.append((seen.method, what))
        return what

    s3.fault = fault
    twin = tables[type].elsewhere("/fault")
    done = live(type, twin.path, s3.environment())
    assert done.returncode == 0, done.stderr
    twin.assert_same_files(s3)
    assert {("PUT", "lose-answer"), ("PUT", 500), ("GET", "cut-answer")} <= set(done_to)


def test_one_of_many_creators_wins(s3):
    path = f"s3://{BUCKET}/contested"
    with ThreadPoolExecutor(5) as pool:
        done = list(pool.map(lambda _: live("cow", path, s3.environment()), range(5)))
    assert [life.returncode for life in done].count(0) == 1
    losers = [life.stderr for life in done if life.returncode != 0]
    assert all("hoodie.properties' exists" in said for said in losers), losers


@pytest.mark.parametrize("type", TYPES)
def test_every_reader_sees_on_s3_what_it_sees_on_disk(s3, type, tables, monkeypatch):
    twins, lake = tables[type], tables[type].path.removesuffix(f"/db/{type}")
    everything = "SELECT * FROM hudi('{}')"
    expected = sql(s3, everything.format(twins.disk))
    assert len(expected.rows) > 40
    assert_same(sql(s3, everything.format(twins.path)), expected, "hudi('s3://...')")
    assert_same(sql(s3, everything.format(twins.path.replace("s3:", "s3a:"))), expected, "s3a")
    assert_same(sql(s3, f"SELECT * FROM db.{type}", "--lake", lake), expected, "a lake on S3")
    variables = s3.environment(AWS_ENDPOINT_URL=s3.backend.url, AWS_ALLOW_HTTP="true")
    for name, value in variables.items():
        if name.startswith("AWS_"):
            monkeypatch.setenv(name, value)
    by_hudi_rs = readers.read_hudi_rs(twins.path)
    assert_same(by_hudi_rs, readers.read_hudi_rs(twins.disk), "hudi-rs on S3")
    assert_same(readers.without_meta(expected).select(by_hudi_rs.columns), by_hudi_rs, "hudi-rs")


def test_history_is_read_on_s3_as_on_disk(s3, tables):
    twins = tables["mor"]
    commits = sql(s3, f"SELECT * FROM hudi_commits('{twins.disk}')")
    assert_same(sql(s3, f"SELECT * FROM hudi_commits('{twins.path}')"), commits, "commits")
    since = sorted(commits.select(["commit_time"]).rows)[-2][0]
    for function in (f"hudi('{{}}', as_of := '{since}')", f"hudi_changes('{{}}', '{since}')",
                     f"hudi_incremental('{{}}', '{since}')",
                     "hudi('{}', mode := 'read_optimized')", "hudi_partitions('{}')"):
        statement = f"SELECT * FROM {function}"
        assert_same(sql(s3, statement.format(twins.path)), sql(s3, statement.format(twins.disk)),
                    function)


@pytest.mark.parametrize("type", TYPES)
def test_tables_on_s3_are_looked_at_as_on_disk(s3, type, tables):
    twins = tables[type]
    for verb in ("describe", "history", "files", "verify"):
        told = run(s3, "table", verb, twins.path, "--json").stdout
        expected = run(s3, "table", verb, twins.disk, "--json").stdout
        assert json.loads(told.replace(twins.path, str(twins.disk))) == json.loads(expected), verb
    lake = twins.path.removesuffix(f"/db/{type}")
    listed = json.loads(run(s3, "table", "list", "--lake", lake, "--json").stdout)
    assert {"database": "db", "name": type, "path": twins.path} in listed


def test_tables_on_s3_are_maintained(s3, tables):
    path = copied(s3, tables["mor"])
    rows = f"SELECT id, version, text FROM hudi('{path}')"
    before = sql(s3, rows)
    run(s3, "table", "compact", path)
    run(s3, "table", "clean", path, "--versions", "1", "--readers", "0s")
    assert_same(sql(s3, rows), before, "after compaction and clean")
    assert json.loads(run(s3, "table", "verify", path, "--json").stdout)["sound"]
    assert not [name for name in s3.tree("copy/db/t/day=") if ".log." in name]


def test_a_query_fetches_pieces_of_files(s3, tables):
    """Columns and row groups are left out on S3, too."""
    sql(s3, f"SELECT count(*), max(version) FROM hudi('{tables['cow'].path}')")
    pieces = [seen for seen in s3.seen if seen.path.endswith(".parquet") and seen.method == "GET"]
    assert pieces and all(seen.headers.get("range", "").startswith("bytes=") for seen in pieces)
    assert all(seen.headers.get("if-match") for seen in pieces)


def test_listings_of_thousands_are_followed_to_their_end(s3, tables):
    """The names of 2,500 objects stand before those of the instants in every listing."""
    path, client = copied(s3, tables["cow"]), s3.client()

    def put(number):
        client.put_object(Bucket=BUCKET, Key=f"copy/db/t/.hoodie/!{number:04d} &+%", Body=b"")

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(put, range(2500)))
    everything = "SELECT * FROM hudi('{}')"
    assert_same(sql(s3, everything.format(path)), sql(s3, everything.format(tables["cow"].disk)),
                "behind two full pages")
    assert any("continuation-token=" in seen.query for seen in s3.seen)


@pytest.mark.parametrize("encryption", ["AES256", "aws:kms"])
def test_every_write_is_encrypted_as_configured(s3, tmp_path, encryption, tables):
    path, key = copied(s3, tables["mor"]), s3.backend.kms_key if encryption == "aws:kms" else ""
    config = tmp_path / "s3.yaml"
    config.write_text(f"s3: {{encryption: '{encryption}', kms_key_id: '{key}'}}\n")
    before, rows = set(s3.tree("copy")), f"SELECT id, version, text FROM hudi('{path}')"
    expected = sql(s3, rows)
    run(s3, "table", "compact", path, "--config", config)
    puts = [seen for seen in s3.seen if seen.method == "PUT"]
    assert len(puts) > 3
    for put in puts:
        assert put.headers["x-amz-server-side-encryption"] == encryption
        assert put.headers.get("x-amz-server-side-encryption-aws-kms-key-id", "") == key
    for name in set(s3.tree("copy")) - before:
        stored = s3.client().head_object(Bucket=BUCKET, Key="copy" + name)
        assert stored["ServerSideEncryption"] == encryption, name
        assert stored.get("SSEKMSKeyId", "").endswith(key), name
    assert_same(sql(s3, rows), expected, "encrypted")


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


def test_a_certificate_must_be_trusted(s3, tmp_path, tables):
    count = COUNT.format(tables["cow"].path)
    certificate, context = self_signed(tmp_path)
    with gateway(s3, context):
        refused = run(s3, "sql", count, check=False)
        assert refused.returncode == 1 and "certificate" in refused.stderr
        for trusting in ("AWS_CA_BUNDLE", "SSL_CERT_FILE"):
            sql(s3, count, env=s3.environment(**{trusting: str(certificate)}))
        config = tmp_path / "s3.yaml"
        config.write_text(f"s3: {{ca_file: '{certificate}'}}\n")
        sql(s3, count, "--config", config)


def test_credentials_come_from_every_place_of_the_chain(s3, tmp_path, tables):
    path = tables["cow"].path

    def keys_of_count(**variables: str) -> str:
        """Count the rows with these variables; return the id of the keys of all requests."""
        s3.seen.clear()
        counted = sql(s3, COUNT.format(path), env=clean_environment() | {
            "AWS_ENDPOINT_URL_S3": s3.endpoint, "AWS_REGION": REGION} | variables)
        assert int(counted.rows[0][0]) > 0
        signed = [seen.headers["authorization"] for seen in s3.seen if BUCKET in seen.path]
        (key,) = {re.search("Credential=([^/]+)", line)[1] for line in signed}
        return key

    assert keys_of_count(AWS_ACCESS_KEY_ID=KEY, AWS_SECRET_ACCESS_KEY=SECRET) == KEY

    (tmp_path / ".aws").mkdir()
    (tmp_path / ".aws" / "credentials").write_text(
        f"[lake]\naws_access_key_id = {KEY}\naws_secret_access_key = {SECRET}\n")
    assert keys_of_count(HOME=str(tmp_path), AWS_PROFILE="lake") == KEY

    known, sts = set(s3.keys), {"AWS_ENDPOINT_URL_STS": s3.endpoint}
    (tmp_path / ".aws" / "config").write_text(
        f"[profile as-role]\nrole_arn = {ROLE}\nsource_profile = lake\n")
    given = keys_of_count(HOME=str(tmp_path), AWS_PROFILE="as-role", **sts)
    assert given not in known and s3.keys[given].token

    known, token = set(s3.keys), tmp_path / "token"
    token.write_text(s3.backend.web_identity_token + "\n")
    given = keys_of_count(AWS_WEB_IDENTITY_TOKEN_FILE=str(token), AWS_ROLE_ARN=ROLE, **sts)
    assert given not in known and s3.keys[given].token

    given, keys = s3.temporary_keys()
    with agent(given, keys) as address:
        assert given == keys_of_count(AWS_CONTAINER_CREDENTIALS_FULL_URI=f"{address}/container",
                                      AWS_CONTAINER_AUTHORIZATION_TOKEN="container-proof")
    given, keys = s3.temporary_keys()
    with agent(given, keys) as address:
        assert given == keys_of_count(AWS_EC2_METADATA_DISABLED="false",
                                      AWS_EC2_METADATA_SERVICE_ENDPOINT=address)


def test_what_is_wrong_is_told(s3, tmp_path):
    def said(*arguments, **variables):
        done = run(s3, *arguments, check=False, env=s3.environment(**variables))
        assert done.returncode == 1
        return done.stderr + done.stdout

    nowhere = f"s3://{BUCKET}/nothing/here"
    nothing = COUNT.format(nowhere)
    assert f"no Hudi table at '{nowhere}'" in said("sql", nothing)
    assert "NoSuchBucket" in said("sql", COUNT.format("s3://no-bucket-here/x"))
    assert "no place on S3" in said("sql", COUNT.format("s3://X/y"))
    assert "SignatureDoesNotMatch" in said("sql", nothing, AWS_SECRET_ACCESS_KEY="wrong")
    assert "no AWS credentials" in said(
        "sql", nothing, AWS_ACCESS_KEY_ID="", AWS_SECRET_ACCESS_KEY="")
    assert "S3 endpoint 'nowhere'" in said("sql", nothing, AWS_ENDPOINT_URL="nowhere")
    assert "no answer" in said("sql", nothing, AWS_ENDPOINT_URL="http://127.0.0.1:1")
    lake, config = f"s3://{BUCKET}/lake", tmp_path / "lake.yaml"
    config.write_text(f"lake: {{path: '{lake}'}}\n")
    events = tmp_path / "events.ndjson"
    events.write_text("{}\n")
    for verb in (["up", "--lake", lake], ["check", "--config", config],
                 ["ingest", "--once", "--lake", lake, "--table", "db.life", events]):
        assert "lies on S3" in said(*verb), verb
