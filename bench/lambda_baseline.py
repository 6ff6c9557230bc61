"""The baseline of the transform benchmark: what a Firehose transformation function in Python usually does.

One record: base64 -> json.loads -> boto3's TypeDeserializer -> a flat row with event name, id and time -> compact
JSON and a line end -> base64. Nothing is held back: this is careful, ordinary code.
"""

import base64
import json
from decimal import Decimal

from boto3.dynamodb.types import Binary, TypeDeserializer


class WireDeserializer(TypeDeserializer):
    """B and BS arrive as base64 text inside JSON, but boto3's class expects bytes."""

    def _deserialize_b(self, value):
        return super()._deserialize_b(base64.b64decode(value))

    def _deserialize_bs(self, value):
        return {self._deserialize_b(item) for item in value}


deserialize = WireDeserializer().deserialize


def to_json_type(value):
    """json.dumps' way out for what JSON has no type for."""
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    if isinstance(value, (Binary, bytes)):
        return base64.b64encode(bytes(value)).decode()
    if isinstance(value, (set, frozenset)):
        return sorted(item if isinstance(item, str) else to_json_type(item) for item in value)
    raise TypeError(f"no JSON form for {type(value)}")


def transform_record(record: bytes) -> bytes:
    event = json.loads(record)
    body = event["dynamodb"]
    image = body.get("NewImage") or body.get("OldImage") or body["Keys"]
    row = {name: deserialize(value) for name, value in image.items()}
    row["event_name"] = event["eventName"]
    row["event_id"] = event["eventID"]
    row["approx_creation_time"] = body.get("ApproximateCreationDateTime")
    return (json.dumps(row, default=to_json_type, separators=(",", ":")) + "\n").encode()


def handler(event, context=None):
    answers = []
    for record in event["records"]:
        try:
            row = transform_record(base64.b64decode(record["data"]))
            answers.append({"recordId": record["recordId"], "result": "Ok",
                            "data": base64.b64encode(row).decode()})
        except Exception:  # pylint: disable=broad-except  # whatever it is, Firehose must hear of it
            answers.append({"recordId": record["recordId"], "result": "ProcessingFailed",
                            "data": record["data"]})
    return {"records": answers}
