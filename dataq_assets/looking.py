"""What the change sensors ask of plugins: which windows changed, in bounded time."""

from __future__ import annotations

import json
import time
from dataclasses import asdict, dataclass, replace
from hashlib import sha256
from typing import TYPE_CHECKING

from dataq_assets.runs.news import News
from dataq_assets.stages.windows import windowing
from dataq_plugins.host import PluginProcess
from dataq_resources.sources import plugin_spec

if TYPE_CHECKING:
    from dataq_lake.lake import Lake
    from dataq_plugins.host import PluginSpec
    from dataq_resources.sources import SourceConfig

FIRST_WAIT, LAST_WAIT = 60.0, 3600.0


@dataclass(frozen=True)
class Asked:
    """What a sensor asked for last: its cursor.

    `question` stands for the state and the windows that were found, `times` counts how often it
    was asked for in vain, `number` all that was ever asked for; `at` is Unix seconds.
    """

    question: str = ""
    times: int = 0
    number: int = 0
    at: float = 0.0

    def next(self, question: str, now: float) -> Asked | None:
        """What to ask for now; None while the same was asked for a short while ago.

        What is still to be had after a run failed, and so is found again. Each time it is waited
        for twice as long, up to an hour.
        """
        if question != self.question:
            return Asked(question, 0, self.number + 1, now)
        if now - self.at < min(FIRST_WAIT * 2**self.times, LAST_WAIT):
            return None
        return Asked(question, self.times + 1, self.number + 1, now)

    def key(self, source: str, first: str, last: str) -> str:
        """The name of a run over these windows; the same question gives it again."""
        return f"{source}:{self.number}:{self.question[:16]}:{first}:{last}"

    def text(self) -> str:
        """As a cursor."""
        return json.dumps(asdict(self))


def asked_before(cursor: str | None) -> Asked:
    """What a cursor says; nothing if it is not one of ours."""
    try:
        return Asked(**json.loads(cursor or "{}"))
    except (TypeError, ValueError):
        return Asked()


def look(lake: Lake, source: SourceConfig, seconds: float) -> News:
    """The news of a source; raises PluginError, also where it takes more than `seconds`."""
    cut = windowing(source.window, source.since)
    now = int(time.time())
    today = cut.label(now * 1_000_000, now * 1_000_000)
    everything = News(source, ((today, today),), everything=True)
    if source.protocol == "plain":
        return everything
    with PluginProcess(_bounded(plugin_spec(source), seconds)) as plugin:
        found = plugin.discover(lake.state(source.name), source.window)
    if not found.complete:
        return everything
    labels = {label for each in found.windows for label in cut.labels(each.start, each.end, now)}
    return News(source, tuple(cut.clusters(labels)))


def question_of(lake: Lake, news: News) -> str:
    """A name for what there is to extract, from where the last extraction ended."""
    state = lake.state(news.source.name) or b""
    about = json.dumps([news.everything, news.clusters]).encode()
    return sha256(about + b"\0" + state).hexdigest()


def _bounded(spec: PluginSpec, seconds: float) -> PluginSpec:
    limits = spec.limits
    run, silence = min(seconds, limits.run_seconds), min(seconds, limits.silence_seconds)
    return replace(spec, limits=replace(limits, run_seconds=run, silence_seconds=silence))
