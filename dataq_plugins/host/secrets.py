"""Secrets by reference, and their removal from everything a person may read."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from urllib.parse import quote

from dataq_plugins.errors import ConfigError

REDACTED = "[redacted]"
SHORTEST = 4
"""Shorter values would blot out ordinary words."""
SHORTEST_LINE = 12


def is_reference(value: str) -> bool:
    """Return whether a setting names a secret (`env:NAME`, `file:PATH`; not a `file://` URL)."""
    return value.startswith(("env:", "file:")) and not value.startswith("file://")


def resolve(value: str, setting: str = "") -> str:
    """Return the secret that `env:NAME` or `file:PATH` refers to; any other value as it is.

    A file's last line break is not part of the secret. Raises ConfigError naming the setting.
    """
    if not is_reference(value):
        return value
    kind, _, name = value.partition(":")
    if kind == "env":
        if name not in os.environ:
            raise ConfigError(f"environment variable {name} is not set", setting=setting)
        return os.environ[name]
    try:
        return Path(name).expanduser().read_text("utf-8").rstrip("\r\n")
    except (OSError, UnicodeDecodeError) as error:
        why = getattr(error, "strerror", None) or "it is not UTF-8 text"
        raise ConfigError(f"cannot read {name}: {why}", setting=setting) from None


def resolve_config(config: Mapping[str, str]) -> tuple[dict[str, str], Redactor]:
    """Return the settings with every reference replaced, and what removes these secrets again."""
    resolved = {name: resolve(value, name) for name, value in config.items()}
    return resolved, Redactor(resolved[name] for name in config if is_reference(config[name]))


class Redactor:
    """Replaces secret values, also when quoted for JSON or a URL, by `[redacted]`."""

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        self._secrets: set[str] = set()
        self._pattern: re.Pattern[str] | None = None
        self.add(secrets)

    def add(self, secrets: Iterable[str]) -> None:
        """Take more values; those under four characters are left alone."""
        for secret in secrets:
            # Logs come line by line, so the lines of a key are secrets of their own.
            lines = [line for line in secret.splitlines() if len(line) >= SHORTEST_LINE]
            self._secrets.update(part for part in (secret, *lines) if len(part) >= SHORTEST)
        spellings = {spelling for secret in self._secrets for spelling in _spellings(secret)}
        longest_first = sorted(spellings, key=len, reverse=True)
        self._pattern = re.compile("|".join(map(re.escape, longest_first))) if spellings else None

    def __call__(self, text: str) -> str:
        """Return text without the secrets."""
        return self._pattern.sub(REDACTED, text) if self._pattern else text


def _spellings(secret: str) -> set[str]:
    escaped = json.dumps(secret)[1:-1]
    return {secret, escaped, repr(secret)[1:-1], quote(secret), quote(secret, safe="")}
