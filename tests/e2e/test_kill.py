"""The real program, killed with SIGKILL at random moments under load.

$TAPELAKE_KILLS is the number of kills (8; 50 in `./dev test --full kill`). With 50, Spark opens the
table after every tenth.
"""

import json
import os
import random
from collections import Counter

from support import csv_table, readers
from support.delivered import lines_of, raw_objects
from support.killed import KilledPipeline
from support.program import run, simulate

KILLS = int(os.environ.get("TAPELAKE_KILLS", "8"))
SPARK_EVERY = 10
CHANGES_PER_KILL = 4000


def leftovers(lake) -> list[str]:
    """Instants that were begun and not completed."""
    names = [path.name for path in (lake.table_path / ".hoodie").iterdir() if path.is_file()]
    completed = {name.split(".")[0] for name in names if name.count(".") == 1}
    return [name for name in names
            if name.endswith((".requested", ".inflight")) and name.split(".")[0] not in completed]


def check_raw_layer(lake, events) -> None:
    """Every record of the stream is one raw line, and every event was put at least once."""
    lines = Counter(line["event_id"] for line in lines_of(raw_objects(lake)))
    told = json.loads(run("stream", "describe", "--json", "--lake", lake.path, lake.table).stdout)
    assert lines.total() == told["next_sequence"] - 1
    put = Counter(json.loads(line)["eventID"] for line in events.read_bytes().splitlines())
    assert lines >= put, "an acknowledged record is in no raw object"
    assert lines.keys() == put.keys()


def test_killed_at_random_moments_the_table_is_what_it_must_be(tmp_path, request):
    seed = random.SystemRandom().randrange(1 << 32)
    print(f"seed {seed}")
    rng = random.Random(seed)
    simulation = simulate(tmp_path, seed=rng.randrange(1 << 30), changes=KILLS * CHANGES_PER_KILL,
                          shape=rng.choice(["streams", "kinesis"]))
    pipeline = KilledPipeline(tmp_path, simulation.events, rng)

    def look(number):
        if number % SPARK_EVERY != 0 or not pipeline.lake.instants():
            return
        spark = request.getfixturevalue("spark_0_15")
        ours = readers.read_sql(pipeline.lake)
        csv_table.assert_equal(spark.read(pipeline.lake.table_path), ours,
                               f"Spark after kill {number}")

    pipeline.kill_times(KILLS, look)
    pipeline.finish()
    shown = readers.read_sql(pipeline.lake)
    columns = [name for name in shown.columns if name != "_change_seq"]
    csv_table.assert_equal(shown.select(columns), simulation.expected, f"seed {seed}")
    assert not leftovers(pipeline.lake)
    check_raw_layer(pipeline.lake, simulation.events)
