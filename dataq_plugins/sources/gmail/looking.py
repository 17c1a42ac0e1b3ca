"""Which windows have changed: told by one page of history, or by looking for the oldest mail."""

from __future__ import annotations

import time
from collections.abc import Generator, Iterator
from datetime import UTC, datetime

from dataq_plugins.sdk import Discovery, Granularity, Log, Window, window_around
from dataq_plugins.sources._local.windows import Windows
from dataq_plugins.sources.gmail.api import Api
from dataq_plugins.sources.gmail.changes import Changes
from dataq_plugins.sources.gmail.errors import NotFound
from dataq_plugins.sources.gmail.listing import Listing
from dataq_plugins.sources.gmail.progress import Progress
from dataq_plugins.sources.gmail.spans import EARLIEST, LATEST

SOMETHING = Discovery((), complete=False)
"""There is something new, in windows that nobody knows before it is read."""


def first_windows(listing: Listing, granularity: Granularity) -> Discovery:
    """Return all windows since the oldest mail; found by halving, in about ten requests."""
    if granularity in ("hourly", "daily"):
        return SOMETHING  # years of them, most without a mail
    if not _answer(listing.any((EARLIEST, LATEST))):
        return Discovery(())
    now = datetime.now(UTC)
    none_before, some_before = 0, (now.year - 1970) * 12 + now.month
    while some_before - none_before > 1:
        middle = (none_before + some_before) // 2
        if _answer(listing.any((EARLIEST, _month(middle)))):
            some_before = middle
        else:
            none_before = middle
    return Discovery(list(_windows(_month(none_before), granularity)))


def changed_windows(api: Api, progress: Progress, granularity: Granularity) -> Discovery:
    """Return the windows of mails that changed; new ones may be of any time."""
    changes = Changes(history=progress.history)
    try:
        changes.take(api.history(progress.history))
    except NotFound:
        return SOMETHING
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


def _answer(asked: Generator[Log, None, bool]) -> bool:
    """What is answered in the end; nobody reads the signs of life here."""
    while True:
        try:
            next(asked)
        except StopIteration as end:
            return bool(end.value)
