"""Where the server of a home listens."""

from __future__ import annotations

import hashlib
import os
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from dataq_resources.home import Home

LOG = "log"


def place_of(home: Home) -> Path:
    """The folder of the server that has this Python's packages loaded, for this user only."""
    which = hashlib.sha256(f"{sys.prefix}\0{sys.version}\0{__file__}".encode()).hexdigest()[:12]
    return home.dagster / "warm" / which


@contextmanager
def address(folder: Path) -> Iterator[str]:
    """The path of the socket: short, as one must be, however long the folder's is."""
    handle = os.open(folder, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        yield f"/proc/self/fd/{handle}/socket"
    finally:
        os.close(handle)


def connected(folder: Path, seconds: float) -> socket.socket:
    """A connection to the server, each of whose answers may take `seconds`; raises OSError."""
    found = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        found.settimeout(seconds)
        with address(folder) as path:
            found.connect(path)
    except BaseException:
        found.close()
        raise
    return found
