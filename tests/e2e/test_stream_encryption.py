"""Streams that clients of the AWS-compatible door encrypt, in the running program: what lies on
disk, what comes back, and what happens when the key is away."""

import json
import shutil

from support import csv_table, program, readers
from support.aws_door import ACCOUNT, REGION, open_door, read_shard, refusal, wait_for

KEY = {"EncryptionType": "KMS", "KeyId": "alias/aws/kinesis"}
PLAIN = ", compression: none"


def segments(door, *folders: str) -> bytes:
    files = sorted(door.lake.path.joinpath(".tapelake", *folders).rglob("*.segment"))
    assert files
    return b"".join(file.read_bytes() for file in files)


def test_a_tables_stream_is_encrypted_and_its_table_is_what_it_must_be(tmp_path):
    simulation = program.simulate(tmp_path, seed=72, changes=3000, shape="streams")
    events = simulation.events.read_bytes().splitlines()
    with open_door(tmp_path, stream=PLAIN) as door:
        client = door.client()

        def put(lines):
            for begin in range(0, len(lines), 500):
                answer = client.put_records(StreamName=program.TABLE, Records=[
                    {"Data": line, "PartitionKey": "key"} for line in lines[begin:begin + 500]])
                assert answer["FailedRecordCount"] == 0
                types.append(answer["EncryptionType"])

        types = []
        put(events[:1000])
        assert b"wallet_address" in segments(door, "streams")
        client.start_stream_encryption(StreamName=program.TABLE, **KEY)
        before = len(segments(door, "streams"))
        put(events[1000:2000])
        assert b"wallet_address" not in segments(door, "streams")[before:]
        door.kill()
        door.start()
        client = door.client()
        described = client.describe_stream_summary(StreamName=program.TABLE)
        assert described["StreamDescriptionSummary"]["KeyId"] == "alias/aws/kinesis"
        put(events[2000:])
        assert types == ["NONE"] * 2 + ["KMS"] * (len(types) - 2)
        assert b"wallet_address" not in segments(door, "streams")[before:]
        firehose = door.client("firehose").describe_delivery_stream(
            DeliveryStreamName=program.TABLE)["DeliveryStreamDescription"]
        assert firehose["DeliveryStreamEncryptionConfiguration"] == {
            "KeyType": "AWS_OWNED_CMK", "Status": "ENABLED"}
        wait_for(lambda: door.rows() == len(simulation.expected.rows), "the rows")
        door.stop()
        shown = readers.read_sql(door.lake)
        columns = [name for name in shown.columns if name != "_change_seq"]
        csv_table.assert_equal(shown.select(columns), simulation.expected,
                               "put into an encrypted stream")
        told = json.loads(program.run("stream", "describe", program.TABLE, "--json",
                                      "--lake", door.lake.path).stdout)
        assert told["encryption_key"] == "alias/aws/kinesis"
        again = program.run("stream", "get", program.TABLE, "--from", "first",
                            "--lake", door.lake.path).stdout.splitlines()
        assert again == events


def test_records_say_how_they_are_stored_and_need_their_key(tmp_path):
    key = tmp_path / "elsewhere" / "key"
    with open_door(tmp_path, stream=f"{PLAIN}, key_file: {key}") as door:
        client = door.client()
        client.create_stream(StreamName="clicks", ShardCount=1)

        def put(data):
            return client.put_record(StreamName="clicks", PartitionKey="k",
                                     Data=data)["EncryptionType"]

        assert put("plain 1") == "NONE"
        client.start_stream_encryption(StreamName="clicks", **KEY)
        assert put("secret 1") == "KMS"
        door.kill()
        door.start()
        client = door.client()
        assert put("secret 2") == "KMS"
        arn = f"arn:aws:kms:{REGION}:{ACCOUNT}:alias/aws/kinesis"
        client.stop_stream_encryption(StreamName="clicks", EncryptionType="KMS", KeyId=arn)
        assert put("plain 2") == "NONE"
        records = [(record["Data"], record.get("EncryptionType"))
                   for record in read_shard(client, "clicks", "shardId-000000000000")]
        assert records == [(b"plain 1", None), (b"secret 1", "KMS"), (b"secret 2", "KMS"),
                           (b"plain 2", None)]
        stored = segments(door, "made-streams", "clicks")
        assert b"plain 1" in stored and b"plain 2" in stored and b"secret" not in stored
        name, message = refusal(client.start_stream_encryption, StreamName="clicks",
                                EncryptionType="KMS", KeyId="alias/mine")
        assert name == "KMSNotFoundException" and "alias/mine" in message
        client.start_stream_encryption(StreamName="clicks", **KEY)
        door.stop()
        assert key.stat().st_mode & 0o777 == 0o600

        shutil.move(key, tmp_path / "saved")
        refused = program.run("up", "--config", door.lake.config, check=False)
        error = refused.stderr.decode()
        assert refused.returncode == 1 and "stream 'clicks' is to be encrypted" in error
        assert "hint: put that key's file there again" in error and str(key) in error
        shutil.move(tmp_path / "saved", key)
        door.start()
        assert [record["Data"] for record in
                read_shard(door.client(), "clicks", "shardId-000000000000")] == [
                    data for data, _ in records]
        door.stop()


def test_a_delivery_stream_keeps_what_waits_encrypted(tmp_path):
    with open_door(tmp_path, stream=PLAIN) as door:
        firehose = door.client("firehose")
        destination = {"RoleARN": "arn:aws:iam::123456789012:role/any",
                       "BucketARN": "arn:aws:s3:::landing",
                       "BufferingHints": {"SizeInMBs": 5, "IntervalInSeconds": 900}}
        firehose.create_delivery_stream(
            DeliveryStreamName="orders", S3DestinationConfiguration=destination,
            DeliveryStreamEncryptionConfigurationInput={"KeyType": "AWS_OWNED_CMK"})
        put = firehose.put_record(DeliveryStreamName="orders", Record={"Data": "secret 1\n"})
        assert put["Encrypted"]
        assert b"secret" not in segments(door, "made-deliveries", "orders")
        firehose.stop_delivery_stream_encryption(DeliveryStreamName="orders")
        put = firehose.put_record(DeliveryStreamName="orders", Record={"Data": "plain 1\n"})
        assert not put["Encrypted"]
        assert b"plain 1" in segments(door, "made-deliveries", "orders")
        door.kill()
        door.start()
        firehose = door.client("firehose")
        firehose.delete_delivery_stream(DeliveryStreamName="orders")
        objects = [path for path in (door.lake.path / "buckets" / "landing").rglob("*")
                   if path.is_file()]
        assert b"".join(sorted((path.read_bytes() for path in objects),
                               reverse=True)) == b"secret 1\nplain 1\n"
        door.stop()
