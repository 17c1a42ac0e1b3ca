"""Remarks of Dagster stay hidden while several threads load definitions."""

from __future__ import annotations

import warnings
from threading import Event, Thread

import dagster as dg

from dataq_assets.quiet import quietly


def test_a_thread_that_is_done_ends_nothing_for_another() -> None:
    inside, left = Event(), Event()

    def other() -> None:
        inside.wait(10)
        with quietly():
            left.set()

    thread = Thread(target=other)
    thread.start()
    with quietly():
        inside.set()
        assert not left.wait(0.2)
        warnings.warn("beta", dg.BetaWarning, stacklevel=1)
    thread.join(10)
    assert left.is_set()
