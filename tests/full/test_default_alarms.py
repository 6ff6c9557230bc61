"""Every default alarm, its rule as it is, fires and clears in a running pipeline because what it
is about was caused and ended.

The rules take minutes, so each group of causes has a pipeline of its own and they run at the same
time (`./dev test --full alarms`). A full disk needs the right to mount one; where that is missing
the last test says so beside its count.
"""

import json
import random
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from support import program
from support.alarmed import Pace, Producer, alarming, fired, running
from support.scripted_kinesis import late_stream
from support.small_disk import can_mount, small_disk
from support.trades import TradeMaker
from support.webhook import receiver

FULL_DISK = {"disk-space", "disk-share", "refused-puts", "commit-failures", "freshness",
             "ingest-backlog", "delivery-backlog"}
BAD_PRODUCER = {"errors", "shard-throughput", "webhook-failures"}
LATE_PRODUCER = {"freshness", "market-freshness"}
LATE_SOURCE = {"source-lag", "source-gaps"}
WILD_MARKET = {"market-volatility", "market-spread", "market-volume", "market-gap"}
# A machine that is slow, or has a full disk itself, may see these at any time.
BY_THE_MACHINE = {"freshness", "market-freshness", "disk-space", "disk-share"}

STREAM_TABLE = "tables: [{name: transactions, source: {kind: stream}}]\n"
PAIR = "BTC/USD"


def webhook_of(server) -> str:
    return f"alarms: {{webhook: 'http://127.0.0.1:{server.server_port}/'}}\n"


def live_trades(trades: TradeMaker, count: int, late_s: float = 0) -> str:
    """Trades of this moment that are told `late_s` after they were written to the table."""
    now = time.time() - late_s
    return "".join(trades.line(PAIR, "kraken", 50_000 + i % 7, 0.1, traded_s=now, changed_s=now)
                   for i in range(count))


def news_of(transitions: list[dict]) -> list[dict]:
    return [change for change in transitions if "ALARM" in (change["from"], change["to"])]


def fill_the_disk(folder, over) -> list[dict]:
    trades = TradeMaker()
    with receiver() as server, small_disk(folder / "disk") as disk:
        config = f"{STREAM_TABLE}delivery: {{buffer_interval: 1s}}\n{webhook_of(server)}"
        with running(folder, over, config, disk.path / "lake") as pipeline:
            pipeline.wait_for(
                lambda: {"disk-space", "disk-share"} <= {t["name"] for t in pipeline.transitions()},
                "the first look at the disk", lambda: pipeline.put(live_trades(trades, 5)))
            assert not alarming(pipeline.transitions())
            # Small pieces to the end: what found room in the stream no longer does in the table.
            disk.fill(free_bytes=64 << 10)
            while pipeline.put(live_trades(trades, 20)).returncode == 0:
                assert trades.made < 20_000, "the disk is not full"
            pause = Pace(per_second=0.2)

            def put_in_vain():
                if pause.due() > 0:
                    assert pipeline.put(live_trades(trades, 5)).returncode != 0

            def told():
                return [message for _, _, message in server.posted]

            pipeline.wait_until_alarming(FULL_DISK, put_in_vain, told)
            disk.free()
            assert pipeline.put(live_trades(trades, 5)).returncode == 0
            pipeline.wait_until_clear(FULL_DISK, told=told)
            # The log could not be written for minutes either, and has it all the same.
            pipeline.wait_for(lambda: told() == news_of(pipeline.transitions()),
                              "the log to have what the webhook was told")
            return pipeline.transitions()


def misbehave(folder, over) -> list[dict]:
    """More than a shard takes, a twentieth of it garbage, while the webhook is out of order; then a
    producer that is half a minute late."""
    trades, flood, trickle = TradeMaker(), Pace(per_second=1_000), Pace(per_second=5)
    with receiver(500) as server:
        config = f"{STREAM_TABLE}stream: {{shards: 1}}\n{webhook_of(server)}"
        with running(folder, over, config) as pipeline, Producer(pipeline) as producer:
            assert not alarming(pipeline.transitions())

            def put_much():
                due = flood.due()
                bad = due // 20
                producer.put(live_trades(trades, due - bad) + "no change record\n" * bad)

            def put_little(late_s=0):
                producer.put(live_trades(trades, trickle.due(), late_s))

            pipeline.wait_until_alarming(BAD_PRODUCER, put_much)
            trickle.due()
            server.status = 204
            pipeline.wait_until_alarming(LATE_PRODUCER, lambda: put_little(late_s=30))
            pipeline.wait_until_clear(BAD_PRODUCER | LATE_PRODUCER, put_little)
            told = {(message["name"], message["to"]) for _, _, message in server.posted}
            assert ("shard-throughput", "OK") in told, "the webhook took nothing when it could"
            return pipeline.transitions()


class MarketTape:
    """Trades of three exchanges on a day long ago, whose time plays as the present one."""

    CALM = {"step_s": 10, "bounce": 2e-4, "amount": 0.1, "apart": 1e-4}
    WILD = {"step_s": 5, "bounce": 1e-2, "amount": 2, "apart": 5e-2}
    EXCHANGES = ("binance", "coinbase", "kraken")

    def __init__(self):
        self.trades, self.random, self.now_s, self.drift = TradeMaker(), random.Random(7), 1.7e9, 0.0

    def play(self, seconds: float, step_s: float, bounce: float, amount: float, apart: float) -> str:
        """Each trade is at bid or ask, `bounce` from the middle; the first exchange is `apart`."""
        lines = []
        for _ in range(int(seconds / step_s)):
            self.now_s += step_s
            for number, exchange in enumerate(self.EXCHANGES):
                self.drift += self.random.gauss(0, 3e-5)
                side = self.random.choice((-1, 1))
                price = 50_000 * (1 + self.drift + side * bounce + (apart if number == 0 else 0))
                lines.append(self.trades.line(
                    PAIR, exchange, price, amount * self.random.uniform(0.8, 1.2),
                    traded_s=self.now_s + number / 10))
        return "".join(lines)


def go_wild(folder, over) -> list[dict]:
    tape, second, step = MarketTape(), Pace(per_second=1), Pace(per_second=1 / MarketTape.CALM["step_s"])
    ratios = [f"tapelake_market_{what}_ratio" for what in ("volatility", "spread", "volume", "gap")]
    with running(folder, over, STREAM_TABLE) as pipeline, Producer(pipeline) as producer:
        producer.put(tape.play(1_800, **tape.CALM))

        def has_history():
            shown = pipeline.metrics()
            return all(ratio + "{" in shown for ratio in ratios)

        # A sample a minute of the tape: a second, here.
        pipeline.wait_for(has_history, "a market with a history",
                          lambda: producer.put(tape.play(60 * second.due(), **tape.CALM)))
        assert not WILD_MARKET & alarming(pipeline.transitions())
        producer.put(tape.play(300, **tape.WILD))
        second.due()
        pipeline.wait_until_alarming(
            WILD_MARKET,
            lambda: producer.put(tape.play(second.due(), **tape.WILD | {"step_s": 1})))
        # Windows of an hour forget it.
        producer.put(tape.play(4_000, **tape.CALM))
        step.due()
        pipeline.wait_until_clear(
            WILD_MARKET,
            lambda: producer.put(tape.play(step.due() * tape.CALM["step_s"], **tape.CALM)))
        return pipeline.transitions()


def fall_behind(folder, over) -> list[dict]:
    """A stream of Kinesis that is minutes late, and of which a shard goes before it was read."""
    trades = TradeMaker()
    with late_stream(lambda: live_trades(trades, 1).strip()) as stream:
        stream.shards.append("shardId-000000000001")
        config = ("tables:\n- {name: transactions, source: {kind: stream}}\n"
                  "- {name: pulled, source: {kind: kinesis, stream: late}}\n")
        with running(folder, over, config, environment=stream.environment()) as pipeline:
            pipeline.wait_for(lambda: stream.given > 3, "the first records")
            assert not alarming(pipeline.transitions())
            stream.late_s = 300
            stream.shards.pop()
            pipeline.wait_until_alarming(LATE_SOURCE)
            stream.late_s = 0
            pipeline.wait_until_clear(LATE_SOURCE)
            return pipeline.transitions()


SCENARIOS = {misbehave: BAD_PRODUCER | LATE_PRODUCER, go_wild: WILD_MARKET,
             fall_behind: LATE_SOURCE}
if can_mount():
    SCENARIOS[fill_the_disk] = FULL_DISK


@pytest.fixture(scope="module")
def outcomes(tmp_path_factory):
    """What each scenario's alarms did, or will have done: all run at the same time."""
    over = threading.Event()
    with ThreadPoolExecutor(len(SCENARIOS)) as pool:
        yield {run: pool.submit(run, tmp_path_factory.mktemp(run.__name__), over)
               for run in SCENARIOS}
        over.set()


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.__name__)
def test_what_is_caused_fires_and_clears_and_nothing_else_does(scenario, outcomes):
    transitions = outcomes[scenario].result()
    assert fired(transitions) >= SCENARIOS[scenario]
    assert fired(transitions) - SCENARIOS[scenario] <= BY_THE_MACHINE
    assert not alarming(transitions) & SCENARIOS[scenario]


def test_every_default_alarm_was_tried(outcomes, capsys):
    names = [json.loads(line)["name"]
             for line in program.run("alarms", "list", "--json").stdout.splitlines()]
    assert FULL_DISK | BAD_PRODUCER | LATE_PRODUCER | LATE_SOURCE | WILD_MARKET == set(names)
    cleared = set()
    for outcome in outcomes.values():
        transitions = outcome.result()
        cleared |= fired(transitions) - alarming(transitions)
    left = "" if can_mount() else "; not those of a full disk: no file system may be mounted here"
    with capsys.disabled():
        print(f"\nfigure: {len(cleared)} of {len(names)} default alarms fired and cleared{left}")
    assert not can_mount() or cleared == set(names)
