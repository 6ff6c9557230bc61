"""The verbs at work: what they print, what they leave, how they end."""

import gzip
import json
import os
import pty
import signal
import subprocess
import time

import pytest

from support import csv_table, program

PATIENCE_S = 60
QUIETLY = ("--listen", "127.0.0.1:0", "--history", "0s")  # of `up`: any port, no simulated past


@pytest.fixture
def simulation(tmp_path):
    return program.simulate(tmp_path, seed=11, changes=3000, shape="streams")


def test_simulate_is_deterministic_and_counts(tmp_path):
    outputs = []
    for name in ("a", "b"):
        counts = json.loads(program.run(
            "simulate", "--seed", 5, "--changes", 2000, "--duplicates", "0.1", "--json",
            "--events", tmp_path / name, "--expected", tmp_path / f"{name}.csv").stdout)
        outputs.append(((tmp_path / name).read_bytes(), (tmp_path / f"{name}.csv").read_bytes()))
    assert outputs[0] == outputs[1]
    assert counts["changes"] == 2000 == counts["inserts"] + counts["modifies"] + counts["removes"]
    assert counts["events"] == counts["changes"] + counts["duplicates"]
    assert outputs[0][0].count(b"\n") == counts["events"]
    assert len(csv_table.load(tmp_path / "a.csv").rows) == counts["rows"]
    to_stdout = program.run("simulate", "--seed", 5, "--changes", 2000, "--duplicates", "0.1")
    assert to_stdout.stdout == outputs[0][0]


def test_ingest_prints_counts_that_add_up(lake, simulation):
    counts = lake.ingest(simulation.events)
    assert set(counts) >= {"received", "applied", "duplicates", "stale", "errors", "rescued_values",
                           "inserted_rows", "updated_rows", "deleted_rows", "commits", "files",
                           "errors_by_type", "seconds", "instant"}
    assert counts["received"] == len(simulation.events.read_bytes().splitlines())
    assert counts["received"] == \
        counts["applied"] + counts["duplicates"] + counts["stale"] + counts["errors"]
    assert counts["instant"] + ".deltacommit" in lake.instants()


def test_ingest_takes_only_what_is_new(lake, simulation, tmp_path):
    lines = simulation.events.read_bytes().splitlines(keepends=True)
    growing = tmp_path / "incoming" / "growing.ndjson"
    growing.parent.mkdir()
    growing.write_bytes(b"".join(lines[:1000]))
    assert lake.ingest(growing.parent)["received"] == 1000
    assert lake.ingest(growing.parent)["received"] == 0
    growing.write_bytes(b"".join(lines[:2500]))
    (growing.parent / "rest.ndjson.gz").write_bytes(gzip.compress(b"".join(lines[2500:])))
    assert lake.ingest(growing.parent)["received"] == len(lines) - 1000
    assert len(lake.instants()) == 2, "nothing new makes no commit"
    counted = lake.sql("SELECT count(*) AS n FROM crypto.transactions")
    assert counted.rows == [[str(len(simulation.expected.rows))]]


def test_a_damaged_file_does_not_stop_the_others(lake, simulation, tmp_path):
    folder = tmp_path / "incoming"
    folder.mkdir()
    lines = simulation.events.read_bytes().splitlines(keepends=True)
    packed = gzip.compress(b"".join(lines[:500]))
    (folder / "a.ndjson.gz").write_bytes(packed[:-20])
    (folder / "b.ndjson").write_bytes(b"".join(lines[500:700]))
    done = program.run("ingest", "--once", "--lake", lake.path, "--table", lake.table, "--json",
                       folder, check=False)
    assert done.returncode == 1
    assert b"a.ndjson.gz" in done.stderr
    counts = json.loads(done.stdout)
    assert counts["received"] >= 200 and counts["commits"] == 1


def test_a_configured_table_keeps_change_data_logs(tmp_path, simulation):
    lake, config = program.Lake(tmp_path / "lake"), tmp_path / "lake.yaml"
    lake.config = config
    table = "tables: [{name: transactions, type: cow, index: bloom, change_data: MODE}]\n"
    config.write_text(table.replace("MODE", "data_before_after"))
    lines = simulation.events.read_bytes().splitlines(keepends=True)
    rows = []
    for part in (lines[:500], lines[500:]):
        file = tmp_path / f"part{len(rows)}.ndjson"
        file.write_bytes(b"".join(part))
        lake.ingest(file)
        rows.append({key for key, in lake.sql(f"SELECT _hoodie_record_key FROM {lake.table}").rows})
    assert list(lake.table_path.rglob("*.cdc"))
    begin = lake.instants()[0].split(".")[0]
    feed = lake.sql(f"SELECT op, _hoodie_record_key FROM hudi_changes('{lake.table}', '{begin}')").rows
    assert {op for op, _ in feed} == {"i", "u", "d"}
    for key in rows[0] | rows[1] | {key for _, key in feed}:
        net = sum({"i": 1, "u": 0, "d": -1}[op] for op, changed in feed if changed == key)
        assert net == (key in rows[1]) - (key in rows[0]), key
    config.write_text(table.replace("MODE", "op_key_only"))
    done = program.run("ingest", "--once", "--lake", lake.path, "--table", lake.table,
                       "--config", config, tmp_path / "part0.ndjson", check=False)
    assert done.returncode != 0
    assert b"with change-data logs of the kind DATA_BEFORE_AFTER" in done.stderr


def test_describe_shows_columns_properties_and_rules_for_others(lake, simulation):
    lake.ingest(simulation.events)
    told = json.loads(program.run("table", "describe", "--lake", lake.path, lake.table,
                                  "--json").stdout)
    names = [column["name"] for column in told["columns"]]
    assert names[0] == "transaction_id" and names[-1] == "_change_seq"
    assert told["properties"]["hoodie.index.type"] == "BUCKET"
    assert told["rows"] == len(simulation.expected.rows)
    assert told["file_groups"]
    text = program.run("table", "describe", "--lake", lake.path, lake.table).stdout.decode()
    for word in ("bulk_insert", "BUCKET with 4", "hoodie.write.auto.upgrade=false", "Columns:",
                 "File groups:", "Positions"):
        assert word in text
    assert max(map(len, text.splitlines())) < 250


def test_describe_warns_of_keys_with_colons(lake, tmp_path):
    events = tmp_path / "events.ndjson"
    line = next(iter(program.run("simulate", "--changes", 1).stdout.splitlines()))
    record = json.loads(line)
    for place in (record["dynamodb"]["Keys"], record["dynamodb"]["NewImage"]):
        place["transaction_id"] = {"S": "order:12"}
    events.write_text(json.dumps(record) + "\n")
    assert lake.ingest(events)["applied"] == 1
    text = program.run("table", "describe", "--lake", lake.path, lake.table).stdout.decode()
    assert "'order:12'" in text and "Hudi 0.15" in text


def test_status_and_list_tell_what_is_there(lake, simulation):
    assert b"no table" in program.run("status", "--lake", lake.path).stdout
    assert json.loads(program.run("status", "--lake", lake.path, "--json").stdout) == []
    counts = lake.ingest(simulation.events)
    (status,) = json.loads(program.run("status", "--lake", lake.path, "--json").stdout)
    assert status["table"] == lake.table
    assert status["instant"] == counts["instant"]
    assert status["rows"] == len(simulation.expected.rows)
    assert list(status["positions"].values()) == [simulation.events.stat().st_size]
    assert status["error_objects"] == 0
    (listed,) = json.loads(program.run("table", "list", "--lake", lake.path, "--json").stdout)
    assert (listed["database"], listed["name"]) == ("crypto", "transactions")


def test_check_finds_what_would_fail(lake, simulation, tmp_path):
    lake.ingest(simulation.events)
    config = tmp_path / "tapelake.yaml"
    table = "tables: [{name: transactions, source: {kind: files, paths: [%s]}}]\n"
    config.write_text(f"lake: {{path: {lake.path}}}\n" + table % simulation.events)
    told = json.loads(program.run("check", "--json", "--config", config).stdout)
    assert all(item["ok"] for item in told) and len(told) == 6
    config.write_text(f"lake: {{path: {lake.path}}}\n" + table % (tmp_path / "absent"))
    done = program.run("check", "--config", config, check=False)
    assert done.returncode == 1
    assert b"FAIL  source" in done.stdout and b"absent" in done.stderr
    properties = lake.table_path / ".hoodie" / "hoodie.properties"
    properties.write_text("not a table\n")
    done = program.run("check", "--config", config, check=False)
    assert done.returncode == 1
    assert b"FAIL  table crypto.transactions" in done.stdout


def test_replay_writes_the_records_it_reads(simulation, tmp_path):
    done = program.run("replay", "--speed", "max", simulation.events)
    assert done.stdout == simulation.events.read_bytes()
    program.run("replay", "--speed", "max", "--events", tmp_path / "copy", simulation.events)
    assert (tmp_path / "copy").read_bytes() == done.stdout


def test_replay_keeps_the_recorded_pace(tmp_path):
    """60 s of recorded time at 60 times the speed take a second."""
    events = tmp_path / "events.ndjson"
    line = program.run("simulate", "--changes", 1).stdout.splitlines()[0]
    record = json.loads(line)
    with open(events, "w") as out:
        for i in range(3):
            record["dynamodb"]["ApproximateCreationDateTime"] = 1714600800 + 30 * i
            out.write(json.dumps(record) + "\n")
    start = time.monotonic()
    done = program.run("replay", "--speed", "60x", events)
    assert 0.9 < time.monotonic() - start < 10
    assert len(done.stdout.splitlines()) == 3


def test_an_interrupted_replay_commits_and_ingest_goes_on(lake, simulation):
    process = subprocess.Popen(
        [program.binary(), "replay", "--speed", "1000x", "--lake", str(lake.path), "--table",
         lake.table, "--json", str(simulation.events)], stdout=subprocess.PIPE)
    time.sleep(1.5)
    process.send_signal(signal.SIGINT)
    out, _ = process.communicate(timeout=PATIENCE_S)
    assert process.returncode == 130
    first = json.loads(out)
    assert first["received"] > 0 and first["commits"] >= 1
    rest = lake.ingest(simulation.events)
    assert first["received"] + rest["received"] == len(simulation.events.read_bytes().splitlines())
    status = json.loads(program.run("status", "--lake", lake.path, "--json").stdout)
    assert status[0]["rows"] == len(simulation.expected.rows)


def test_two_signals_stop_at_once(tmp_path):
    process = subprocess.Popen([program.binary(), "up", *QUIETLY], cwd=tmp_path,
                               stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert b"writes to the lake" in process.stdout.readline()
    time.sleep(1)
    os.kill(process.pid, signal.SIGSTOP)  # so that both signals are there when it goes on
    process.send_signal(signal.SIGINT)
    process.send_signal(signal.SIGTERM)
    os.kill(process.pid, signal.SIGCONT)
    _, errors = process.communicate(timeout=PATIENCE_S)
    assert process.returncode == 130
    assert b"stopped at once" in errors


def test_up_says_what_to_try_and_its_suggestions_work(tmp_path):
    done = program.run("up", *QUIETLY, "--rate", 300, "--duration", "4s", cwd=tmp_path)
    text = done.stdout.decode()
    tried = [line.strip() for line in text.splitlines() if line.startswith("  " + str(program.binary()))]
    assert len(tried) >= 3
    for command in tried:
        answer = subprocess.run(command, shell=True, cwd=tmp_path, capture_output=True, check=False)
        assert answer.returncode == 0, answer.stderr
        assert answer.stdout


def test_up_without_sources_says_so(tmp_path):
    config = tmp_path / "idle.yaml"
    config.write_text("tables: [{name: transactions}]\n")
    done = program.run("up", "--config", config, check=False, cwd=tmp_path)
    assert done.returncode == 1
    assert b"no configured table has a source" in done.stderr


def test_up_follows_files_and_several_tables(tmp_path, simulation):
    incoming = tmp_path / "incoming"
    incoming.mkdir()
    lines = simulation.events.read_bytes().splitlines(keepends=True)
    (incoming / "a.ndjson").write_bytes(b"".join(lines[:100]))
    config = tmp_path / "two.yaml"
    config.write_text(
        f"{program.ANY_PORT}lake: {{path: {tmp_path / 'lake'}}}\ncommit: {{interval: 200ms}}\n"
        "simulator: {history: 0s}\ntables:\n"
        f"- {{name: replayed, source: {{kind: files, paths: [{incoming}]}}}}\n"
        "- {name: simulated, source: {kind: simulator, shape: kinesis}}\n")
    process = subprocess.Popen([program.binary(), "up", "--json", "--config", config],
                               stdout=subprocess.PIPE)
    received = {}

    def wait_until(wanted):
        for line in process.stdout:
            received.update({t["table"]: t["received"] for t in json.loads(line)["tables"]})
            if wanted(received):
                return
        pytest.fail(f"up ended with {received}")

    wait_until(lambda now: now["crypto.replayed"] == 100 and now["crypto.simulated"] > 0)
    (incoming / "a.ndjson").write_bytes(b"".join(lines[:300]))
    (incoming / "b.ndjson").write_bytes(b"".join(lines[300:]))
    wait_until(lambda now: now["crypto.replayed"] == len(lines))
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=PATIENCE_S)
    assert process.returncode == 0
    tables = json.loads(program.run("status", "--json", "--config", config).stdout)
    rows = {t["table"]: t["rows"] for t in tables}
    assert rows["crypto.replayed"] == len(simulation.expected.rows)
    assert rows["crypto.simulated"] > 0


def on_a_terminal(*arguments) -> bytes:
    """Run with stderr and stdout on a terminal; return what it showed."""
    reader, writer = pty.openpty()
    process = subprocess.Popen([program.binary(), *map(str, arguments)], stdout=writer,
                               stderr=writer, stdin=subprocess.DEVNULL)
    os.close(writer)
    shown = b""
    while True:
        try:
            piece = os.read(reader, 65536)
        except OSError:
            break
        if not piece:
            break
        shown += piece
    assert process.wait(PATIENCE_S) == 0
    os.close(reader)
    return shown


def test_long_work_shows_progress_on_a_terminal(lake, simulation):
    shown = on_a_terminal("ingest", "--once", "--lake", lake.path, "--table", lake.table,
                          simulation.events)
    assert b"\r\x1b[2Kcrypto.transactions: file 1 of 1, " in shown and b" records, " in shown
    assert b"changes received" in shown.rsplit(b"\x1b[2K", 1)[1], "the line gives way to the result"


def test_up_redraws_its_line_on_a_terminal(tmp_path):
    shown = on_a_terminal("up", *QUIETLY, "--lake", tmp_path / "lake", "--duration", "3s")
    assert shown.count(b"\r\x1b[2K") >= 3
    assert b"changes/s, " in shown
