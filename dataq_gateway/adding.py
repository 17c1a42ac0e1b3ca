"""Adds a source: from the words on the command line to a checked defs.yaml."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import click
from pydantic import ValidationError

from dataq_gateway.given_config import pairs, typed
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
    if bool(given["plugin"]) == bool(given["argv"]):
        raise click.UsageError("give either --plugin NAME or --command ARGV")
    chosen = {
        "plugin": given["plugin"],
        "command": command_words(given["argv"]) if given["argv"] else None,
        "window": given["window"],
        "since": given["since"],
        "environment": tuple(given["environment"]) or None,
        "limits": numbers(given["limit"]),
        "config": {key: texts[-1] for key, texts in pairs(given["config"], "--config").items()},
    }
    try:
        return SourceConfig(name=name, **{key: value for key, value in chosen.items() if value})
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        reason = first["msg"].removeprefix("Value error, ")
        raise click.UsageError(f"{first['loc'][0] if first['loc'] else name}: {reason}") from None


def command_words(text: str) -> tuple[str, ...]:
    """The words of a command; those that name a file here become absolute paths."""
    try:
        words = shlex.split(text)
    except ValueError as error:
        raise click.BadParameter(f"{text!r}: {error}", param_hint="--command") from None
    if not words:
        raise click.BadParameter("is empty", param_hint="--command")
    return tuple(str(Path(word).absolute()) if Path(word).is_file() else word for word in words)


def numbers(words: Iterable[str]) -> dict[str, float]:
    """The limits given as NAME=NUMBER."""
    found = {}
    for name, texts in pairs(words, "--limit").items():
        try:
            found[name] = float(texts[-1])
        except ValueError:
            raise click.BadParameter(f"{texts[-1]!r} is no number", param_hint="--limit") from None
    return found


def settled(probed: Probed, words: Iterable[str]) -> SourceConfig:
    """The source as its file will hold it, settings typed as the plugin's schema says."""
    config = typed(pairs(words, "--config"), probed.description.config_schema)
    return probed.source.model_copy(update={"config": config})
