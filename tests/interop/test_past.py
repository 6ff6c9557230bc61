"""The past of what we wrote, as every engine tells it: as of a commit, and what came after one."""

import copy

import pytest

from support.written_table import KINDS, WrittenTable, row

PARTS = ["p0", "p1"]


def rows(first: int, last: int, seq: int) -> list[dict]:
    return [row(f"k{i:06}", PARTS[i % 2], seq + i, f"at {seq}") for i in range(first, last)]


@pytest.fixture(params=KINDS, ids="-".join)
def table(request, tmp_path, sparks):
    """Four commits; `states` are the rows after each."""
    table = WrittenTable(tmp_path, *request.param, sparks)
    table.commits, table.states = [], []
    for operation, some in (("insert", rows(0, 60, 0)), ("upsert", rows(30, 90, 1000)),
                            ("delete", rows(0, 20, 2000)), ("upsert", rows(80, 110, 3000))):
        table.commits.append(table.write(operation, some)["instant"])
        table.states.append(copy.deepcopy(table.expected))
    return table


def test_every_engine_travels_to_a_commit_of_ours(table):
    table.expect_equal_everywhere("time travel", rows=table.states[1], as_of=table.commits[1])


def test_every_engine_reads_what_came_after_a_commit_of_ours(table):
    later = table.later_than(table.states[0])
    assert all(each["seq"] >= 1000 for each in later.values())
    table.expect_equal_everywhere("incremental", rows=later, begin=table.commits[0])
