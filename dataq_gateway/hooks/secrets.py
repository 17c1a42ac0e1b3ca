"""The live secrets of a hook, from where its file refers to, and never from an open file."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from dataq_gateway.hooks.errors import FixHook
from dataq_gateway.hooks.hook import Hook
from dataq_gateway.hooks.signatures import standard_key
from dataq_plugins.errors import ConfigError
from dataq_plugins.host.secrets import resolve

SHORTEST = 16
"""Bytes: what is shorter can be guessed."""
LARGEST_FILE = 4_096


def live_secrets(path: Path, hook: Hook) -> list[str]:
    """The secrets that the hook in `path` refers to, read anew so that they can be changed.

    Raises FixHook where one is missing, short, malformed, or in a file that others may read.
    """
    return [_secret(path, hook.signature, reference) for reference in hook.secrets]


def _secret(path: Path, scheme: str, reference: str) -> str:
    kind, _, name = reference.partition(":")
    try:
        secret = resolve(reference) if kind == "env" else _from_file(Path(name).expanduser())
        key = standard_key(secret) if scheme == "standard" else secret
        if len(key) < SHORTEST:
            raise ValueError(f"shorter than {SHORTEST} bytes")
    except (ConfigError, OSError, ValueError) as error:
        raise FixHook(path, f"secrets: {reference}: {error}") from None
    return secret


def _from_file(file: Path) -> str:
    if not file.is_absolute():
        raise ValueError("write the whole path, from / or ~")
    # Non-blocking, so that a pipe in its place does not hold the server.
    number = os.open(file, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    try:
        facts = os.fstat(number)
        if not stat.S_ISREG(facts.st_mode):
            raise ValueError("not a file")
        if facts.st_mode & 0o077 or facts.st_uid not in (0, os.geteuid()):
            raise ValueError("others may read or change it: chmod 600, owned by who runs dataq")
        return os.read(number, LARGEST_FILE).decode("utf-8").rstrip("\r\n")
    finally:
        os.close(number)
