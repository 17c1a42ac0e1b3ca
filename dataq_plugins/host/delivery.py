"""Rows on their way to a destination, and what came of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, NamedTuple

from dataq_plugins.errors import ProtocolViolated
from dataq_plugins.protocol.gen.dataq.v1 import dataq_pb2 as pb

AHEAD = 4
"""Deliveries that a destination may have before it has answered for the first of them."""

Fate = Literal["delivered", "refused", "failed"]
FATES: dict[int, Fate] = {
    pb.FATE_DELIVERED: "delivered",
    pb.FATE_REFUSED: "refused",
    pb.FATE_FAILED: "failed",
}


@dataclass(frozen=True)
class Delivery:
    """Rows of `table` under an id that means these very rows: a JSON object a line, or Arrow IPC.

    As the destination's description says in `rows`. With `changes` each row is a change: op, key,
    version, idempotency_key, row.
    """

    id: str
    table: str
    row_ids: tuple[str, ...]
    rows: bytes
    changes: bool = False


class Receipt(NamedTuple):
    """What became of a delivery: where it is now, or why it was not taken."""

    delivery_id: str
    fate: Fate
    reason: str
    place: str
    attempts: int


def asked(delivery: Delivery) -> pb.Delivery:
    """The delivery as the protocol has it."""
    return pb.Delivery(
        id=delivery.id,
        table=delivery.table,
        row_id=delivery.row_ids,
        rows=delivery.rows,
        changes=delivery.changes,
    )


def receipt(message: pb.Receipt, delivery_id: str) -> Receipt:
    """The receipt for one delivery; raises ProtocolViolated where it is for none or another."""
    if message.delivery_id != delivery_id:
        raise ProtocolViolated(
            f"gave a receipt for {message.delivery_id or 'no delivery'!r}, not {delivery_id!r}"
        )
    if message.fate not in FATES:
        raise ProtocolViolated(f"gave a receipt for {delivery_id} with the fate {message.fate}")
    reason = " ".join(message.reason.split())
    return Receipt(delivery_id, FATES[message.fate], reason, message.place, message.attempts)
