"""What is told of a file besides its content, as text."""

from __future__ import annotations

import grp
import os
import pwd
import stat
from functools import cache

from dataq_plugins.sources._folders.names import is_escaped, path_bytes


def metadata(status: os.stat_result, identity: str, root: str) -> dict[str, str]:
    """Return size (bytes), mtime (Unix seconds, exact to the nanosecond), mode, owner, group, root.

    A name that is not UTF-8 adds raw_path: its bytes in hex, with the label of the root.
    """
    described = {
        "size": str(status.st_size),
        "mtime": exact_seconds(status.st_mtime_ns),
        "mode": _mode(status.st_mode),
        "owner": _user(status.st_uid),
        "group": _group(status.st_gid),
        "root": root,
    }
    if is_escaped(identity):
        described["raw_path"] = path_bytes(identity).hex()
    return described


def exact_seconds(nanoseconds: int) -> str:
    """Return a time in seconds with nine decimals; no float could hold it."""
    seconds, rest = divmod(abs(nanoseconds), 1_000_000_000)
    return f"{'-' if nanoseconds < 0 else ''}{seconds}.{rest:09d}"


@cache
def _mode(mode: int) -> str:
    return f"{stat.S_IMODE(mode):04o}"


@cache
def _user(number: int) -> str:
    try:
        return pwd.getpwuid(number).pw_name
    except KeyError:
        return str(number)


@cache
def _group(number: int) -> str:
    try:
        return grp.getgrgid(number).gr_name
    except KeyError:
        return str(number)
