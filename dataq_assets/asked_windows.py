"""Windows as people name them."""

from __future__ import annotations

import time

from dataq_assets.stages.windows import FORMATS, windowing
from dataq_resources.errors import UnknownWindow
from dataq_resources.sources import SourceConfig


def expect_windows(source: SourceConfig, first: str | None, last: str | None) -> None:
    """Raises UnknownWindow where these are no windows of the source, or not in this order."""
    cut = windowing(source.window, source.since)
    now = int(time.time())
    for label in (first, last):
        if label is None:
            continue
        try:
            start, _ = cut.bounds(label)
        except ValueError:
            known = time.strftime(FORMATS[cut.granularity], time.gmtime(now))
            raise UnknownWindow(
                f"{label!r} is no {cut.granularity} window: write one like {known}"
            ) from None
        if not cut.first <= start <= now:
            oldest = cut.label(cut.first * 1_000_000, now * 1_000_000)
            newest = cut.label(now * 1_000_000, now * 1_000_000)
            raise UnknownWindow(f"there is no window {label}: they are {oldest} to {newest}")
    if first is not None and last is not None and first > last:
        raise UnknownWindow(f"{first} comes after {last}: write the earlier window first")


def filled(source: SourceConfig, first: str, last: str) -> tuple[str, str]:
    """A range of windows whose open ends, "", are the oldest and the newest there are."""
    cut = windowing(source.window, source.since)
    now = int(time.time()) * 1_000_000
    return first or cut.label(cut.first * 1_000_000, now), last or cut.label(now, now)
