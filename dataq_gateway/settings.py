"""DATAQ_* settings: the environment first, then a .env file in the current folder."""

from __future__ import annotations

import os
from pathlib import Path

PREFIX = "DATAQ_"


def read_env_file(path: Path) -> dict[str, str]:
    """DATAQ_* settings of a .env file: lines of NAME=VALUE, without quotes; # starts a comment."""
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except OSError:
        return {}
    found = {}
    for line in lines:
        name, equals, value = line.strip().removeprefix("export ").partition("=")
        if equals and name.strip().startswith(PREFIX):
            found[name.strip()] = unquote(value.strip())
    return found


def unquote(value: str) -> str:
    """`value` without one pair of quotes around it."""
    quoted = len(value) > 1 and value[0] == value[-1] and value[0] in "'\""
    return value[1:-1] if quoted else value


def apply_env_file(folder: Path | None = None) -> None:
    """Put settings of `folder`/.env into the environment where they are not set yet."""
    for name, value in read_env_file((folder or Path.cwd()) / ".env").items():
        os.environ.setdefault(name, value)
