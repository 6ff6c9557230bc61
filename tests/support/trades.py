"""Settled trades as change records of the stream, made by a test itself."""

import datetime
import json
import time

EPOCH = datetime.datetime(1970, 1, 1)


class TradeMaker:
    """Makes one INSERT record a trade; each has a key of its own."""

    def __init__(self):
        self.made = 0

    def line(self, pair: str, exchange: str, price: float, quantity: float, *, traded_s: float,
             changed_s: float | None = None) -> str:
        """The trade happened at `traded_s` and was written to the table at `changed_s` (now)."""
        self.made += 1
        number = self.made
        key = f"trade-{number}"
        item = {"transaction_id": {"S": key}, "trading_pair": {"S": pair},
                "exchange": {"S": exchange}, "price": {"N": f"{price:.8f}"},
                "quantity": {"N": f"{quantity:.8f}"}, "trade_status": {"S": "SUCCESS"},
                "order_type": {"S": "BUY" if number % 2 else "SELL"},
                "timestamp": {"S": stamp(traded_s)}}
        changed_micros = int((time.time() if changed_s is None else changed_s) * 1e6)
        return json.dumps({
            "eventID": f"event-{number}", "eventName": "INSERT", "eventSource": "aws:dynamodb",
            "recordFormat": "application/json", "tableName": "CryptoTransactions",
            "dynamodb": {"ApproximateCreationDateTime": changed_micros,
                         "ApproximateCreationDateTimePrecision": "MICROSECOND",
                         "Keys": {"transaction_id": {"S": key}}, "NewImage": item}}) + "\n"


def stamp(seconds: float) -> str:
    """ISO-8601 in microseconds with Z."""
    moment = EPOCH + datetime.timedelta(seconds=seconds)
    return moment.isoformat(timespec="microseconds") + "Z"
