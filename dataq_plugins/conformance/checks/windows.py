"""How a plugin keeps to windows of time."""

from __future__ import annotations

import time
from itertools import pairwise

from dataq_plugins.conformance.checks.description import described
from dataq_plugins.conformance.session import Answer, Failed, Seen, Session, Skipped, expect
from dataq_plugins.host.spec import Granularity
from dataq_plugins.protocol.gen.dataq.v1 import dataq_pb2 as pb
from dataq_plugins.sdk.windows import window_around

GRANULARITIES: tuple[Granularity, ...] = ("hourly", "daily", "monthly", "yearly")
# What was written just before it was read may be reported once more: it may have changed since.
SETTLING_SECONDS, PAUSE_SECONDS = 5.0, 0.5
NOWHERE = pb.Window(start=-60_000_000_000, end=-59_000_000_000)  # the first century


def check_window(session: Session) -> None:
    """It sends the items of a window, all of them, and no others."""
    timed = _timed(session.items())
    if not timed:
        raise Skipped("its items have no time")
    times = sorted(_seconds(item) for item in timed)
    middle = times[len(times) // 2]
    _check_window(session, pb.Window(start=times[0], end=middle + 1), timed)
    _check_window(session, pb.Window(start=middle, end=times[-1] + 1), timed)


def check_empty_window(session: Session) -> None:
    """It sends no dated item for a window in which there is nothing, and ends well."""
    items = _timed(session.ask("extract", window=NOWHERE).expect_success().items)
    expect(not items, f"it sent {len(items)} items of other times")


def check_discover(session: Session) -> None:
    """It reports windows of the calendar, in UTC, each once."""
    for granularity in GRANULARITIES:
        windows = sorted((w.start, w.end) for w in _discovered(session, granularity).windows)
        for start, end in windows:
            aligned = all(window_around(e, granularity).start == e for e in (start, end))
            expect(start < end and aligned, f"{start} to {end} is no {granularity} window")
        for (_, end), (start, _) in pairwise(windows):
            expect(end <= start, f"two {granularity} windows overlap at {start}")


def check_discover_all(session: Session) -> None:
    """It reports every window that has an item in it, if it says that its list is complete."""
    answer = _discovered(session, "monthly")
    if not answer.complete:
        raise Skipped("it does not say that its windows are all that changed")
    for item in _timed(session.items()):
        inside = any(w.start <= _seconds(item) < w.end for w in answer.windows)
        expect(inside, f"{item.source_id!r} lies in no window that it reported")


def check_discover_state(session: Session) -> None:
    """It reports nothing as changed right after everything was extracted."""
    _discovered(session, "monthly")
    state = session.ask("extract").expect_success().state
    if not state:
        raise Skipped("it keeps no state")
    until = time.monotonic() + SETTLING_SECONDS
    while windows := _changed_since(session, state):
        if time.monotonic() > until:
            raise Failed(f"it reported {windows} windows, with nothing changed")
        time.sleep(PAUSE_SECONDS)
        state = session.ask("extract", state=state).expect_success().state or state


def _changed_since(session: Session, state: bytes) -> int:
    answer = session.ask("discover", state=state, granularity="monthly").expect_success()
    return len(answer.windows)


def _discovered(session: Session, granularity: Granularity) -> Answer:
    if "discover" not in described(session).capabilities:
        raise Skipped("it does not offer discover")
    return session.ask("discover", granularity=granularity).expect_success()


def _check_window(session: Session, window: pb.Window, timed: list[Seen]) -> None:
    got = _timed(session.ask("extract", window=window).expect_success().items)
    outside = [i.source_id for i in got if not window.start <= _seconds(i) < window.end]
    expect(not outside, f"{len(outside)} items lie outside their window, as {outside[:3]}")
    inside = {i.source_id for i in timed if window.start <= _seconds(i) < window.end}
    missing = inside - {item.source_id for item in got}
    expect(not missing, f"{len(missing)} items of a window did not come, as {sorted(missing)[:3]}")


def _timed(items: list[Seen]) -> list[Seen]:
    return [item for item in items if item.timestamp_us is not None and item.op == "upsert"]


def _seconds(item: Seen) -> int:
    return (item.timestamp_us or 0) // 1_000_000
