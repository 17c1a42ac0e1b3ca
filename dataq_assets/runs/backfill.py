"""Asks one source anew for ranges of its windows, a run each, and processes what is new."""

from __future__ import annotations

import time
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import replace

from dataq_assets.asked_windows import expect_windows, filled
from dataq_assets.origins import tags_of
from dataq_assets.runs.news import again
from dataq_assets.runs.outcome import Outcome
from dataq_assets.runs.running import derive_what_is_new
from dataq_assets.runs.session import Session
from dataq_assets.runs.workers import Workers
from dataq_lake.lake import open_lake
from dataq_resources.handover import handing_over
from dataq_resources.home import Home
from dataq_resources.progress import OnProgress, listening
from dataq_resources.sources import chosen, read_sources


def backfill(
    home: Home,
    name: str,
    ranges: Sequence[tuple[str, str]],
    on_progress: OnProgress | None = None,
) -> Outcome:
    """What came of it; what comes again unchanged adds no row. A range that fails is the last.

    Raises UnknownSource, UnknownWindow; all else that goes wrong is in the outcome.
    """
    begun = time.monotonic()
    home.prepare()
    found = read_sources(home)
    (source,) = chosen(found, [name])
    ranges = [filled(source, *each) for each in ranges]
    for first, last in ranges:
        expect_windows(source, first, last)
    outcome = Outcome()
    with ExitStack() as stack:
        workers = Workers(stack.enter_context(handing_over()))
        news = again(open_lake(home.lake), source, ranges[0], workers.handover)
        news = replace(news, clusters=tuple(ranges))
        news.announce()
        stack.enter_context(listening(on_progress))
        session = stack.enter_context(Session(home, found.good))
        for first, last in ranges:
            outcome.add(session.extract(news, first, last, full=True, tags=tags_of("bulk")))
            if not outcome.ok:
                break
        derive_what_is_new(home, session, workers, outcome)
    outcome.seconds = time.monotonic() - begun
    return outcome
