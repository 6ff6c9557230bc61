"""What a cell of the conformance matrix is, and which cells a peer cannot fill.

The tests fill cells (tests/support/cells.py), conformance.py makes the page of them, and both go by
tests/interop/unsupported.toml, which is written before the run.
"""

import tomllib
from dataclasses import dataclass
from pathlib import Path

LACKS = Path(__file__).resolve().parent.parent / "tests" / "interop" / "unsupported.toml"

OURS = "tapelake sql"
READS_OURS, READS_THEIRS = "they read ours", "we read theirs"
CONTINUES_OURS, CONTINUES_THEIRS = "they continue ours", "we continue theirs"
DIRECTIONS = (READS_OURS, READS_THEIRS, CONTINUES_OURS, CONTINUES_THEIRS)
EQUAL, DIFFERS = "equal", "differs"


@dataclass(frozen=True, order=True)
class Case:
    """What happened to what kind of table. With an engine's name it is a cell.

    The engine reads what we wrote, wrote what we read, writes on after us, or wrote before us.
    """

    direction: str
    version: int
    operation: str
    type: str
    index: str


@dataclass(frozen=True)
class Lack:
    """What a peer cannot do: an entry of unsupported.toml. An empty list covers everything."""

    id: str
    engines: list[str]
    why: str
    says: str = ""
    document: str = ""
    directions: tuple = ()
    operations: tuple = ()
    types: tuple = ()
    indexes: tuple = ()
    versions: tuple = ()

    def covers(self, engine: str, case: Case) -> bool:
        return engine in self.engines and all(
            not named or value in named
            for named, value in ((self.directions, case.direction), (self.types, case.type),
                                 (self.operations, case.operation), (self.indexes, case.index),
                                 (self.versions, case.version)))


def load_lacks(path: Path = LACKS) -> list[Lack]:
    """Read the list, in its order: what a page calls 1 is the first."""
    with open(path, "rb") as file:
        lacks = [Lack(**entry) for entry in tomllib.load(file)["lack"]]
    for lack in lacks:
        if bool(lack.says) == bool(lack.document):
            raise ValueError(f"{path.name}: {lack.id} needs either `says` or `document`")
    if len({lack.id for lack in lacks}) != len(lacks):
        raise ValueError(f"{path.name}: an id stands twice")
    return lacks


def find_lack(lacks: list[Lack], engine: str, case: Case) -> Lack | None:
    """Return the first entry that covers the cell."""
    return next((lack for lack in lacks if lack.covers(engine, case)), None)
