"""Which windows have changed: told by one page of history, or by looking for the oldest mail."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import UTC, datetime

from dataq_plugins.sdk import Discovery, Granularity, Window, Windows, window_around
from dataq_plugins.sources.gmail.changes import Changes
from dataq_plugins.sources.gmail.listing import Listing
from dataq_plugins.sources.gmail.opening import Opening, ended
from dataq_plugins.sources.gmail.progress import Progress
from dataq_plugins.sources.gmail.spans import EARLIEST, EVER

STEP = 26  # of at most 700 months, so that both questions are of about as many parts
SOMETHING = Discovery((), complete=False)
"""There is something new, in windows that nobody knows before it is read."""


def first_windows(listing: Listing, granularity: Granularity) -> Discovery:
    """Return all windows since the oldest mail, which is found in two requests."""
    if granularity in ("hourly", "daily"):
        return SOMETHING  # years of them, most without a mail
    now = datetime.now(UTC)
    months = range((now.year - 1970) * 12 + now.month + 1)
    for step in (STEP, 1):
        starts = [*months[::step], months[-1]]
        some = ended(listing.any([(EARLIEST, _month(start)) for start in starts[1:]] + [EVER]))
        first = some.index(True) if True in some else -1
        if first < 0:
            return Discovery(())
        months = range(starts[first], min(starts[first] + step, months[-1]) + 1)
    return Discovery(list(_windows(_month(starts[first]), granularity)))


def changed_windows(told: Opening, progress: Progress, granularity: Granularity) -> Discovery:
    """Return the windows of mails that changed; new ones may be of any time."""
    if told.history is None:
        return SOMETHING
    changes = Changes(history=progress.history)
    changes.take(told.history)
    windows = Windows(granularity)
    for message, change in changes.by_mail.items():
        sent = progress.known.get(message)
        if sent is None and not change.deleted:
            return SOMETHING
        if sent is not None and change.history_id > sent.history_id:
            windows.add(sent.internal_ms // 1000)
    return SOMETHING if changes.more else Discovery(windows.changed())


def _windows(start: int, granularity: Granularity) -> Iterator[Window]:
    now = time.time()
    window = window_around(start, granularity)
    while window.start <= now:
        yield window
        window = window_around(window.end, granularity)


def _month(number: int) -> int:
    """The start of a month, counted from January 1970, in Unix seconds."""
    years, months = divmod(number, 12)
    return int(datetime(1970 + years, months + 1, 1, tzinfo=UTC).timestamp())
