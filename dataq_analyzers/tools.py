"""The versions of installed libraries, asked for once."""

from __future__ import annotations

from functools import cache


@cache
def version_of(distribution: str) -> str:
    """The installed version, "" where the distribution is absent."""
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version(distribution)
    except PackageNotFoundError:
        return ""
