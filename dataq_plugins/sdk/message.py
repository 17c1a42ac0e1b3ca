"""One item as the protocol's DataItem."""

from __future__ import annotations

from datetime import UTC, datetime

from dataq_plugins.protocol.gen.dataq.v1 import dataq_pb2 as pb
from dataq_plugins.sdk.plugin import Item

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def fill(message: pb.DataItem, item: Item) -> None:
    """Set everything but the content and the plugin's id.

    Raises ValueError naming the item where the protocol cannot carry it: a text with half a
    surrogate pair, a time without a zone.
    """
    try:
        message.source_id = item.source_id
        message.content_type = item.content_type
        if item.timestamp is not None or item.timestamp_ns is not None:
            message.timestamp, message.timestamp_nanos = exact_time(
                item.source_id, item.timestamp, item.timestamp_ns
            )
        for name, value in (item.metadata or {}).items():
            message.metadata[name] = value
        message.problem = item.problem
        message.op = pb.OP_DELETE if item.op == "delete" else pb.OP_UPSERT
    except (TypeError, ValueError) as error:
        raise ValueError(f"item {item.source_id!r} cannot be sent: {error}") from None


def exact_time(
    source_id: str, moment: datetime | float | None, exact: int | None
) -> tuple[int, int]:
    """Return whole seconds, rounded down, and nanoseconds of an item that has a time."""
    if exact is not None:
        return divmod(exact, 1_000_000_000)
    if isinstance(moment, datetime):
        if moment.tzinfo is None:
            raise ValueError(f"item {source_id!r}: its timestamp has no time zone")
        since = moment - EPOCH
        return since.days * 86400 + since.seconds, since.microseconds * 1000
    seconds, fraction = divmod(moment or 0, 1)
    return int(seconds), min(round(fraction * 1e6), 999_999) * 1000
