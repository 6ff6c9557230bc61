"""Change records made by a test itself, from rows in canonical text."""

import datetime
import json
from dataclasses import dataclass, field
from pathlib import Path

import pyarrow

from support.csv_table import KEY, NULL

# Columns the pipeline adds: never attributes of a record.
ADDED_COLUMNS = {"event_date", "_rescued", "_change_time", "_change_sequence", "_change_seq"}
EPOCH = datetime.datetime(1970, 1, 1)


def image(row: dict[str, str], numbers: set[str]) -> dict:
    """Return the DynamoDB JSON image of a row; timestamps as ISO-8601 with Z."""
    made = {}
    for name, text in row.items():
        if name in ADDED_COLUMNS or text == NULL:
            continue
        if name in numbers:
            made[name] = {"N": text}
        elif name == "timestamp":
            made[name] = {"S": text + "Z"}
        else:
            made[name] = {"S": text}
    return made


@dataclass
class ChangeMaker:
    """Makes changes that come after every change of `events`, in the same record shape.

    `numbers` are the columns that hold decimals.
    """

    events: Path
    shape: str
    numbers: set[str]
    lines: list[str] = field(default_factory=list)

    def __post_init__(self):
        self.sequence, self.micros = 0, 0
        with open(self.events, encoding="utf-8") as file:
            for line in file:
                body = json.loads(line)["dynamodb"]
                self.sequence = max(self.sequence, int(body.get("SequenceNumber", 0)))
                self.micros = max(self.micros, self.creation_micros(body))
        self.micros += 60_000_000

    def creation_micros(self, body: dict) -> int:
        time = body["ApproximateCreationDateTime"]
        return int(time) if self.shape == "kinesis" else int(time) * 1_000_000

    def change(self, name: str, key: str, old: dict[str, str] | None, new: dict[str, str] | None):
        """Append one record; return what `_change_time` and `_change_sequence` become."""
        self.sequence += 7
        self.micros += 1_000_000
        body = {"Keys": {KEY: {"S": key}}, "SizeBytes": 100}
        if new is not None:
            body["NewImage"] = image(new, self.numbers)
        if old is not None:
            body["OldImage"] = image(old, self.numbers)
        record = {"eventID": f"made-{self.sequence}", "eventName": name, "awsRegion": "us-east-1"}
        if self.shape == "kinesis":
            body |= {"ApproximateCreationDateTime": self.micros,
                     "ApproximateCreationDateTimePrecision": "MICROSECOND"}
            record |= {"userIdentity": None, "recordFormat": "application/json",
                       "tableName": "CryptoTransactions", "dynamodb": body,
                       "eventSource": "aws:dynamodb"}
            time, sequence = self.micros, NULL
        else:
            seconds = self.micros // 1_000_000
            body |= {"ApproximateCreationDateTime": seconds, "SequenceNumber": str(self.sequence),
                     "StreamViewType": "NEW_AND_OLD_IMAGES"}
            record |= {"eventVersion": "1.1", "eventSource": "aws:dynamodb", "dynamodb": body}
            time, sequence = seconds * 1_000_000, str(self.sequence)
        self.lines.append(json.dumps(record))
        stamp = EPOCH + datetime.timedelta(microseconds=time)
        return {"_change_time": stamp.strftime("%Y-%m-%dT%H:%M:%S.%f"), "_change_sequence": sequence}

    def write(self, path: Path) -> Path:
        path.write_text("\n".join(self.lines) + "\n", encoding="utf-8")
        return path


def compress(source: Path, target: Path) -> Path:
    """Write a copy compressed as the name of `target` says: .gz or .zst."""
    codec = {".gz": "gzip", ".zst": "zstd"}[target.suffix]
    with pyarrow.CompressedOutputStream(str(target), codec) as out:
        out.write(source.read_bytes())
    return target
