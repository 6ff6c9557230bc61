"""A Kafka broker (KRaft, one process, loopback alone) and a topic on it with a producer."""

import contextlib
import json
import os
import subprocess
import time
from pathlib import Path

from confluent_kafka import OFFSET_BEGINNING, Consumer, Producer, TopicPartition
from confluent_kafka.admin import AdminClient, ConfigResource, NewPartitions, NewTopic

from support.csv_table import KEY
from support.local_server import Program, clean_environment, free_port
from support.program import ROOT

PATIENCE_S = 60
PROPERTIES = """\
process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:{controller}
listeners=PLAINTEXT://127.0.0.1:{port},CONTROLLER://127.0.0.1:{controller}
advertised.listeners=PLAINTEXT://127.0.0.1:{port}
controller.listener.names=CONTROLLER
inter.broker.listener.name=PLAINTEXT
log.dirs={logs}
offsets.topic.replication.factor=1
offsets.topic.num.partitions=4
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
group.initial.rebalance.delay.ms=0
auto.create.topics.enable=false
log.retention.check.interval.ms=500
log.segment.delete.delay.ms=100
"""


class Broker(Program):
    """Its log is kept when it ends, so that it can be started again."""

    def __init__(self, folder: Path):
        self.port = free_port()
        self.address = f"127.0.0.1:{self.port}"
        home = Path(os.environ.get("TAPELAKE_KAFKA", ROOT / ".deps" / "kafka"))
        java = Path(os.environ["JAVA_HOME"]) / "bin" / "java" if "JAVA_HOME" in os.environ else "java"
        properties = folder / "server.properties"
        properties.write_text(PROPERTIES.format(port=self.port, controller=free_port(),
                                                logs=folder / "logs"))
        base = [str(java), "-Xmx384m", "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn", "-cp",
                f"{home}/lib/*"]
        format_tool = [*base, "kafka.tools.StorageTool"]
        name = subprocess.run([*format_tool, "random-uuid"], check=True, capture_output=True,
                              text=True).stdout.split()[-1]
        subprocess.run([*format_tool, "format", "-t", name, "-c", str(properties)], check=True,
                       capture_output=True)
        super().__init__([*base, "kafka.Kafka", properties], "", folder, {})

    def wait_until_ready(self):
        deadline = time.monotonic() + PATIENCE_S
        while time.monotonic() < deadline:
            assert self.process.poll() is None, f"the broker ended: {self.said.read_text()[-3000:]}"
            with contextlib.suppress(Exception):
                admin = AdminClient({"bootstrap.servers": self.address, "log_level": 0})
                if admin.list_topics(timeout=2).brokers:
                    return
            time.sleep(0.1)
        raise AssertionError(f"no answer from {self.address}: {self.said.read_text()[-3000:]}")

    def client_environment(self) -> dict[str, str]:
        return clean_environment()


@contextlib.contextmanager
def kafka(folder: Path):
    broker = Broker(folder)
    try:
        yield broker
    finally:
        broker.end()


class Topic:
    """A topic that a producer writes to; each key's records in order, in one partition."""

    def __init__(self, broker: Broker, name: str, partitions: int, **settings: str):
        self.broker, self.name = broker, name
        self.admin = AdminClient({"bootstrap.servers": broker.address, "log_level": 0})
        wait_for(self.admin.create_topics([NewTopic(name, partitions, 1, config=settings)]))
        self.producer = Producer({"bootstrap.servers": broker.address, "linger.ms": 5,
                                  "enable.idempotence": True, "log_level": 0})

    def put(self, records: list[tuple[bytes, bytes | None]]):
        """Keys and values; returns when the broker has them."""
        failed = []
        for key, value in records:
            self.producer.produce(self.name, key=key, value=value,
                                  on_delivery=lambda error, _: error and failed.append(error))
            self.producer.poll(0)
        assert self.producer.flush(PATIENCE_S) == 0 and not failed, failed

    def put_changes(self, lines: list[bytes]):
        self.put([(key_of(line), line) for line in lines])

    def add_partitions(self, count: int):
        wait_for(self.admin.create_partitions([NewPartitions(self.name, count)]))

    def delete(self):
        wait_for(self.admin.delete_topics([self.name]))

    def set(self, **settings: str):
        resource = ConfigResource(ConfigResource.Type.TOPIC, self.name,
                                  set_config={key.replace("_", "."): value
                                              for key, value in settings.items()})
        wait_for(self.admin.alter_configs([resource]))

    def ends(self) -> dict[int, int]:
        """Partition -> offset of its end."""
        return {number: high for number, (_, high) in self.ranges().items()}

    def ranges(self) -> dict[int, tuple[int, int]]:
        consumer = Consumer({"bootstrap.servers": self.broker.address, "group.id": "looks-only",
                             "log_level": 0})
        try:
            topic = consumer.list_topics(self.name, timeout=PATIENCE_S).topics[self.name]
            return {number: consumer.get_watermark_offsets(
                TopicPartition(self.name, number, OFFSET_BEGINNING), timeout=PATIENCE_S)
                for number in topic.partitions}
        finally:
            consumer.close()

    def committed(self, group: str) -> dict[int, int]:
        """What the group was told."""
        consumer = Consumer({"bootstrap.servers": self.broker.address, "group.id": group,
                             "log_level": 0})
        try:
            wanted = [TopicPartition(self.name, number) for number in self.ends()]
            return {place.partition: place.offset
                    for place in consumer.committed(wanted, timeout=PATIENCE_S)}
        finally:
            consumer.close()


def wait_for(futures: dict):
    for future in futures.values():
        future.result(PATIENCE_S)


def key_of(line: bytes) -> bytes:
    return json.loads(line)["dynamodb"]["Keys"][KEY]["S"].encode()
