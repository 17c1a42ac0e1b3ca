"""What is typed alike for a source and for a destination: its plugin, and what that gets."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click
from pydantic import ValidationError

from dataq_gateway.given_config import pairs


def plugin_words(given: Mapping[str, Any]) -> dict[str, Any]:
    """Plugin or command, environment, limits and config, still text; raises UsageError."""
    if bool(given["plugin"]) == bool(given["argv"]):
        raise click.UsageError("give either --plugin NAME or --command ARGV")
    return {
        "plugin": given["plugin"],
        "command": command_words(given["argv"]) if given["argv"] else None,
        "environment": tuple(given["environment"]),
        "limits": numbers(given["limit"]),
        "config": {key: texts[-1] for key, texts in pairs(given["config"], "--config").items()},
    }


def chosen(words: Mapping[str, Any]) -> dict[str, Any]:
    """Those of the words that were typed."""
    return {key: value for key, value in words.items() if value not in (None, (), {}, "")}


@contextmanager
def as_usage(name: str) -> Iterator[None]:
    """Raises UsageError, naming the first setting that is wrong, for pydantic's ValidationError."""
    try:
        yield
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
