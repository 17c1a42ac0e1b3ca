"""The promises of a plugin that knows only the six original fields."""

from __future__ import annotations

from collections import Counter

from dataq_plugins.conformance.session import Seen, Session, expect, see
from dataq_plugins.host import plain
from dataq_plugins.host.receive import Receiver


def _extract(session: Session, state: bytes | None = None) -> list[Seen]:
    """Run the plugin once, to its end."""
    connection = session.open()
    receiver = Receiver("", session.limits, None)
    items: list[Seen] = []
    try:
        with session.judging():
            connection.send(plain.request("conformance", session.config, state))
            connection.finish_requests()
            while received := connection.receive():
                expect(not received[0].error, f"answered with the error: {received[0].error}")
                items += map(see, receiver.batch(*received).items)
            error = connection.exit_error()
            expect(error is None, error.reason if error else "")
    finally:
        connection.close(kill=True)
    return items


def check_plain_extract(session: Session) -> None:
    """It sends items, in messages that keep the protocol, and ends with exit code 0."""
    expect(_extract(session), "it sent no item: give it settings with which it finds something")


def check_plain_unique_ids(session: Session) -> None:
    """It sends each thing once."""
    counts = Counter(item.source_id for item in _extract(session))
    twice = [source_id for source_id, count in counts.items() if count > 1]
    expect(not twice, f"{len(twice)} ids came more than once, as {twice[:3]}")


def check_plain_repeatable(session: Session) -> None:
    """It sends the same again when asked the same again."""
    expect(set(_extract(session)) == set(_extract(session)), "the second time it was different")
