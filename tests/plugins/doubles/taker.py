"""A destination that takes rows, or misbehaves as its setting says."""

import os
import time
from collections.abc import Iterator
from dataclasses import dataclass

from dataq_plugins.sdk import Delivery, Destination, Log, Receipt, serve, setting


@dataclass(frozen=True)
class Settings:
    way: str = setting("good")
    secret: str = setting("", secret=True)
    receiver: str = setting("", doc="A file that gets a line a row.")


class Taker(Destination[Settings]):
    """Takes everything, or does not."""

    id = "taker"

    def __init__(self, config: Settings) -> None:
        super().__init__(config)
        self.seen: set[str] = set()

    def deliver(self, delivery: Delivery) -> Iterator[Log | Receipt]:
        match self.config.way:
            case "good":
                yield Log(f"{len(delivery.row_ids)} rows of {delivery.table}")
                yield Receipt("delivered", place=delivery.rows.decode())
            case "patient":
                for _ in range(6):
                    yield Log("waiting")
                    time.sleep(0.25)
                yield Receipt("delivered")
            case "no receipt":
                yield Log("nothing to say")
            case "silent":
                time.sleep(600)
            case "tells":
                yield Receipt("refused", f"I know {self.config.secret}")
            case "crash":
                raise SystemExit(3)
            case way:
                yield self.wrong(way, delivery)

    def wrong(self, way: str, delivery: Delivery) -> Receipt:
        """What looks well, and is not."""
        known = delivery.id in self.seen
        self.seen.add(delivery.id)
        if way == "stops" and known:
            return Receipt("refused", "it is there already")
        with open(self.config.receiver or os.devnull, "ab") as out:
            out.write(delivery.rows + b"\n")
        return Receipt("delivered")


serve(Taker)
