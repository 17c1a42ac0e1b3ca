"""Starts a source's plugin to hear how it speaks, what it is, and whether it reaches its source."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dataq_plugins.host import Description, PluginProcess
    from dataq_resources.sources import SourceConfig

ANSWER_SECONDS = 30


@dataclass(frozen=True)
class Probed:
    """The source with its protocol, and what its plugin says of itself (nothing, if plain)."""

    source: SourceConfig
    description: Description


def asked(source: SourceConfig, protocol: str | None) -> Probed:
    """What the plugin says of itself, by the protocol given or found out; raises PluginError."""
    spoken = source.model_copy(update={"protocol": protocol or found_out(source)})
    with process(spoken, quick=True) as plugin:
        return Probed(spoken, plugin.describe())


def found_out(source: SourceConfig) -> str:
    """The protocol of the plugin, which is started once to see; raises PluginError."""
    from dataq_plugins.errors import PluginError
    from dataq_plugins.host import probe
    from dataq_resources.sources import plugin_spec

    spec = plugin_spec(source)
    # What a plugin logs while it is asked is no part of the answer.
    logging.getLogger("dataq.plugins").addHandler(logging.NullHandler())
    try:
        return probe(spec.argv, spec.config, environment=spec.environment)
    except PluginError as error:
        error.source = source.name
        raise


def reach(source: SourceConfig) -> None:
    """Have the plugin check its settings and its source; raises ConfigError, SourceUnreachable."""
    with process(source) as plugin:
        plugin.configure()
        plugin.check()


def process(source: SourceConfig, *, quick: bool = False) -> PluginProcess:
    """The source's plugin, its log lines dropped; `quick` bounds each of its answers."""
    from dataq_plugins.host import PluginProcess
    from dataq_resources.sources import plugin_spec

    bounds = {"silence_seconds": ANSWER_SECONDS, "run_seconds": ANSWER_SECONDS} if quick else {}
    bounded = source.model_copy(update={"limits": {**source.limits, **bounds}})
    return PluginProcess(plugin_spec(bounded), on_log=lambda _level, _line: None)
