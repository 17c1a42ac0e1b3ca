"""Runs the conformance suite on a plugin that is named on the command line."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

import click

from dataq_gateway.given_config import pairs, typed
from dataq_gateway.plugin_words import command_words
from dataq_gateway.probe import asked
from dataq_plugins.conformance import check_plugin
from dataq_plugins.host import PluginProcess, PluginSpec
from dataq_plugins.registry import destinations, find_destination
from dataq_resources.sources import SourceConfig, config_text, plugin_spec

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dataq_plugins.conformance import Report


def checked(name: str | None, argv: str | None, config: Iterable[str]) -> Report:
    """The report on a plugin by name or by command; raises UnknownPlugin, PluginError."""
    if bool(name) == bool(argv):
        raise click.UsageError("give either NAME or --command ARGV")
    given = pairs(config, "--config")
    if name and name in destinations():
        return _destination(name, given)
    command = command_words(argv) if argv else None
    plain = {key: texts[-1] for key, texts in given.items()}
    probed = asked(SourceConfig(name="checked", plugin=name, command=command, config=plain), None)
    settings = typed(given, probed.description.config_schema)
    spec = plugin_spec(probed.source.model_copy(update={"config": settings}))
    return check_plugin(
        spec.argv, spec.config, protocol=spec.protocol, environment=spec.environment
    )


def _destination(name: str, given: Mapping[str, list[str]]) -> Report:
    """The report on a destination, which gets rows of a made-up table."""
    argv = find_destination(name).argv
    spec = PluginSpec("checked", argv, kind="destination")
    with PluginProcess(spec, on_log=lambda _level, _line: None) as plugin:
        settings = typed(given, plugin.describe().config_schema)
    texts = {key: config_text(value) for key, value in settings.items()}
    return check_plugin(argv, texts, protocol="v1")
