"""Events as AWS hands them to a function, around given change records."""

import base64
import json

STREAM_ARN = "arn:aws:kinesis:us-east-1:123456789012:stream/crypto-changes"
TABLE_ARN = ("arn:aws:dynamodb:us-east-1:123456789012:table/CryptoTransactions/stream/"
             "2026-11-20T00:00:00.000")
DELIVERY_ARN = "arn:aws:firehose:us-east-1:123456789012:deliverystream/crypto-lake"
FIRST_SEQUENCE = 49590338271490256608559692538361571095921575989136588898


def text(data: bytes) -> str:
    return base64.b64encode(data).decode()


def firehose(records: list[bytes], *, from_kinesis: bool = False) -> dict:
    """A transformation event; one fed from a Kinesis stream says where each record was there."""
    event = {"invocationId": "2b4d1ad9-2f48-94bd-a088-767c317e994a", "deliveryStreamArn": DELIVERY_ARN,
             "region": "us-east-1", "records": []}
    if from_kinesis:
        event["sourceKinesisStreamArn"] = STREAM_ARN
    for i, record in enumerate(records):
        entry = {"recordId": f"{FIRST_SEQUENCE + i}000000", "data": text(record),
                 "approximateArrivalTimestamp": 1760000000000 + i}
        if from_kinesis:
            entry["kinesisRecordMetadata"] = {
                "sequenceNumber": str(FIRST_SEQUENCE + i), "subsequenceNumber": 0,
                "partitionKey": f"key-{i}", "shardId": "shardId-000000000000",
                "approximateArrivalTimestamp": 1760000000000 + i}
        event["records"].append(entry)
    return event


def kinesis(records: list[bytes]) -> dict:
    """A batch of an event source mapping on a Kinesis stream."""
    return {"Records": [
        {"kinesis": {"kinesisSchemaVersion": "1.0", "partitionKey": f"key-{i}",
                     "sequenceNumber": str(FIRST_SEQUENCE + i), "data": text(record),
                     "approximateArrivalTimestamp": 1545084650.987},
         "eventSource": "aws:kinesis", "eventVersion": "1.0",
         "eventID": f"shardId-000000000006:{FIRST_SEQUENCE + i}",
         "eventName": "aws:kinesis:record",
         "invokeIdentityArn": "arn:aws:iam::123456789012:role/lambda-kinesis-role",
         "awsRegion": "us-east-1", "eventSourceARN": STREAM_ARN}
        for i, record in enumerate(records)]}


def dynamodb(records: list[bytes]) -> dict:
    """A batch of an event source mapping on a DynamoDB stream: its records, with the stream's ARN."""
    batch = []
    for record in records:
        entry = json.loads(record)
        entry["awsRegion"] = "us-east-1"
        entry["eventSourceARN"] = TABLE_ARN
        batch.append(entry)
    return {"Records": batch}


def sequence_numbers(event: dict) -> list[str]:
    """How an event source mapping names the records of a batch."""
    return [record["kinesis"]["sequenceNumber"] if "kinesis" in record
            else record["dynamodb"]["SequenceNumber"] for record in event["Records"]]


def failures(names: list[str]) -> dict:
    return {"batchItemFailures": [{"itemIdentifier": name} for name in names]}
