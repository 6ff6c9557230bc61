"""Tables as text: the canonical form in which every engine's answer is compared.

A cell is the text of one value: null is `\\N`, timestamps `2024-05-01T00:00:28.031677` (UTC),
decimals with their scale and never an exponent, booleans `True`/`False`, bytes in hexadecimal.
"""

import csv
import datetime
import io
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

csv.field_size_limit(1 << 30)
NULL = "\\N"
KEY = "transaction_id"


@dataclass
class Table:
    """Rows of cell texts under named columns. Rows are in no order."""

    columns: list[str]
    rows: list[list[str]]

    def select(self, columns: list[str]) -> "Table":
        places = [self.columns.index(name) for name in columns]
        return Table(list(columns), [[row[place] for place in places] for row in self.rows])

    def by_key(self, key: str = KEY) -> dict[str, dict[str, str]]:
        """Return key -> {column: cell}; every key once."""
        place = self.columns.index(key)
        self.assert_unique(key)
        return {row[place]: dict(zip(self.columns, row)) for row in self.rows}

    def assert_unique(self, key: str) -> None:
        place = self.columns.index(key)
        doubled = len(self.rows) - len({row[place] for row in self.rows})
        assert doubled == 0, f"{doubled} differences: so many keys are stored twice"


def cell(value) -> str:
    """Return the canonical text of one Python value."""
    if value is None:
        return NULL
    if isinstance(value, datetime.datetime):
        if value.tzinfo is not None:
            value = value.astimezone(datetime.timezone.utc)
        return value.strftime("%Y-%m-%dT%H:%M:%S.%f")
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, (bytes, bytearray)):
        return bytes(value).hex()
    return str(value)


def parse(text: str) -> Table:
    """Read CSV with a header line."""
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    columns = next(reader)
    rows = list(reader)
    assert all(len(row) == len(columns) for row in rows), "rows of different length"
    return Table(columns, rows)


def load(path: Path) -> Table:
    with open(path, newline="", encoding="utf-8") as file:
        return parse(file.read())


def from_keyed(rows: dict[str, dict[str, str]], columns: list[str]) -> Table:
    return Table(list(columns), [[row[name] for name in columns] for row in rows.values()])


def assert_equal(actual: Table, expected: Table, who: str, key: str = KEY) -> None:
    """Compare every row and column by text; say which cells of which keys differ."""
    assert sorted(actual.columns) == sorted(expected.columns), f"{who}: other columns"
    if sorted(actual.select(expected.columns).rows) == sorted(expected.rows):
        actual.assert_unique(key)
        return
    have, want = actual.by_key(key), expected.by_key(key)
    problems = [f"missing: {k}" for k in sorted(want.keys() - have.keys())]
    problems += [f"surplus: {k}" for k in sorted(have.keys() - want.keys())]
    for k in sorted(have.keys() & want.keys()):
        if have[k] != want[k]:
            problems += [
                f"{k}.{name}: has {have[k][name]!r}, expected {want[k][name]!r}"
                for name in expected.columns
                if have[k][name] != want[k][name]
            ]
    shown = "\n  ".join(problems[:15])
    assert not problems, f"{who}: {len(problems)} differences:\n  {shown}"
