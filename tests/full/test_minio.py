"""What a real S3 server does and moto does not: it knows its keys and who may do what, it keeps old
versions, and it dies (`./dev test --full s3`)."""

import json
import random
import threading

import pytest

from support.s3_server import BUCKET, S3Server, s3_server
from support.s3_tables import COUNT, Twins, assert_same, live, run, sql, twins_below

READ_ONLY = json.dumps({"Version": "2012-10-17", "Statement": [{
    "Effect": "Allow", "Action": ["s3:GetObject", "s3:ListBucket"], "Resource": "arn:aws:s3:::*"}]})


@pytest.fixture
def s3():
    with s3_server() as server:
        yield server


@pytest.fixture
def twins(tmp_path) -> Twins:
    return twins_below(tmp_path, "mor")


def assert_lives(s3: S3Server, twins: Twins):
    """On disk and on S3."""
    for path in (twins.disk, twins.path):
        done = live("mor", path, s3.environment())
        assert done.returncode == 0, done.stderr


def test_an_encryption_key_that_is_not_there_is_named(s3, twins, tmp_path):
    assert_lives(s3, twins)
    before, config = s3.tree(twins.key), tmp_path / "s3.yaml"
    config.write_text("s3: {encryption: 'aws:kms', kms_key_id: 'no-such-key'}\n")
    done = run(s3, "table", "compact", twins.path, "--config", config, check=False)
    assert done.returncode == 1
    assert "KeyNotFound" in done.stderr and "no-such-key" in done.stderr
    assert s3.tree(twins.key) == before


def test_who_may_only_read_reads_and_is_told_when_he_writes(s3, twins):
    assert_lives(s3, twins)
    before, (key, keys) = s3.tree(twins.key), s3.temporary_keys(Policy=READ_ONLY)
    reader = s3.environment(AWS_ACCESS_KEY_ID=key, AWS_SECRET_ACCESS_KEY=keys.secret,
                            AWS_SESSION_TOKEN=keys.token)
    everything = f"SELECT * FROM hudi('{twins.path}')"
    assert_same(sql(s3, everything, env=reader), sql(s3, everything), "with keys that may read")
    done = run(s3, "table", "compact", twins.path, check=False, env=reader)
    assert done.returncode == 1 and "AccessDenied" in done.stderr
    assert s3.tree(twins.key) == before


def test_a_bucket_that_keeps_versions_shows_the_same_life(s3, twins):
    s3.client().put_bucket_versioning(
        Bucket=BUCKET, VersioningConfiguration={"Status": "Enabled"})
    assert_lives(s3, twins)
    twins.assert_same_files(s3)
    kept = s3.client().list_object_versions(Bucket=BUCKET, Prefix=twins.key)
    assert kept["DeleteMarkers"]
    assert json.loads(run(s3, "table", "verify", twins.path, "--json").stdout)["sound"]


def test_a_bucket_encrypts_what_is_written_without_a_wish(s3, twins):
    s3.client().put_bucket_encryption(Bucket=BUCKET, ServerSideEncryptionConfiguration={
        "Rules": [{"ApplyServerSideEncryptionByDefault": {
            "SSEAlgorithm": "aws:kms", "KMSMasterKeyID": s3.backend.kms_key}}]})
    assert_lives(s3, twins)
    twins.assert_same_files(s3)
    for name in s3.tree(twins.key):
        stored = s3.client().head_object(Bucket=BUCKET, Key=twins.key + name)
        assert stored["SSEKMSKeyId"].endswith(s3.backend.kms_key), name
    assert_same(sql(s3, COUNT.format(twins.path)), sql(s3, COUNT.format(twins.disk)), "encrypted")


def test_a_table_lives_on_however_often_the_server_is_killed(s3, twins):
    """Killed before, amidst and after writes; it is back before the request comes again."""
    dice, reaper = random.Random(1), Reaper(s3)

    def fault(seen):
        reaper.revive()
        if seen.method != "GET" and dice.random() < 0.08:
            reaper.kill_in(dice.uniform(0, 0.02))
        return "pass"

    s3.fault = fault
    assert_lives(s3, twins)
    reaper.revive()
    twins.assert_same_files(s3)
    lost = {seen.method for seen in s3.seen if not seen.status}
    assert reaper.deaths > 5 and "PUT" in lost


class Reaper:
    """Ends the server by force, and starts it anew."""

    def __init__(self, s3: S3Server):
        self.program, self.lock = s3.backend.program, threading.Lock()
        self.timer, self.deaths = None, 0

    def kill_in(self, seconds: float):
        with self.lock:
            self.timer = threading.Timer(seconds, self.program.end, kwargs={"kill": True})
            self.timer.start()

    def revive(self):
        with self.lock:
            if self.timer:
                self.timer.join()
                self.program.start()
                self.timer, self.deaths = None, self.deaths + 1
