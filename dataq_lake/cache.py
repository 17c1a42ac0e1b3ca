"""A folder of this machine for what can be had again: parts of indexes, files on their way."""

from __future__ import annotations

import atexit
import os
import shutil
import tempfile
from functools import cache
from pathlib import Path

from dataq_lake.folders import private_folder


def cache_folder() -> Path:
    """Where it is: DATAQ_CACHE, or `cache` in DATAQ_HOME. It may be removed at any time."""
    named = os.environ.get("DATAQ_CACHE")
    home = Path(os.environ.get("DATAQ_HOME") or "~/.dataq").expanduser().absolute()
    return Path(named).expanduser().absolute() if named else home / "cache"


def scratch() -> Path:
    """A folder for what this process writes before it is sent; it goes when the process ends."""
    return _scratch(os.getpid())


@cache
def _scratch(_: int) -> Path:
    parent = private_folder(cache_folder() / "scratch")
    folder = Path(tempfile.mkdtemp(prefix=f"{os.getpid()}-", dir=parent))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder
