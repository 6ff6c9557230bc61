"""Cells of the conformance matrix: what the tests saw, for docs/conformance.md.

Where unsupported.toml lists a cell, the peer must refuse or differ in the words of the list; what
else goes wrong fails the test. conformance.py finds listed cells that came out equal nevertheless.
"""

import json
import os
import sys
from contextlib import contextmanager
from dataclasses import asdict

from support.program import ROOT

sys.path.append(str(ROOT / "tools"))

from conformance_cells import (  # noqa: E402  (needs the path above)
    CONTINUES_OURS, CONTINUES_THEIRS, COW, DIFFERS, EQUAL, LOGGINGS, MOR, OURS, READS_OURS, READS_THEIRS,
    Case, exists, find_lack, load_lacks)

TYPES = {"cow": COW, "mor": MOR}
LACKS = load_lacks()


def record(engine: str, case: Case, result: str) -> None:
    """Append one cell to the file named by $TAPELAKE_CELLS, if it is set."""
    path = os.environ.get("TAPELAKE_CELLS")
    if path:
        with open(path, "a", encoding="utf-8") as file:
            file.write(json.dumps({"engine": engine, **asdict(case), "result": result}) + "\n")


@contextmanager
def cell(engine: str, case: Case):
    """Record that the block passed, or that it failed as the list says; else `differs`."""
    with filling([(engine, case)], find_lack(LACKS, engine, case)):
        yield


@contextmanager
def filling(cells: list[tuple[str, Case]], lack):
    """Fill several cells by one block. With `lack` it may fail in the words of the list."""
    try:
        yield
    except Exception as error:
        expected = lack is not None and lack.says and lack.says in str(error)
        for engine, case in cells:
            if not expected:
                record(engine, case, DIFFERS)
            elif lack.excuses(engine, case):
                record(engine, case, lack.id)
        if not expected:
            raise
        return
    for engine, case in cells:
        record(engine, case, EQUAL)


class History:
    """Who wrote a table so far: that decides which cells a reading of it fills."""

    def __init__(self, type: str, index: str, version: int = 6):
        self.type, self.index, self.version = type, index, version
        self.ours, self.theirs = False, set()

    def case(self, direction: str, operation: str) -> Case:
        return Case(direction, self.version, operation, self.type, self.index)

    def wrote(self, by: tuple[str, ...]) -> None:
        """Those peers wrote, or, if there are none, we did."""
        self.ours = self.ours or not by
        self.theirs |= set(by)

    def reading(self, reader: str, operations, by: tuple[str, ...] = ()):
        """Context of a reading after the operations, which the peers `by` did, or we.

        What a peer wrote on our table (or we on theirs) is right if every reader says so.
        """
        self.wrote(by)
        operations = [operations] if isinstance(operations, str) else operations
        cells = [cell for operation in operations for cell in self.cells(reader, operation, by)]
        own = [self.case(READS_OURS, operation) for operation in operations]
        lacks = [find_lack(LACKS, reader, case) for case in own]
        return filling(cells, next(filter(None, lacks), None))

    def cells(self, reader: str, operation: str, by: tuple[str, ...]) -> list[tuple[str, Case]]:
        if not by:
            own = [(reader, self.case(READS_OURS, operation))]
            return own + [(peer, self.case(CONTINUES_THEIRS, operation)) for peer in self.theirs]
        cells = [(peer, self.case(CONTINUES_OURS, operation)) for peer in by if self.ours]
        if reader == OURS:
            cells += [(peer, self.case(READS_THEIRS, operation)) for peer in by]
        return cells


def names(peers) -> tuple[str, ...]:
    return tuple(peer.name for peer in peers)
