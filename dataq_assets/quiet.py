"""Keeps Dagster's remarks about its own parts from users who can do nothing about them."""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from threading import RLock

import dagster as dg

_ALONE = RLock()
"""What is hidden is hidden in all threads: the first to leave would end it for the others."""


@contextmanager
def quietly() -> Iterator[None]:
    """Hides that a part of Dagster is in beta, or uses what pydantic will drop, in the block."""
    with _ALONE, warnings.catch_warnings():
        for category in (dg.BetaWarning, dg.PreviewWarning, DeprecationWarning):
            warnings.simplefilter("ignore", category)
        yield
