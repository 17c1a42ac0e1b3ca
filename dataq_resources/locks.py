"""Locks that end with their process, however it ends."""

from __future__ import annotations

import fcntl
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from dataq_lake.location import Location
from dataq_lake.objects.path import ObjectPath
from dataq_lake.storage import writable
from dataq_resources.errors import Busy


@contextmanager
def locked(folder: Location, name: str, wait: bool = True) -> Iterator[None]:
    """Holds the lock `name` while the block runs; raises Busy instead of waiting if told so.

    In an object store it is a lease, which ends some seconds after its process.
    """
    if not isinstance(folder, Path):
        with _leased(folder, name, wait):
            yield
        return
    with writable(folder.parent):
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        number = os.open(folder / f"{name}.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        _take(number, name, wait)
        with writable(folder.parent):
            os.truncate(number, 0)
            os.pwrite(number, f"{os.getpid()} on {socket.gethostname()}".encode(), 0)
        yield
    finally:
        os.close(number)


@contextmanager
def _leased(folder: ObjectPath, name: str, wait: bool) -> Iterator[None]:
    from dataq_lake.objects.lease import Lease, holding

    with holding(Lease(folder / f"{name}.lease")) as lease:
        if not lease.take(wait):
            raise Busy(f"{name} is in use by process {lease.holder()}: wait until it is done")
        yield


def _take(number: int, name: str, wait: bool) -> None:
    try:
        fcntl.flock(number, fcntl.LOCK_EX if wait else fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        holder = os.pread(number, 256, 0).decode(errors="replace") or "unknown"
        raise Busy(f"{name} is in use by process {holder}: wait until it is done") from None
