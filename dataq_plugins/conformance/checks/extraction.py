"""What a plugin sends."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

from dataq_plugins.conformance.checks.description import described
from dataq_plugins.conformance.session import Seen, Session, Skipped, expect
from dataq_plugins.protocol.framing import frame
from dataq_plugins.protocol.gen.dataq.v1 import dataq_pb2 as pb

CHUNK = 64 << 10


def check_extract(session: Session) -> None:
    """It sends items, in messages that keep the protocol."""
    expect(session.items(), "it sent no item: give it settings with which it finds something")


def check_unique_ids(session: Session) -> None:
    """It sends each thing once."""
    counts = Counter(item.source_id for item in session.items())
    twice = [source_id for source_id, count in counts.items() if count > 1]
    expect(not twice, f"{len(twice)} ids came more than once, as {twice[:3]}")


def check_repeatable(session: Session) -> None:
    """It sends the same again when asked the same again, also from a new process."""
    again = session.ask("extract").expect_success().items
    _expect_same(session.items(), again, "the second time")
    session.restart()
    anew = session.ask("extract").expect_success().items
    _expect_same(session.items(), anew, "from a new process")


def check_problems(session: Session) -> None:
    """It sends no content with a problem or a deletion."""
    for item in session.items():
        lost = item.problem or item.op == "delete"
        expect(not (lost and item.size), f"{item.source_id!r} has a problem and content")


def check_chunks(session: Session) -> None:
    """It cuts content into chunks no larger than it is told."""
    whole = session.items()
    big = [item for item in whole if item.size > CHUNK]
    if not big:
        raise Skipped(f"nothing in its source is over {CHUNK:,} bytes")
    answer = session.ask("extract", max_chunk_bytes=CHUNK).expect_success()
    expect(answer.largest <= CHUNK, f"it sent {answer.largest:,} bytes at once, not {CHUNK:,}")
    _expect_same(whole, answer.items, "in chunks")


def check_state(session: Session) -> None:
    """It takes its own state back, and sends nothing then that it did not send before."""
    first = session.ask("extract").expect_success()
    if not first.state:
        raise Skipped("it keeps no state")
    session.restart()
    again = session.ask("extract", state=first.state).expect_success()
    before = {replace(item, content_type="") for item in first.items}
    new = [i.source_id for i in again.items if replace(i, content_type="") not in before]
    expect(not new, f"with its own state it sent {len(new)} items that were not there: {new[:3]}")
    expect(
        len(again.items) < len(first.items) or not first.items,
        "with its own state it sent everything again, as if it had none",
    )


def check_full(session: Session) -> None:
    """It sends everything, whatever its state says, when asked for all."""
    first = session.ask("extract").expect_success()
    if not first.state:
        raise Skipped("it keeps no state")
    full = session.ask("extract", state=first.state, full=True).expect_success()
    _expect_same(first.items, full.items, "with full")


def check_watch(session: Session) -> None:
    """It says that it watches while nothing changes, and stops when asked to."""
    if "watch" not in described(session).capabilities:
        raise Skipped("it does not offer watch")
    session.restart()
    with session.judging("watch"):
        request = session.request("watch")
        session.connection.send(request)
        received = session.connection.receive()
        told = received[0] if received else pb.PluginResponse(error="it ended")
        expect(not told.error and not told.error_code, f"it answered with the error: {told.error}")
        expect(told.logs and not told.done, "its first answer is not that it watches")
        session.connection.write(frame(pb.PluginRequest(operation="cancel")))
        answer = session.answer(session.connection, request)
        expect(answer.error_code == pb.ERROR_CODE_CANCELLED, "it did not end as cancelled")


def _expect_same(first: list[Seen], second: list[Seen], when: str) -> None:
    one, two = ({item.source_id: item for item in items} for items in (first, second))
    lost, found = one.keys() - two.keys(), two.keys() - one.keys()
    expect(not lost, f"{when} it left out {len(lost)} items, as {sorted(lost)[:3]}")
    expect(not found, f"{when} it sent {len(found)} more items, as {sorted(found)[:3]}")
    changed = [source_id for source_id in one if one[source_id] != two[source_id]]
    expect(not changed, f"{when} {len(changed)} items were different, as {sorted(changed)[:3]}")
