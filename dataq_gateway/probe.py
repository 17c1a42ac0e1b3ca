"""Finds out once how a plugin speaks, and whether it can reach its source."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dataq_plugins.errors import PluginError
    from dataq_plugins.host import Description, PluginProcess
    from dataq_resources.sources import SourceConfig

PROBE_SECONDS = 10


@dataclass(frozen=True)
class Probed:
    """The source with its protocol, and what its plugin says of itself (nothing, if plain)."""

    source: SourceConfig
    description: Description


def probe(source: SourceConfig) -> Probed:
    """Ask the plugin to describe itself; one that cannot is run once, as a plain plugin.

    A plain plugin knows no operation but extraction, so the probe starts one and leaves after the
    first answer or ten seconds. Raises the PluginError of the first try if both fail.
    """
    from dataq_plugins.errors import (
        PluginCrashed,
        PluginError,
        PluginSilent,
        PluginTimedOut,
        ProtocolViolated,
    )

    try:
        return describe(source)
    except (PluginCrashed, PluginSilent, PluginTimedOut, ProtocolViolated) as first:
        try:
            return run_plain(source)
        except PluginError as second:
            raise both(first, second) from None


def describe(source: SourceConfig) -> Probed:
    """What the plugin answers when asked in the full protocol."""
    spoken = source.model_copy(update={"protocol": "v1"})
    with process(spoken, quick=True) as plugin:
        return Probed(spoken, plugin.describe())


def run_plain(source: SourceConfig) -> Probed:
    """Run a plain plugin until it answers or ends well; raises PluginError if it does neither."""
    spoken = source.model_copy(update={"protocol": "plain"})
    with process(spoken, quick=True) as plugin:
        next(plugin.extract(), None)
        return Probed(spoken, plugin.describe())


def reach(source: SourceConfig) -> None:
    """Have the plugin check its settings and its source; raises ConfigError, SourceUnreachable."""
    with process(source) as plugin:
        plugin.configure()
        plugin.check()


def process(source: SourceConfig, *, quick: bool = False) -> PluginProcess:
    """The source's plugin, its log lines dropped; `quick` bounds each of its answers."""
    from dataq_plugins.host import PluginProcess
    from dataq_resources.sources import plugin_spec

    bounds = {"silence_seconds": PROBE_SECONDS, "run_seconds": PROBE_SECONDS} if quick else {}
    bounded = source.model_copy(update={"limits": {**source.limits, **bounds}})
    return PluginProcess(plugin_spec(bounded), on_log=lambda _level, _line: None)


def both(first: PluginError, second: PluginError) -> PluginError:
    """The first error, with the reason why the second try failed too."""
    if second.reason != first.reason:
        first.reason = f"{first.reason}; and as a plain plugin: {second.reason}"
    return first
