"""From `--config NAME=VALUE` words to the settings of a plugin, typed as its schema says."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import click

from dataq_gateway.errors import CommandFailed

PATHS = ("path", "directory-path", "file-path")


def pairs(words: Iterable[str], option: str) -> dict[str, list[str]]:
    """Names with all values given for them; raises BadParameter for a word without `=`."""
    found: dict[str, list[str]] = {}
    for word in words:
        name, equals, value = word.partition("=")
        if not (name and equals):
            raise click.BadParameter(f"{word!r} is not NAME=VALUE", param_hint=option)
        found.setdefault(name, []).append(value)
    return found


def typed(given: Mapping[str, list[str]], schema: Mapping[str, Any]) -> dict[str, Any]:
    """The settings as YAML will hold them: strings as they are, all else in its own type."""
    properties = schema.get("properties") or {}
    return {name: value_of(name, texts, properties.get(name, {})) for name, texts in given.items()}


def value_of(name: str, texts: list[str], rule: Mapping[str, Any]) -> Any:
    """One setting; given twice, it is a list. Raises CommandFailed for a secret written out."""
    if rule.get("writeOnly") and not texts[-1].startswith(("env:", "file:")):
        raise CommandFailed(
            f"setting {name} is secret and would stand in a file",
            do=f"refer to it: --config {name}=env:NAME or --config {name}=file:PATH",
        )
    if rule.get("format") in PATHS:
        texts = [absolute(text) for text in texts]
    if len(texts) > 1:
        return texts
    text = texts[0]
    return text if takes_text(rule) else from_json(text)


def takes_text(rule: Mapping[str, Any]) -> bool:
    """Whether the setting may be a string; an unknown one is passed on as it was typed."""
    return bool(rule.get("type", "string") == "string")


def from_json(text: str) -> Any:
    """The value that `text` spells in JSON, or the text itself."""
    try:
        return json.loads(text)
    except ValueError:
        return text


def absolute(text: str) -> str:
    """A relative path made absolute: the source is run from other folders; all else as it is."""
    if text.startswith(("/", "[", "env:", "file:")) or "=" in text:
        return text
    return str(Path(text).expanduser().absolute())
