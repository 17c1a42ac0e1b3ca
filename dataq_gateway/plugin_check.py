"""Runs the conformance suite on a plugin that is named on the command line."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

import click

from dataq_gateway.adding import command_words
from dataq_gateway.given_config import pairs, typed
from dataq_gateway.probe import asked
from dataq_plugins.conformance import check_plugin
from dataq_resources.sources import SourceConfig, plugin_spec

if TYPE_CHECKING:
    from dataq_plugins.conformance import Report


def checked(name: str | None, argv: str | None, config: Iterable[str]) -> Report:
    """The report on a plugin by name or by command; raises UnknownPlugin, PluginError."""
    if bool(name) == bool(argv):
        raise click.UsageError("give either NAME or --command ARGV")
    given = pairs(config, "--config")
    command = command_words(argv) if argv else None
    plain = {key: texts[-1] for key, texts in given.items()}
    probed = asked(SourceConfig(name="checked", plugin=name, command=command, config=plain), None)
    settings = typed(given, probed.description.config_schema)
    spec = plugin_spec(probed.source.model_copy(update={"config": settings}))
    return check_plugin(
        spec.argv, spec.config, protocol=spec.protocol, environment=spec.environment
    )
