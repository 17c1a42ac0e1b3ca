"""Derives a part of the lake again: a run that takes it away, then one of all that follows."""

from __future__ import annotations

import time
from contextlib import ExitStack
from dataclasses import asdict, replace

from dataq_assets.reprocess import checked
from dataq_assets.runs.outcome import Outcome
from dataq_assets.runs.running import derive_what_is_new
from dataq_assets.runs.session import Session
from dataq_assets.runs.workers import Workers
from dataq_assets.stages.reprocessing import TABLE
from dataq_assets.stages.scope import Scope, Selection
from dataq_lake.lake import open_lake
from dataq_resources.handover import handing_over
from dataq_resources.home import Home
from dataq_resources.progress import OnProgress, listening
from dataq_resources.sources import read_sources


def count(home: Home, scope: Scope) -> dict[str, int]:
    """How much `reprocess` would derive again; raises the same."""
    return Selection(open_lake(home.lake), checked(home, scope)).counts()


def reprocess(home: Home, scope: Scope, on_progress: OnProgress | None = None) -> Outcome:
    """What came of it. What it was interrupted at, the next run of any kind goes on with.

    Raises FixScope, UnknownSource, UnknownWindow, UnknownAnalyzer, UpgradeLake; all else that goes
    wrong is in the outcome.
    """
    from dataq_lake.upgrading import expect_upgraded

    begun = time.monotonic()
    home.prepare()
    checked(home, scope)
    expect_upgraded(open_lake(home.lake))
    outcome = Outcome()
    with ExitStack() as stack:
        workers = Workers(stack.enter_context(handing_over()))
        stack.enter_context(listening(on_progress))
        session = stack.enter_context(Session(home, read_sources(home).good))
        taken = session.take_away(asdict(scope))
        outcome.add(replace(taken, rows={TABLE: int(taken.ok)}, deleted={}))
        if outcome.ok:
            derive_what_is_new(home, session, workers, outcome)
    outcome.seconds = time.monotonic() - begun
    return outcome
