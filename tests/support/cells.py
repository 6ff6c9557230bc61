"""Cells of the conformance matrix: what the tests saw, for docs/conformance.md."""

import json
import os
from contextlib import contextmanager


def record(engine: str, operation: str, table_type: str, result: str) -> None:
    """Append one cell to the file named by $TAPELAKE_CELLS, if it is set."""
    path = os.environ.get("TAPELAKE_CELLS")
    if path:
        with open(path, "a", encoding="utf-8") as file:
            cell = {"engine": engine, "operation": operation, "table_type": table_type,
                    "result": result}
            file.write(json.dumps(cell) + "\n")


@contextmanager
def cell(engine: str, operation: str, table_type: str, good: str = "equal"):
    """Record `good` if the block passes, `differs` if it raises."""
    try:
        yield
    except BaseException:
        record(engine, operation, table_type, "differs")
        raise
    record(engine, operation, table_type, good)
