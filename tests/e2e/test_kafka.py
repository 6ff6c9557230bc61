"""A topic of Kafka as a table's source, on a real broker that is restarted, and killed processes."""

import json
import random
import time
from collections import Counter

import pytest

from support import csv_table, program, readers
from support.csv_table import KEY
from support.delivered import lines_of, raw_objects
from support.kafka_server import Broker, Topic, kafka, key_of
from support.pulled import PulledTable

CHANGES = 6_000
PARTITIONS = 6
GROUP = "tapelake-crypto.transactions-"  # and the topic


@pytest.fixture(scope="module")
def broker(tmp_path_factory):
    with kafka(tmp_path_factory.mktemp("kafka")) as running:
        yield running


def source_of(topic: Topic, more: str = "") -> str:
    return f"{{kind: kafka, brokers: '{topic.broker.address}', topic: {topic.name}{more}}}"


def table_of(folder, topic: Topic, more: str = "") -> PulledTable:
    return PulledTable(folder, source_of(topic, more), topic.broker.client_environment())


def everything_is_committed(table: PulledTable, topic: Topic) -> bool:
    taken = {int(source.rpartition("/")[2]): position
             for source, position in table.positions().items()}
    return all(taken.get(number, 0) == end for number, end in topic.ends().items() if end)


def check_rows(table: PulledTable, simulation: program.Simulation, without=("_change_seq",)):
    shown = readers.read_sql(table.lake)
    columns = [name for name in shown.columns if name not in without]
    csv_table.assert_equal(shown.select(columns), simulation.expected.select(columns), "the table")


def error_lines(table: PulledTable) -> list[bytes]:
    return [line for path in sorted((table.lake.path / "errors").rglob("*.ndjson"))
            for line in path.read_bytes().splitlines()]


def test_a_broker_that_is_restarted_and_a_process_that_is_killed(broker, tmp_path):
    seed = random.SystemRandom().randrange(1 << 30)
    print(f"seed {seed}")
    rng = random.Random(seed)
    simulation = program.simulate(tmp_path, seed=seed, changes=CHANGES, shape="streams")
    lines = simulation.events.read_bytes().splitlines()
    topic = Topic(broker, "changes", PARTITIONS)
    table = table_of(tmp_path, topic)
    table.start()
    step = len(lines) // 12 + 1
    for number, begin in enumerate(range(0, len(lines), step)):
        topic.put_changes(lines[begin:begin + step])
        if number % 4 == 1:
            time.sleep(rng.uniform(0.1, 2))
            table.kill()
            table.start()
        if number % 5 == 3:
            broker.end(kill=number % 2 == 0)
            time.sleep(rng.uniform(0, 2))
            broker.start()
    table.wait_for(lambda: everything_is_committed(table, topic), "all records in the table")
    table.wait_for(lambda: max(topic.committed(GROUP + topic.name).values()) > 0, "a hint to the group")
    table.stop()
    # It is where a restart would read on, so it may lie before what the table has.
    ends = topic.ends()
    assert all(hint <= ends[number] for number, hint in topic.committed(GROUP + topic.name).items())
    check_rows(table, simulation)
    raw = Counter(line["event_id"] for line in lines_of(raw_objects(table.lake)))
    assert raw.keys() == {json.loads(line)["eventID"] for line in lines}
    assert raw.total() == len(lines) == sum(table.positions().values())
    assert len(table.marks()) == PARTITIONS
    assert table.status()["source_gaps"] == 0


def test_partitions_that_are_added_and_a_hint_that_is_wrong(broker, tmp_path):
    """Where the table goes on is its own: what the group remembers does not matter."""
    simulation = program.simulate(tmp_path, seed=5, changes=400, shape="kinesis")
    lines = simulation.events.read_bytes().splitlines()
    topic = Topic(broker, "growing", 2)
    table = table_of(tmp_path, topic, ", properties: {topic.metadata.refresh.interval.ms: 1000}")
    table.start()
    topic.put_changes(lines[:100])
    table.wait_for(lambda: everything_is_committed(table, topic), "the first records")
    table.kill()
    topic.add_partitions(4)
    topic.put_changes(lines[100:200])
    table.start()
    table.wait_for(lambda: everything_is_committed(table, topic), "partitions added meanwhile")
    topic.add_partitions(5)
    # A sequence number orders changes wherever their keys are put.
    topic.put_changes(lines[200:])
    table.wait_for(lambda: everything_is_committed(table, topic), "partitions added while it runs")
    table.stop()
    check_rows(table, simulation)
    assert table.status()["source_gaps"] == 0


def test_a_log_that_lost_records_and_one_that_was_made_anew_are_gaps(broker, tmp_path):
    simulation = program.simulate(tmp_path, seed=6, changes=300, shape="streams")
    lines = simulation.events.read_bytes().splitlines()
    settings = {"segment.ms": "200", "retention.ms": "3600000"}
    topic = Topic(broker, "losing", 1, **settings)
    table = table_of(tmp_path, topic)
    table.start()
    topic.put_changes(lines[:100])
    table.wait_for(lambda: everything_is_committed(table, topic), "the first records")
    table.stop()
    topic.put_changes(lines[100:200])
    time.sleep(0.5)
    topic.put_changes(lines[200:201])  # a new segment, so that the older one can go
    topic.set(segment_ms="200", retention_ms="1")
    deadline = time.monotonic() + 60
    while topic.ranges()[0][0] <= 100:
        assert time.monotonic() < deadline, topic.ranges()
        time.sleep(0.2)
    topic.set(segment_ms="600000", retention_ms="3600000")
    topic.put_changes(lines[201:250])
    table.start()
    table.wait_for(lambda: table.status().get("source_gaps") == 1, "the gap")
    table.wait_for(lambda: everything_is_committed(table, topic), "what is kept")
    assert "GAP" in table.said() and "not kept any more" in table.said()
    table.stop()
    topic.delete()
    time.sleep(1)
    topic = Topic(broker, "losing", 1)
    topic.put_changes(lines)
    table.start()
    table.wait_for(lambda: table.status().get("source_gaps") == 1, "the other log")
    table.wait_for(lambda: sum(table.positions().values()) == 250 + len(lines), "all of it")
    table.stop()
    assert "made anew or cut" in table.log.read_text()
    check_rows(table, simulation)


def plain(value: dict) -> str:
    """DynamoDB JSON as plain JSON, numbers with the digits that they have."""
    (kind, inner), = value.items()
    if kind == "N":
        return inner
    if kind == "M":
        return "{" + ", ".join(f"{json.dumps(k)}: {plain(v)}" for k, v in inner.items()) + "}"
    if kind == "L":
        return "[" + ", ".join(map(plain, inner)) + "]"
    return json.dumps(None if kind == "NULL" else inner)


def row_of(image: dict | None) -> str:
    return "null" if image is None else plain({"M": image})


def order_of(change: dict) -> int:
    return int(change["dynamodb"]["SequenceNumber"]) % 10 ** 20


def envelope(line: bytes) -> bytes:
    """As Debezium would have told the same change."""
    change = json.loads(line)
    body = change["dynamodb"]
    op = {"INSERT": "c", "MODIFY": "u", "REMOVE": "d"}[change["eventName"]]
    millis = int(body["ApproximateCreationDateTime"]) * 1000
    return (f'{{"schema": {{}}, "payload": {{"before": {row_of(body.get("OldImage"))}, '
            f'"after": {row_of(body.get("NewImage"))}, "op": "{op}", "source": '
            f'{{"connector": "postgresql", "lsn": {order_of(change)}, "ts_ms": {millis}}}, '
            f'"ts_ms": {millis}}}}}').encode()


def test_debezium_envelopes(broker, tmp_path):
    # Quoted numbers of number columns are numbers here, so no values of odd types.
    simulation = program.simulate(tmp_path, seed=7, changes=2_000, shape="streams",
                                  more=("--odd-types", "0", "--added-attributes", "0"))
    lines = simulation.events.read_bytes().splitlines()
    topic = Topic(broker, "envelopes", 3)
    table = table_of(tmp_path, topic, ", format: debezium")
    table.start()
    records = []
    for line in lines:
        records.append((key_of(line), envelope(line)))
        if json.loads(line)["eventName"] == "REMOVE":
            records.append((key_of(line), None))  # the tombstone behind it
    topic.put([*records, (b"k", b'{"op": "t", "ts_ms": 1}'), (b"k", b"no JSON")])
    table.wait_for(lambda: table.status().get("errors") == 2 and
                   table.status()["received"] == len(lines) + 2, "all changes")
    table.stop()
    # The order is made of Debezium's and Kafka's.
    check_rows(table, simulation, without=("_change_seq", "_change_sequence"))
    assert len(error_lines(table)) == 2


def test_rows_and_tombstones(broker, tmp_path):
    topic = Topic(broker, "rows", 2)
    table = table_of(tmp_path, topic, ", format: json")
    table.start()

    def row(key: str, price: str, day: int) -> tuple[bytes, bytes]:
        return key.encode(), (f'{{"{KEY}": "{key}", "timestamp": "2026-11-{day:02}T10:00:00Z", '
                              f'"price": {price}}}').encode()

    topic.put([row("a", "1.00000001", 1), row("b", "2", 1), row("a", "1.5", 2), row("c", "3", 3),
               (b"b", None)])
    table.wait_for(lambda: table.status().get("received") == 5, "all records")
    topic.put([(b"c", None), row("c", "4", 3)])
    table.wait_for(lambda: everything_is_committed(table, topic), "the last records")
    table.stop()
    rows = table.lake.sql(f"SELECT {KEY}, event_date, price FROM {table.lake.table} ORDER BY 1")
    assert [(key, day, float(price)) for key, day, price in rows.rows] == [
        ("a", "2026-11-02", 1.5), ("c", "2026-11-03", 4)]


def test_what_cannot_work_is_said_at_the_start(broker: Broker, tmp_path):
    table = PulledTable(
        tmp_path, f"{{kind: kafka, brokers: '{broker.address}', topic: nowhere}}",
        broker.client_environment())
    table.start()
    assert table.process.wait(60) != 0
    assert "nowhere" in table.said()
    checked = program.run("check", "--config", table.config, check=False)
    assert checked.returncode != 0 and b"nowhere" in checked.stdout + checked.stderr
