"""Trade dumps: a generated one, and the recorded one that $TAPELAKE_TAPE names."""

import csv
import gzip
import os
import random
from decimal import Decimal
from pathlib import Path

COLUMNS = ["trade_id", "trading_pair", "price", "quantity", "timestamp_ms", "is_buyer_maker"]
EXCHANGE = "binance"


def make_tape(path: Path) -> Path:
    """Write trades over three days in the recorded tape's form, amounts of every length."""
    random.seed(20)
    millis = 1_570_752_011_620
    with gzip.open(path, "wt", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(COLUMNS)
        for trade in range(13_519_807, 13_519_807 + 4_000):
            millis += random.choice([0, 0, 7, 613, 130_000])
            price = Decimal(random.randrange(1, 10**random.randrange(1, 16))).scaleb(-8)
            amount = Decimal(random.randrange(1, 10**random.randrange(1, 18))).scaleb(-8)
            writer.writerow([trade, "XRP/ETH", f"{price:.8f}", f"{amount:.8f}", millis,
                             random.choice(["true", "false"])])
    return path


def tapes() -> list:
    recorded = os.environ.get("TAPELAKE_TAPE")
    return ["generated"] + ([recorded] if recorded else [])
