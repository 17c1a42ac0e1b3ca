"""Asks every source's plugin what has changed, all at the same time and without Dagster.

A plugin that has news goes on at once with the first of it; the run takes it over as it is.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from dataq_assets.stages.windows import Windowing, windowing
from dataq_lake.lake import Lake
from dataq_plugins.errors import PluginError, UnknownPlugin
from dataq_resources.handover import Handover
from dataq_resources.sources import SourceConfig, plugin_spec
from dataq_resources.stored import Stored, is_counted, stored

if TYPE_CHECKING:
    from dataq_assets.begun import Question

SIDE_BY_SIDE = 16


@dataclass(frozen=True)
class News:
    """What of a source is to be extracted: clusters of windows (first, last), or everything."""

    source: SourceConfig
    clusters: tuple[tuple[str, str], ...] = ()
    everything: bool = False
    is_first: bool = False
    """Whether nothing of it was ever archived, so that all it has is new."""

    @property
    def is_empty(self) -> bool:
        """Whether nothing has changed."""
        return not self.clusters and not self.everything

    def windows_of(self, first: str, last: str) -> int:
        """How many windows of the source there are from one to another."""
        cut = windowing(self.source.window, self.source.since)
        start, end = cut.bounds(first)[0], cut.bounds(last)[1]
        return len(cut.labels(start, end, int(time.time())))

    def announce(self) -> None:
        """Tells how many windows there are to extract, where that is known."""
        if is_counted() and not self.everything:
            asked = sum(self.windows_of(*each) for each in self.clusters)
            stored(Stored(self.source.name, asked=asked))


def ask_all(
    lake: Lake, sources: Sequence[SourceConfig], handover: Handover, full: bool = False
) -> dict[str, Future[News]]:
    """The news of each source by its name, while they are still being gathered."""
    pool = ThreadPoolExecutor(min(SIDE_BY_SIDE, len(sources) or 1), "discover")
    asked = {source.name: pool.submit(ask, lake, source, handover, full) for source in sources}
    pool.shutdown(wait=False)
    return asked


def ask(lake: Lake, source: SourceConfig, handover: Handover, full: bool = False) -> News:
    """The news of one source, where `full` says that all is to be sent; raises PluginError."""
    from dataq_assets.begun import Begun, key_of

    cut = windowing(source.window, source.since)
    now = int(time.time())
    today = cut.label(now * 1_000_000, now * 1_000_000)
    everything = News(source, ((today, today),), everything=True)
    if full:
        start_plugin(lake, everything, handover)
    if full or source.protocol == "plain":
        return everything
    state = lake.state(source.name)
    with ExitStack() as ending:
        begun = ending.enter_context(Begun(plugin_spec(source)))
        found = begun.plugin.discover(state, source.window)
        news = everything
        if found.complete:
            labels = {
                label for each in found.windows for label in cut.labels(each.start, each.end, now)
            }
            news = News(source, tuple(cut.clusters(labels)), is_first=state is None)
        if not news.is_empty and not handover.ended:
            begun.ask(_first_question(news, cut, state, now, full=False), lake.blobs)
            begun.read_ahead()
            ending.pop_all()
            handover.offer(key_of(lake.root, source.name), begun)
    return news


def again(lake: Lake, source: SourceConfig, windows: tuple[str, str], handover: Handover) -> News:
    """The news that all of a range of windows, from the first to the last, is to come again."""
    news = News(source, (windows,), everything=source.protocol == "plain")
    start_plugin(lake, news, handover)
    return news


def start_plugin(lake: Lake, news: News, handover: Handover) -> None:
    """Have the plugin load while the run is made that asks it for all there is in some windows.

    What goes wrong here goes wrong again in the run, and shows there.
    """
    from dataq_assets.begun import Begun, key_of

    if news.source.protocol == "plain":
        return  # it is started by being asked
    cut = windowing(news.source.window, news.source.since)
    question = _first_question(news, cut, lake.state(news.source.name), int(time.time()), full=True)
    with suppress(PluginError, UnknownPlugin):
        begun = Begun(plugin_spec(news.source))
        begun.ask(question, lake.blobs)
        handover.offer(key_of(lake.root, news.source.name), begun)


def _first_question(
    news: News, cut: Windowing, state: bytes | None, now: int, full: bool
) -> Question:
    from dataq_assets.begun import Question
    from dataq_assets.extraction import open_ended

    window = None if news.everything else open_ended(cut, *news.clusters[0], now)
    return Question(window, state, full)
