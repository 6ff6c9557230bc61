"""`tapelake table ...`: what is told of a table, and what is done to it by hand."""

import json

import pytest

from support import csv_table, program
from support.spark_table import META_PREFIX

COUNT = "SELECT count(*) AS n FROM crypto.transactions"


def table(lake, verb, *arguments, check=True):
    return program.run("table", verb, lake.table, "--lake", lake.path, *arguments, check=check)


def told(lake, verb, *arguments, check=True) -> dict:
    return json.loads(table(lake, verb, *arguments, "--json", check=check).stdout)


def rows(lake) -> csv_table.Table:
    """All rows by key, without Hudi's own columns; the key comes first."""
    table = lake.sql("SELECT * FROM crypto.transactions ORDER BY transaction_id")
    return table.select([n for n in table.columns if not n.startswith(META_PREFIX)])


@pytest.fixture
def halves(tmp_path):
    """A folder that the second half of a simulation can be added to."""
    simulation = program.simulate(tmp_path, seed=11, changes=3000, shape="streams")
    lines = simulation.events.read_bytes().splitlines(keepends=True)
    folder = tmp_path / "incoming"
    folder.mkdir()
    (folder / "a.ndjson").write_bytes(b"".join(lines[:2000]))
    second = tmp_path / "second.ndjson"
    second.write_bytes(b"".join(lines[2000:]))
    return folder, second, simulation


def test_verify_finds_nothing_until_something_is_wrong(lake, halves):
    folder, second, _ = halves
    lake.ingest(folder)
    report = told(lake, "verify")
    assert report["sound"] and report["findings"] == []
    assert str(report["rows"]) == lake.sql(COUNT).rows[0][0]
    assert b"sound" in table(lake, "verify").stdout
    lost = next(lake.table_path.glob("event_date=*/.*.log.*"))
    lost.unlink()
    done = table(lake, "verify", check=False)
    assert done.returncode == 1
    assert b"WRONG file-missing" in done.stdout and lost.name.encode() in done.stdout
    report = told(lake, "verify", check=False)
    assert [(f["kind"], f["path"]) for f in report["findings"]] == \
        [("file-missing", str(lost.relative_to(lake.table_path)))]


def test_repair_does_what_is_safe(lake, halves):
    folder, second, _ = halves
    lake.ingest(folder)
    before = rows(lake)
    (newest,) = [name.split(".")[0] for name in lake.instants()[-1:]]
    dead = str(int(newest) - 1)
    (lake.table_path / ".hoodie" / f"{dead}.deltacommit.requested").touch()
    marker = next(lake.table_path.glob("event_date=*/.hoodie_partition_metadata"))
    marker.unlink()
    report = told(lake, "verify", check=False)
    assert {f["kind"] for f in report["findings"]} == {"instant-dead", "partition-unmarked"}
    report = told(lake, "verify", "--repair")
    assert report["sound"] and len(report["repaired"]) == 2
    assert marker.exists()
    csv_table.assert_equal(rows(lake), before, "after the repair")


def test_history_and_files_account_for_everything(lake, halves):
    folder, second, _ = halves
    lake.ingest(folder)
    on_disk = list(lake.table_path.glob("event_date=*/.*.log.*"))
    history = told(lake, "history")["instants"]
    assert [h["instant"] + ".deltacommit" for h in history][::-1] == lake.instants()
    assert sum(h["files"] for h in history) == len(on_disk)
    assert b"deltacommit" in table(lake, "history", "--limit", 1).stdout
    files = told(lake, "files")["files"]
    assert len(files) == len(on_disk)
    assert sum(f["bytes"] for f in files) == sum(p.stat().st_size for p in on_disk)
    assert {f["use"] for f in files} == {"latest"}


def test_compact_and_clean_work_on_a_table_at_rest(lake, halves):
    folder, second, _ = halves
    lake.ingest(folder)
    before = rows(lake)
    done = told(lake, "compact")
    assert done["slices"] > 0 and done["rows_written"] == len(before.rows)
    uses = [f["use"] for f in told(lake, "files")["files"]]
    assert set(uses) == {"latest", "superseded"}
    assert told(lake, "clean", "--hours", 1)["files_deleted"] == 0
    cleaned = told(lake, "clean", "--versions", 1, "--readers", "0s")
    assert cleaned["files_deleted"] == uses.count("superseded")
    assert {f["kind"] for f in told(lake, "files")["files"]} == {"base"}
    assert told(lake, "verify")["sound"]
    csv_table.assert_equal(rows(lake), before, "after compact and clean")
    refused = table(lake, "clean", "--hours", 1, "--versions", 1, check=False)
    assert refused.returncode == 1 and b"choose one" in refused.stderr


def test_a_restored_table_goes_on_from_the_positions_of_its_savepoint(lake, halves):
    folder, second, simulation = halves
    lake.ingest(folder)
    before = rows(lake)
    pinned = told(lake, "savepoint", "--comment", "halfway")["savepoint"]
    (folder / "b.ndjson").write_bytes(second.read_bytes())
    taken = lake.ingest(folder)["received"]
    table(lake, "compact")
    table(lake, "clean", "--versions", 1, "--readers", "0s")
    after = rows(lake)
    assert after.rows != before.rows
    assert told(lake, "restore", pinned)["instants_taken_back"] >= 2
    csv_table.assert_equal(rows(lake), before, "after the restore")
    assert told(lake, "verify")["sound"]
    actions = [(h["action"], h["note"]) for h in told(lake, "history")["instants"]]
    assert ("savepoint", "halfway") in actions and actions[0][0] == "restore"
    assert lake.ingest(folder)["received"] == taken, "what came after the savepoint comes again"
    keyed = {row[0]: row for row in rows(lake).rows}
    assert keyed.keys() == {row[0] for row in after.rows} == set(simulation.expected.by_key())
    table(lake, "savepoint", pinned, "--delete")
    assert "savepoint" not in [h["action"] for h in told(lake, "history")["instants"]]
    assert told(lake, "verify")["sound"]


def test_a_rollback_that_ingest_could_not_follow_is_refused(lake, halves, tmp_path):
    folder, second, _ = halves
    lake.config = tmp_path / "tapelake.yaml"
    lake.config.write_text("ingest: {horizon: 7d}\n")  # every removal is remembered
    lake.ingest(folder)
    (folder / "b.ndjson").write_bytes(second.read_bytes())
    lake.ingest(folder)
    before = lake.instants()
    refused = table(lake, "rollback", check=False)
    assert refused.returncode == 1
    assert b"record of removed keys" in refused.stderr and b"hint: " in refused.stderr
    assert lake.instants() == before


def test_the_first_commit_can_be_rolled_back(lake, halves):
    folder, second, _ = halves
    counts = lake.ingest(folder)
    on_disk = list(lake.table_path.glob("event_date=*/.*.log.*"))
    assert told(lake, "rollback")["files_deleted"] == len(on_disk)
    assert lake.instants() == []
    assert told(lake, "verify")["rows"] == 0
    assert lake.ingest(folder)["received"] == counts["received"]
    assert told(lake, "verify")["sound"]


def test_any_hudi_table_can_be_looked_at_by_its_path(lake, halves):
    folder, second, _ = halves
    lake.ingest(folder)
    done = program.run("table", "verify", f"{lake.table_path}/", "--json")
    assert json.loads(done.stdout)["table"] == lake.table
    done = program.run("table", "verify", "./nowhere", check=False)
    assert done.returncode == 1 and b"is no Hudi table" in done.stderr


def test_diff_tells_every_row_that_differs(lake, halves):
    folder, second, _ = halves
    lake.ingest(folder)
    first = lake.instants()[-1].split(".")[0]
    before = {row[0]: row for row in rows(lake).rows}
    (folder / "b.ndjson").write_bytes(second.read_bytes())
    lake.ingest(folder)
    after = {row[0]: row for row in rows(lake).rows}
    diff = told(lake, "diff", first, "--limit", 100_000)
    changes = {row["key"]: row["change"] for row in diff["rows"]}
    expected = {key: "inserted" for key in after.keys() - before.keys()}
    expected |= {key: "deleted" for key in before.keys() - after.keys()}
    expected |= {key: "updated" for key in before.keys() & after.keys() if before[key] != after[key]}
    assert changes == expected
    assert diff["inserted"] + diff["updated"] + diff["deleted"] == len(changes)
    text = table(lake, "diff", first, "--limit", 3).stdout.decode()
    assert "further rows" in text and "inserted" in text.splitlines()[-1]


def test_why_tells_a_keys_whole_story(lake, halves):
    folder, second, _ = halves
    lake.ingest(folder)
    (folder / "b.ndjson").write_bytes(second.read_bytes())
    lake.ingest(folder)
    seen: dict[str, list[str]] = {}
    for line in [*(folder / "a.ndjson").open(), *second.open()]:
        record = json.loads(line)
        key = record["dynamodb"]["Keys"]["transaction_id"]["S"]
        seen.setdefault(key, []).append(record["eventName"])
    stored = {row[0] for row in rows(lake).rows}
    key = next(k for k, events in seen.items() if len(set(events)) > 1 and k in stored)
    story = told(lake, "why", key)
    assert [row["row"]["transaction_id"] for row in story["rows"]] == [key]
    assert story["commits"][-1]["row"] == story["rows"][0]["row"]
    gone = next(k for k in seen if k not in stored)
    story = told(lake, "why", gone)
    assert story["rows"] == []
    assert b"the table has no such row" in table(lake, "why", gone).stdout


def test_export_writes_what_sql_reads(lake, halves, tmp_path):
    folder, second, _ = halves
    lake.ingest(folder)
    exported = csv_table.parse(table(lake, "export").stdout.decode())
    assert len(exported.rows) == int(lake.sql(COUNT).rows[0][0])
    csv_table.assert_equal(exported, rows(lake), "export")
    file = tmp_path / "rows.parquet"
    program.run("table", "export", lake.table, "--lake", lake.path, "--format", "parquet",
                "--output", file)
    count = lake.sql(f"SELECT count(*) FROM read_parquet('{file}')").rows[0][0]
    assert int(count) == len(exported.rows)
    (instant,) = [name.split(".")[0] for name in lake.instants()[-1:]]
    (folder / "b.ndjson").write_bytes(second.read_bytes())
    lake.ingest(folder)
    assert csv_table.parse(table(lake, "export").stdout.decode()).rows != exported.rows
    then = csv_table.parse(table(lake, "export", "--as-of", instant).stdout.decode())
    csv_table.assert_equal(then, exported, "export as of the first commit")
    refused = table(lake, "export", "--as-of", "yesterday", check=False)
    assert refused.returncode == 1 and b"yesterday" in refused.stderr


def test_a_table_with_buckets_is_not_clustered_and_told_why(lake, halves):
    folder, second, _ = halves
    lake.ingest(folder)
    refused = table(lake, "cluster", check=False)
    assert refused.returncode == 1
    assert b"bucket index" in refused.stderr and b"hint: " in refused.stderr


def test_deleted_partitions_are_empty_until_the_rollback(lake, halves):
    folder, second, _ = halves
    lake.ingest(folder)
    before = rows(lake)
    days = lake.sql(f"SELECT event_date, count(*) FROM {lake.table} GROUP BY 1 ORDER BY 2").rows
    day, count = days[-1]
    done = told(lake, "delete-partition", f"event_date={day}", "event_date=1999-01-01")
    assert done["partitions"] == 1 and done["file_groups"] > 0
    assert len(rows(lake).rows) == len(before.rows) - int(count)
    assert told(lake, "verify")["sound"]
    again = told(lake, "delete-partition", f"event_date={day}")
    assert again["instant"] is None and again["partitions"] == 0
    assert told(lake, "history")["instants"][0]["operation"] == "DELETE_PARTITION"
    assert told(lake, "rollback")["instants_taken_back"] == 1
    csv_table.assert_equal(rows(lake), before, "after the rollback")
    assert told(lake, "verify")["sound"]
