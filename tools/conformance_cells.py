"""What a cell of the conformance matrix is, which there must be, and which a peer cannot fill.

The tests fill cells (tests/support/cells.py), conformance.py makes the page of them, and both go by
tests/interop/unsupported.toml, which is written before the run. The big run must have filled every
row that wanted() names: each operation on each type, index and version, in each direction, but for
those that NO_SUCH says do not exist.
"""

import itertools
import tomllib
from dataclasses import dataclass
from pathlib import Path

LACKS = Path(__file__).resolve().parent.parent / "tests" / "interop" / "unsupported.toml"

OURS = "tapelake sql"
READS_OURS, READS_THEIRS = "they read ours", "we read theirs"
CONTINUES_OURS, CONTINUES_THEIRS = "they continue ours", "we continue theirs"
DIRECTIONS = (READS_OURS, READS_THEIRS, CONTINUES_OURS, CONTINUES_THEIRS)
EQUAL, DIFFERS = "equal", "differs"
COW, MOR = "copy-on-write", "merge-on-read"
TYPES, INDEXES = (COW, MOR), ("bloom", "bucket", "simple")
LOGGINGS = ("DATA_BEFORE_AFTER", "DATA_BEFORE", "OP_KEY_ONLY")
CHANGE_DATA = tuple(f"change data, {logging}" for logging in LOGGINGS)
OPERATIONS = (
    "insert", "upsert", "delete", "bulk insert", "insert overwrite", "insert overwrite table",
    "delete partition", "widening", "new column", "widening and a new column", "ingest",
    "pending compaction", "compaction", "log compaction", "clustering", "clean", "archive",
    "savepoint", "restore", "rollback", "read-optimized", "time travel", "incremental", *CHANGE_DATA)
# We write version 6, and refuse to write on 8 and 9, which we read.
VERSIONS = {READS_OURS: (6,), READS_THEIRS: (6, 8, 9), CONTINUES_OURS: (6,), CONTINUES_THEIRS: (6,)}


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


@dataclass(frozen=True, kw_only=True)
class Cells:
    """Cells by what they have in common. An empty list covers everything."""

    directions: tuple = ()
    operations: tuple = ()
    types: tuple = ()
    indexes: tuple = ()
    versions: tuple = ()

    def covers(self, case: Case) -> bool:
        return all(not named or value in named
                   for named, value in ((self.directions, case.direction), (self.types, case.type),
                                        (self.operations, case.operation),
                                        (self.indexes, case.index), (self.versions, case.version)))


# Combinations that do not exist, or that another one shows: the reason and the cells.
NO_SUCH = (
    ("copy-on-write has no logs: nothing to compact, and both queries read the same files",
     Cells(operations=("pending compaction", "compaction", "log compaction", "read-optimized"),
           types=(COW,))),
    ("a bucket's rows lie where the hash of their key says: files cannot be merged across buckets",
     Cells(operations=("clustering",), indexes=("bucket",))),
    ("`ingest` is our program's",
     Cells(operations=("ingest",), directions=(READS_THEIRS, CONTINUES_OURS))),
    ("our tables tell Spark's jobs not to: an archived commit no longer says where ingest goes on",
     Cells(operations=("archive",), directions=(CONTINUES_OURS,))),
    ("only Hudi 1.x does it, if it is asked to, and we only read it: a golden table of version 8",
     Cells(operations=("log compaction",), directions=(READS_OURS, CONTINUES_OURS, CONTINUES_THEIRS))),
    ("the same golden table", Cells(operations=("log compaction",), versions=(6, 9))),
    ("the same golden table, which has a bloom index",
     Cells(operations=("log compaction",), indexes=("bucket", "simple"))),
    ("the index says where a row lies, not what is logged of it; version 6 shows it for each",
     Cells(operations=CHANGE_DATA, indexes=("bucket", "simple"), versions=(8, 9))),
)


def wanted() -> list[Case]:
    """Every row that the page must have, sorted."""
    cases = (Case(direction, version, operation, type, index)
             for direction, versions in VERSIONS.items()
             for version, operation, type, index in itertools.product(
                 versions, OPERATIONS, TYPES, INDEXES))
    return sorted(filter(exists, cases))


def exists(case: Case) -> bool:
    return not any(cells.covers(case) for _, cells in NO_SUCH)


@dataclass(frozen=True)
class Lack(Cells):
    """What a peer cannot do: an entry of unsupported.toml."""

    id: str
    engines: tuple
    why: str
    says: str = ""
    document: str = ""

    def excuses(self, engine: str, case: Case) -> bool:
        return engine in self.engines and self.covers(case)


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
    return next((lack for lack in lacks if lack.excuses(engine, case)), None)
