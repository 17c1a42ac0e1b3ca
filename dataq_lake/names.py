"""Names that are safe as a folder, in SQL and in a URL."""

from __future__ import annotations

import re

from dataq_lake.errors import InvalidName

_TABLE = re.compile(r"[a-z][a-z0-9_]{0,44}")
_SOURCE = re.compile(r"[a-z][a-z0-9_]{0,40}")


def checked_source(name: str) -> str:
    """`name`, if it is a source name; otherwise raises InvalidName with the rule."""
    if not _SOURCE.fullmatch(name):
        raise InvalidName(
            f"{name!r} is not a source name: use a to z, 0 to 9 and _, a letter first, "
            "at most 41 characters"
        )
    return name


def is_table(name: str) -> bool:
    """Whether `name` may be a table's."""
    return _TABLE.fullmatch(name) is not None


def checked_table(name: str) -> str:
    """`name`, if it may be a table's; otherwise raises InvalidName."""
    if not is_table(name):
        raise InvalidName(f"{name!r} is not a table name: use a to z, 0 to 9 and _")
    return name
