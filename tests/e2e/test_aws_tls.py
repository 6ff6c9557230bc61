"""The AWS-compatible door over TLS, through boto3, the AWS CLI and bare sockets."""

import json
import re
import socket
import ssl
import stat
import subprocess
import time

import pytest
from botocore.exceptions import SSLError

from support import program, tls
from support.aws_door import ACCOUNT, configured, open_door, read_shard, wait_for

STREAM = program.TABLE
HANDSHAKE_RECORD = b"\x16\x03\x01\x02\x00\x01"


@pytest.fixture(scope="module")
def door(tmp_path_factory):
    with open_door(tmp_path_factory.mktemp("aws-tls"), tls=True) as opened:
        yield opened
        opened.stop()


def ended(connection: socket.socket) -> bool:
    """Whether the other end closes, in the time of a handshake and a bit."""
    connection.settimeout(30)
    try:
        while connection.recv(4096):
            pass
    except ConnectionResetError:
        pass
    except TimeoutError:
        return False
    return True


def test_boto3_trusts_the_lakes_authority(door):
    assert door.url.startswith("https://127.0.0.1:")
    client = door.client()
    data = [bytes([i % 256]) * (i * 100) for i in range(1, 200)]
    placed = client.put_records(
        StreamName=STREAM, Records=[{"Data": d, "PartitionKey": "k"} for d in data])
    assert placed["FailedRecordCount"] == 0
    [shard] = {place["ShardId"] for place in placed["Records"]}
    assert [record["Data"] for record in read_shard(client, STREAM, shard)][-len(data):] == data
    assert door.client("sts").get_caller_identity()["Account"] == ACCOUNT


def test_the_cli_trusts_it_too(door):
    assert door.cli("kinesis", "list-streams")["StreamNames"] == [STREAM]


def test_a_client_that_trusts_others_stays_away(door, tmp_path):
    foreign, _ = tls.self_signed(tmp_path)
    for verify in (None, str(foreign)):
        with pytest.raises(SSLError):
            door.client(verify=verify).list_streams()
    assert door.client().list_streams()["StreamNames"] == [STREAM]


def test_who_speaks_plainly_is_told_so(door):
    with door.connect() as connection:
        connection.sendall(b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n")
        answer = connection.makefile("rb").read().decode()
    assert answer.startswith("HTTP/1.1 400 ")
    told = json.loads(answer.split("\r\n\r\n", 1)[1])
    assert told["__type"] == "MalformedHttpRequestException"
    assert "this port speaks TLS" in told["message"]


def test_only_strong_versions_are_spoken(door):
    for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
        with door.greet(minimum_version=version, maximum_version=version) as connection:
            assert connection.version() == version.name.replace("_", ".")
    # TLS 1.1, on the wire as openssl writes it: security level 0 lets it try.
    done = subprocess.run(
        ["openssl", "s_client", "-connect", door.authority, "-tls1_1", "-cipher", "ALL@SECLEVEL=0"],
        stdin=subprocess.DEVNULL, capture_output=True, timeout=60, check=False)
    assert b"Cipher is (NONE)" in done.stdout


def test_half_a_handshake_holds_nothing_up(door):
    with door.connect() as silent, door.connect() as half, door.connect() as broken:
        half.sendall(HANDSHAKE_RECORD)
        broken.sendall(HANDSHAKE_RECORD + b"\xff" * 600)
        assert door.client().list_streams()["StreamNames"] == [STREAM]
        assert ended(broken)
        assert ended(half) and ended(silent)


def test_many_idle_handshakes_keep_nobody_out(tmp_path):
    with open_door(tmp_path, ", clients_max: 8", tls=True) as door:
        idle = [door.connect() for _ in range(100)]
        for connection in idle[::2]:
            connection.sendall(HANDSHAKE_RECORD)
        begin = time.monotonic()
        assert door.client().list_streams()["StreamNames"] == [STREAM]
        assert time.monotonic() - begin < 5
        assert ended(idle[0])
        for connection in idle:
            connection.close()
        door.stop()


def test_a_signature_is_needed_all_the_same(door):
    request = door.signed("Kinesis_20131202.ListStreams", b"{}")
    assert door.send(request) == 200
    request.body = b"{ }"
    assert door.send(request) == 400


def test_keys_are_for_their_user_alone(door):
    folder = door.lake.path / ".tapelake" / "tls"
    for name in ("authority.pem", "server.pem"):
        assert stat.S_IMODE((folder / name).stat().st_mode) == 0o600
        assert b"PRIVATE KEY" in (folder / name).read_bytes()
    assert b"PRIVATE KEY" not in (folder / "ca.pem").read_bytes()


def test_a_new_certificate_needs_no_new_trust(tmp_path):
    with open_door(tmp_path, tls=True) as door:
        before = door.ca.read_bytes()
        done = program.run("keys", "certify", "--lake", door.lake.path, "lake.internal", "192.0.2.7")
        assert done.stdout.decode() == f"AWS_CA_BUNDLE={door.ca}\n"
        assert door.ca.read_bytes() == before

        def shown() -> set[str]:
            with door.greet() as connection:
                return {value for _, value in connection.getpeercert()["subjectAltName"]}

        wait_for(lambda: "lake.internal" in shown(), "the new certificate")
        assert shown() >= {"lake.internal", "192.0.2.7", "localhost", "127.0.0.1"}
        assert door.client().list_streams()["StreamNames"] == [STREAM]
        door.stop()
    done = program.run("keys", "certify", "--lake", door.lake.path, "a b", check=False)
    assert done.returncode == 1 and "is no name or address of a host" in done.stderr.decode()


def up_once(folder, keys: str):
    """`up` for a second with these further keys of `doors.aws`."""
    lake = program.Lake(folder / "lake", config=folder / "up.yaml")
    lake.config.write_text(configured(lake.path, keys))
    return program.run("up", "--config", lake.config, "--duration", "1s", check=False)


def test_a_certificate_of_ones_own_is_shown(tmp_path):
    certificate, _ = tls.self_signed(tmp_path)
    given = f", tls: {{certificate: '{certificate}', key: '{tmp_path / 'key.pem'}'}}"
    with open_door(tmp_path, given) as door:
        door.ca = certificate
        assert door.url.startswith("https://")
        assert door.client().list_streams()["StreamNames"] == [STREAM]
        door.stop()
    done = up_once(tmp_path, given)
    assert done.returncode == 0
    assert re.search(rb"its certificate is good until \d{4}-\d\d-\d\d", done.stdout)


@pytest.mark.parametrize("keys, what", [
    ("certificate: 'none.pem'", "none.pem"),
    ("key: 'key.pem'", "stands without a certificate"),
    ("certificate: '{folder}/key.pem'", "there is no certificate in it"),
    ("certificate: '{folder}/certificate.pem'", "its key cannot be used"),
    ("certificate: '{folder}/certificate.pem', key: '{folder}/locked.pem'",
     "its key cannot be used"),
    ("certificate: '{folder}/old.pem', key: '{folder}/key.pem'", "it ended at"),
    ("enabled: true", "'tapelake keys certify HOST' makes one"),
])
def test_a_certificate_that_is_none_is_named(tmp_path, keys, what):
    tls.self_signed(tmp_path)
    subprocess.run(["openssl", "pkcs8", "-topk8", "-in", tmp_path / "key.pem", "-passout",
                    "pass:secret", "-out", tmp_path / "locked.pem"], check=True,
                   capture_output=True)
    subprocess.run(["openssl", "x509", "-in", tmp_path / "certificate.pem", "-signkey",
                    tmp_path / "key.pem", "-days", "-1", "-out", tmp_path / "old.pem"], check=True,
                   capture_output=True)
    done = up_once(tmp_path, ", tls: {" + keys.format(folder=tmp_path) + "}")
    assert done.returncode == 1
    assert what in done.stderr.decode()


def test_check_tells_of_the_port(tmp_path):
    config = tmp_path / "up.yaml"

    def told(more: str) -> str:
        config.write_text(configured(tmp_path / "lake", more))
        done = program.run("check", "--config", config, check=False)
        return (done.stdout + done.stderr).decode()

    assert "of this machine, without TLS" in told("")
    assert "'tapelake keys certify HOST' makes one" in told(", tls: {enabled: true}")
    program.run("keys", "certify", "--lake", tmp_path / "lake")
    assert "over TLS; its certificate is good until 2" in told(", tls: {enabled: true}")
