"""Asks every source's plugin what has changed, all at the same time and without Dagster."""

from __future__ import annotations

import time
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass

from dataq_assets.stages.windows import windowing
from dataq_lake.lake import Lake
from dataq_resources.sources import SourceConfig, plugin_spec

SIDE_BY_SIDE = 16


@dataclass(frozen=True)
class News:
    """What of a source is to be extracted: clusters of windows (first, last), or everything."""

    source: SourceConfig
    clusters: tuple[tuple[str, str], ...] = ()
    everything: bool = False

    @property
    def is_empty(self) -> bool:
        """Whether nothing has changed."""
        return not self.clusters and not self.everything


def ask_all(
    lake: Lake, sources: Sequence[SourceConfig], full: bool = False
) -> dict[str, Future[News]]:
    """The news of each source by its name, while they are still being gathered."""
    pool = ThreadPoolExecutor(min(SIDE_BY_SIDE, len(sources) or 1), "discover")
    asked = {source.name: pool.submit(ask, lake, source, full) for source in sources}
    pool.shutdown(wait=False)
    return asked


def ask(lake: Lake, source: SourceConfig, full: bool = False) -> News:
    """The news of one source, where `full` says that all is to be sent; raises PluginError."""
    from dataq_plugins.host import PluginProcess

    cut = windowing(source.window, source.since)
    now = int(time.time())
    today = cut.label(now * 1_000_000, now * 1_000_000)
    everything = News(source, ((today, today),), everything=True)
    if full or source.protocol == "plain":
        return everything
    with PluginProcess(plugin_spec(source)) as plugin:
        found = plugin.discover(lake.state(source.name), source.window)
    if not found.complete:
        return everything
    labels = {label for each in found.windows for label in cut.labels(each.start, each.end, now)}
    return News(source, tuple(cut.clusters(labels)))
