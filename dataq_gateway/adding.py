"""Adds a source: from the words on the command line to a checked defs.yaml."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from dataq_gateway.given_config import pairs, typed
from dataq_gateway.plugin_words import as_usage, chosen, plugin_words
from dataq_gateway.probe import Probed, asked, reach
from dataq_resources.errors import SourceExists
from dataq_resources.home import home_from_environment
from dataq_resources.sources import SourceConfig, read_source, write_source

OPTIONS = frozenset(
    {"name", "plugin", "command", "protocol", "config", "window", "since", "limits", "environment"}
)


def add_source(
    name: str, given: Mapping[str, Any], *, check: bool, exist_ok: bool, replace: bool
) -> tuple[SourceConfig, Path, bool]:
    """The source, its file, and whether that was written; raises SourceExists, PluginError."""
    path = home_from_environment().sources / name / "defs.yaml"
    rough = declared(name, given)
    if path.exists() and not (exist_ok or replace):
        raise SourceExists(f"there is a source {name!r} already: {path}: --replace overwrites it")
    probed = asked(rough, given["protocol"])
    source = settled(probed, given["config"])
    if path.exists():
        source = source.model_copy(update=kept(read_source(path)))
    if exist_ok and path.exists() and read_source(path) == source:
        return source, path, False
    if path.exists() and not replace:
        raise SourceExists(
            f"another source is called {name!r}: {path}: choose another name, or --replace it"
        )
    if check and source.protocol == "v1":
        reach(source)
    return source, write_source(home_from_environment(), source, replace=replace), True


def kept(before: SourceConfig) -> dict[str, Any]:
    """The settings of a source that no option of the command line can give."""
    return {name: getattr(before, name) for name in before.model_fields_set - OPTIONS}


def declared(name: str, given: Mapping[str, Any]) -> SourceConfig:
    """The source as it was typed, its settings still text; raises UsageError."""
    words = {**plugin_words(given), "window": given["window"], "since": given["since"]}
    with as_usage(name):
        return SourceConfig(name=name, **chosen(words))


def settled(probed: Probed, words: Iterable[str]) -> SourceConfig:
    """The source as its file will hold it, settings typed as the plugin's schema says."""
    config = typed(pairs(words, "--config"), probed.description.config_schema)
    return probed.source.model_copy(update={"config": config})
