"""Delivery streams that clients of the AWS-compatible door make, through boto3: what is put into them
lies in their bucket, each record once, whatever dies."""

import gzip
import json
import random
import threading
import time
import zipfile
from collections import Counter
from pathlib import Path

from botocore.exceptions import BotoCoreError, ClientError

from support import program
from support.aws_door import ACCOUNT, REGION, open_door, refusal, wait_for
from support.s3_server import BUCKET, s3_server

ROLE = f"arn:aws:iam::{ACCOUNT}:role/firehose"
HINTS = {"SizeInMBs": 1, "IntervalInSeconds": 1}
DESTINATION = "destinationId-000000000001"


def s3(**more) -> dict:
    """A destination."""
    return {"RoleARN": ROLE, "BucketARN": "arn:aws:s3:::landing", "BufferingHints": HINTS} | more


def put(firehose, name: str, records: list[bytes]) -> None:
    for begin in range(0, len(records), 500):
        answer = firehose.put_record_batch(
            DeliveryStreamName=name, Records=[{"Data": data} for data in records[begin:begin + 500]])
        assert answer["FailedPutCount"] == 0


def objects(door, prefix: str = "") -> list[Path]:
    below = door.lake.path / "buckets" / "landing" / prefix
    return sorted(path for path in below.rglob("*")
                  if path.is_file() and not path.name.startswith("."))


def content(paths: list[Path]) -> bytes:
    return b"".join(gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
                    for path in paths)


def describe(firehose, name: str) -> dict:
    return firehose.describe_delivery_stream(DeliveryStreamName=name)["DeliveryStreamDescription"]


def test_each_record_is_delivered_once_whatever_dies(tmp_path):
    """Killed while records come, and stopped; those that were not answered may be there, too."""
    random_ = random.Random(5)
    answered, asked = Counter(), Counter()
    with open_door(tmp_path) as door:
        made = door.client("firehose").create_delivery_stream(
            DeliveryStreamName="orders", ExtendedS3DestinationConfiguration=s3(
                CompressionFormat="GZIP", Prefix="data/!{timestamp:yyyy-MM-dd}/",
                ErrorOutputPrefix="bad/!{firehose:error-output-type}/"),
            Tags=[{"Key": "team", "Value": "a"}])
        assert made["DeliveryStreamARN"] == \
            f"arn:aws:firehose:{REGION}:{ACCOUNT}:deliverystream/orders"
        for life in range(5):
            firehose = door.client("firehose")
            assert firehose.list_delivery_streams()["DeliveryStreamNames"] == \
                [program.TABLE, "orders"]
            dying = threading.Timer(random_.uniform(0.5, 2.5), door.kill)
            dying.start()
            number = 0
            while True:
                batch = [b"%d-%d-%d\n" % (life, number, i) for i in range(random_.randrange(1, 200))]
                number += 1
                asked.update(batch)
                try:
                    put(firehose, "orders", batch)
                except (ClientError, BotoCoreError):
                    break
                answered.update(batch)
            dying.join()
            door.start()
        firehose = door.client("firehose")
        put(firehose, "orders", [b"last\n"])
        door.stop()
        door.start()
        wait_for(lambda: b"last\n" in content(objects(door)), "the last record")
        paths = objects(door)
        assert all(path.parent.parent.name == "data" and path.name.startswith("orders-1-")
                   and path.suffix == ".gz" for path in paths), paths
        delivered = Counter(content(paths).splitlines(keepends=True))
        assert set(delivered.values()) == {1}
        assert set(answered) <= set(delivered) <= set(asked) | {b"last\n"}
        assert len(answered) > 1000
        assert describe(door.client("firehose"), "orders")["VersionId"] == "1"
        door.stop()


def test_records_are_bytes_that_nothing_separates(tmp_path):
    with open_door(tmp_path) as door:
        firehose = door.client("firehose")
        firehose.create_delivery_stream(DeliveryStreamName="plain", S3DestinationConfiguration=s3())
        records = [bytes(range(256)), b"\0", b"x" * 1_024_000, b"no end"]
        put(firehose, "plain", records)
        wait_for(lambda: content(objects(door)) == b"".join(records), "the records")
        assert all(path.suffix == "" for path in objects(door))
        firehose.create_delivery_stream(
            DeliveryStreamName="lines", ExtendedS3DestinationConfiguration=s3(
                Prefix="lines/", ProcessingConfiguration={"Enabled": True, "Processors": [
                    {"Type": "AppendDelimiterToRecord",
                     "Parameters": [{"ParameterName": "Delimiter", "ParameterValue": "\\n"}]}]}))
        put(firehose, "lines", [b"a", b"b"])
        wait_for(lambda: content(objects(door, "lines")) == b"a\nb\n", "the lines")
        door.stop()


def test_records_are_partitioned_by_their_members(tmp_path):
    query = "{pair:.trading_pair}"
    with open_door(tmp_path) as door:
        firehose = door.client("firehose")
        firehose.create_delivery_stream(
            DeliveryStreamName="trades", ExtendedS3DestinationConfiguration=s3(
                BufferingHints={"SizeInMBs": 64, "IntervalInSeconds": 1}, CompressionFormat="ZIP",
                Prefix="pair=!{partitionKeyFromQuery:pair}/",
                ErrorOutputPrefix="bad/!{firehose:error-output-type}/",
                DynamicPartitioningConfiguration={"Enabled": True},
                ProcessingConfiguration={"Enabled": True, "Processors": [
                    {"Type": "MetadataExtraction", "Parameters": [
                        {"ParameterName": "MetadataExtractionQuery", "ParameterValue": query},
                        {"ParameterName": "JsonParsingEngine", "ParameterValue": "JQ-1.6"}]}]}))
        records = [json.dumps({"trading_pair": pair, "i": i}).encode() + b"\n"
                   for i, pair in enumerate(["BTC/USD", "ETH/USD"] * 50)] + [b"none\n"]
        put(firehose, "trades", records)
        wait_for(lambda: objects(door, "bad"), "the error")

        def unzipped(folder):
            text = b""
            for path in objects(door, folder):
                with zipfile.ZipFile(path) as archive:
                    text += b"".join(archive.read(name) for name in archive.namelist())
            return text.splitlines(keepends=True)

        wait_for(lambda: unzipped("pair=BTC%2FUSD") == records[0:100:2], "the first partition")
        wait_for(lambda: unzipped("pair=ETH%2FUSD") == records[1:100:2], "the second one")
        [error] = [json.loads(line) for path in objects(door, "bad/processing-failed")
                   for line in path.read_text().splitlines()]
        assert error["error_code"] == "DynamicPartitioning.MetadataExtractionFailed"
        [destination] = describe(firehose, "trades")["Destinations"]
        told = destination["ExtendedS3DestinationDescription"]
        assert told["DynamicPartitioningConfiguration"]["Enabled"]
        [processor] = told["ProcessingConfiguration"]["Processors"]
        assert processor["Parameters"][0]["ParameterValue"] == query
        door.stop()


def test_an_update_holds_from_the_next_object_on(tmp_path):
    with open_door(tmp_path) as door:
        firehose = door.client("firehose")
        firehose.create_delivery_stream(
            DeliveryStreamName="orders", ExtendedS3DestinationConfiguration=s3(Prefix="old/"))
        put(firehose, "orders", [b"1;"])
        wait_for(lambda: content(objects(door, "old")) == b"1;", "the first object")
        # What waits when the destination is changed is delivered to where it is then.
        firehose.update_destination(
            DeliveryStreamName="orders", CurrentDeliveryStreamVersionId="1",
            DestinationId=DESTINATION, ExtendedS3DestinationUpdate={
                "BufferingHints": {"SizeInMBs": 128, "IntervalInSeconds": 900}})
        put(firehose, "orders", [b"2;"])
        for call, version, code in ((firehose.update_destination, "1", "ConcurrentModification"),
                                    (firehose.update_destination, "3", "ConcurrentModification")):
            name, _ = refusal(call, DeliveryStreamName="orders", DestinationId=DESTINATION,
                              CurrentDeliveryStreamVersionId=version,
                              ExtendedS3DestinationUpdate={"Prefix": "lost/"})
            assert name == code + "Exception"
        firehose.update_destination(
            DeliveryStreamName="orders", CurrentDeliveryStreamVersionId="2",
            DestinationId=DESTINATION, ExtendedS3DestinationUpdate={
                "Prefix": "new/", "CompressionFormat": "GZIP"})
        door.kill()
        door.start()
        firehose = door.client("firehose")
        told = describe(firehose, "orders")
        assert told["VersionId"] == "3" and told["LastUpdateTimestamp"] > told["CreateTimestamp"]
        destination = told["Destinations"][0]["ExtendedS3DestinationDescription"]
        assert destination["Prefix"] == "new/" and destination["CompressionFormat"] == "GZIP"
        assert destination["BufferingHints"] == {"SizeInMBs": 128, "IntervalInSeconds": 900}
        assert destination["RoleARN"] == ROLE
        time.sleep(1)
        assert objects(door, "new") == []
        firehose.update_destination(
            DeliveryStreamName="orders", CurrentDeliveryStreamVersionId="3",
            DestinationId=DESTINATION, S3DestinationUpdate={"BufferingHints": HINTS})
        wait_for(lambda: content(objects(door, "new")) == b"2;", "the second object")
        assert content(objects(door)) in (b"2;1;", b"1;2;")
        door.stop()


def test_what_is_deleted_was_delivered(tmp_path):
    with open_door(tmp_path) as door:
        firehose = door.client("firehose")
        slow = s3(BufferingHints={"SizeInMBs": 128, "IntervalInSeconds": 900})
        for life in range(3):
            firehose.create_delivery_stream(
                DeliveryStreamName="orders", ExtendedS3DestinationConfiguration=slow)
            put(firehose, "orders", [b"%d;" % life])
            firehose.delete_delivery_stream(DeliveryStreamName="orders")
            assert sorted(content(objects(door)).split(b";")) == \
                sorted([b""] + [b"%d" % i for i in range(life + 1)])
        name, _ = refusal(firehose.put_record, DeliveryStreamName="orders", Record={"Data": b"x"})
        assert name == "ResourceNotFoundException"
        door.kill()
        door.start()
        assert door.client("firehose").list_delivery_streams()["DeliveryStreamNames"] == \
            [program.TABLE]
        # A bucket that cannot be written to: a file is in its place.
        firehose = door.client("firehose")
        (door.lake.path / "buckets" / "blocked").write_text("no folder")
        firehose.create_delivery_stream(
            DeliveryStreamName="stuck",
            S3DestinationConfiguration=slow | {"BucketARN": "arn:aws:s3:::blocked"})
        put(firehose, "stuck", [b"kept;"])
        name, message = refusal(firehose.delete_delivery_stream, DeliveryStreamName="stuck")
        assert name == "ResourceInUseException" and "blocked" in message
        (door.lake.path / "buckets" / "blocked").unlink()
        firehose.delete_delivery_stream(DeliveryStreamName="stuck")
        [path] = [path for path in (door.lake.path / "buckets" / "blocked").rglob("*")
                  if path.is_file()]
        assert path.read_bytes() == b"kept;"
        door.stop()


def test_kinesis_streams_are_sources(tmp_path):
    """One that a client made, and a table's; the program dies in between."""
    sources = {"clicks": "of-clicks", program.TABLE: "of-the-table"}
    with open_door(tmp_path) as door:
        door.client().create_stream(StreamName="clicks", ShardCount=2)

        def put_some(name, *numbers):
            client = door.client()
            for number in numbers:
                client.put_record(StreamName=name, PartitionKey=f"k{number}", Data=b"%d;" % number)

        for source, name in sources.items():
            put_some(source, 0)  # before: not delivered
            door.client("firehose").create_delivery_stream(
                DeliveryStreamName=name, DeliveryStreamType="KinesisStreamAsSource",
                KinesisStreamSourceConfiguration={
                    "RoleARN": ROLE,
                    "KinesisStreamARN": f"arn:aws:kinesis:{REGION}:{ACCOUNT}:stream/{source}"},
                ExtendedS3DestinationConfiguration=s3(Prefix=f"{name}/"))
            put_some(source, 1, 2)
        door.kill()
        door.start()
        for source, name in sources.items():
            put_some(source, 3)
            wait_for(lambda name=name: content(objects(door, name)) == b"1;2;3;",
                     f"the records {name}")
        firehose = door.client("firehose")
        told = describe(firehose, "of-clicks")
        assert told["DeliveryStreamType"] == "KinesisStreamAsSource"
        assert told["Source"]["KinesisStreamSourceDescription"]["KinesisStreamARN"].endswith("/clicks")
        name, _ = refusal(firehose.put_record, DeliveryStreamName="of-clicks", Record={"Data": b"x"})
        assert name == "InvalidSourceException"
        name, message = refusal(door.client().delete_stream, StreamName="clicks")
        assert name == "ResourceInUseException" and "of-clicks" in message
        firehose.delete_delivery_stream(DeliveryStreamName="of-clicks")
        door.client().delete_stream(StreamName="clicks")
        door.stop()
        door.start()
        assert door.client("firehose").list_delivery_streams(
            DeliveryStreamType="KinesisStreamAsSource")["DeliveryStreamNames"] == ["of-the-table"]
        door.stop()


def test_tags_are_kept_and_paged(tmp_path):
    with open_door(tmp_path) as door:
        firehose = door.client("firehose")
        firehose.create_delivery_stream(
            DeliveryStreamName="orders", S3DestinationConfiguration=s3(),
            Tags=[{"Key": f"k{i:02}", "Value": str(i)} for i in range(49)])
        firehose.tag_delivery_stream(DeliveryStreamName="orders", Tags=[{"Key": "z"}])
        firehose.untag_delivery_stream(DeliveryStreamName="orders", TagKeys=["k07", "none"])
        door.kill()
        door.start()
        firehose = door.client("firehose")
        first = firehose.list_tags_for_delivery_stream(DeliveryStreamName="orders", Limit=40)
        assert first["HasMoreTags"]
        rest = firehose.list_tags_for_delivery_stream(
            DeliveryStreamName="orders", ExclusiveStartTagKey=first["Tags"][-1]["Key"])
        assert not rest["HasMoreTags"]
        tags = {tag["Key"]: tag["Value"] for tag in first["Tags"] + rest["Tags"]}
        assert tags == {f"k{i:02}": str(i) for i in range(49) if i != 7} | {"z": ""}
        name, _ = refusal(firehose.tag_delivery_stream, DeliveryStreamName="orders",
                          Tags=[{"Key": "one"}, {"Key": "two"}])
        assert name == "LimitExceededException"
        door.stop()


def test_what_cannot_be_had_is_refused_by_name(tmp_path):
    with open_door(tmp_path) as door:
        firehose = door.client("firehose")

        def refused(**destination):
            return refusal(firehose.create_delivery_stream, DeliveryStreamName="orders",
                           ExtendedS3DestinationConfiguration=s3(**destination))

        lambda_ = {"Enabled": True, "Processors": [{"Type": "Lambda", "Parameters": [
            {"ParameterName": "LambdaArn", "ParameterValue": "arn:aws:lambda:r:a:function:f"}]}]}
        for destination, words in (
                ({"ProcessingConfiguration": lambda_}, "Lambda"),
                ({"CloudWatchLoggingOptions": {"Enabled": True}}, "CloudWatchLoggingOptions"),
                ({"Prefix": "!{timestamp:yyyy}/"}, "error_prefix"),
                ({"Prefix": "!{timestamp:YYYY}/", "ErrorOutputPrefix": "e/"}, "YYYY"),
                ({"CustomTimeZone": "Mars/Olympus"}, "Mars/Olympus"),
                ({"FileExtension": "gz"}, "gz"),
                ({"BucketARN": "arn:aws:s3:::../../etc"}, "BucketARN")):
            name, message = refused(**destination)
            assert name == "InvalidArgumentException" and words in message, message
        name, message = refusal(
            firehose.create_delivery_stream, DeliveryStreamName="orders",
            DeliveryStreamType="KinesisStreamAsSource", S3DestinationConfiguration=s3(),
            KinesisStreamSourceConfiguration={
                "RoleARN": ROLE,
                "KinesisStreamARN": f"arn:aws:kinesis:{REGION}:{ACCOUNT}:stream/none"})
        assert name == "InvalidArgumentException" and "no Kinesis stream 'none'" in message
        name, message = refusal(
            firehose.create_delivery_stream, DeliveryStreamName="orders",
            S3DestinationConfiguration=s3(),
            DeliveryStreamEncryptionConfigurationInput={
                "KeyType": "CUSTOMER_MANAGED_CMK", "KeyARN": "arn:aws:kms:eu-west-1:1:key/k"})
        assert name == "InvalidKMSResourceException" and "key/k is not found" in message
        assert firehose.list_delivery_streams()["DeliveryStreamNames"] == [program.TABLE]
        assert not (door.lake.path / ".tapelake" / "made-deliveries" / "orders").exists()
        door.stop()


def test_buckets_may_be_those_of_s3(tmp_path, monkeypatch):
    with s3_server() as server:
        for name, value in server.environment().items():
            if name.startswith("AWS_"):
                monkeypatch.setenv(name, value)
        with open_door(tmp_path, more=", buckets: 's3://'") as door:
            firehose = door.client("firehose")
            firehose.create_delivery_stream(
                DeliveryStreamName="orders", ExtendedS3DestinationConfiguration=s3(
                    BucketARN=f"arn:aws:s3:::{BUCKET}", Prefix="landing/"))
            put(firehose, "orders", [b"%d;" % i for i in range(1000)])
            wait_for(lambda: sum(map(len, server.tree("landing/").values())) == 3890, "the objects")
            # S3 fails for a while, and the program dies meanwhile.
            server.fault = lambda seen: 503 if seen.method == "PUT" else "pass"
            put(firehose, "orders", [b"kept;"])
            time.sleep(2)
            door.kill()
            server.fault = lambda seen: "pass"
            door.start()
            wait_for(lambda: sum(map(len, server.tree("landing/").values())) == 3895, "the rest")
            text = b"".join(value for _, value in sorted(
                server.tree("landing/").items(), key=lambda item: item[0].rpartition("-")[2]))
            assert text == b"".join(b"%d;" % i for i in range(1000)) + b"kept;"
            door.stop()
