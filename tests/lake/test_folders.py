"""One at a time holds a folder, on whatever disk."""

from __future__ import annotations

import errno
import fcntl
import os
import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from dataq_lake.folders import alone_in

flock = fcntl.flock


def lock_as_nfs(number: int, operation: int) -> None:
    """Refuses what is not open for writing."""
    if stat.S_ISDIR(os.fstat(number).st_mode):
        raise OSError(errno.EBADF, os.strerror(errno.EBADF))
    flock(number, operation)


@pytest.mark.parametrize("lock", [flock, lock_as_nfs], ids=["disk", "network"])
def test_one_at_a_time_holds_a_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, lock: object
) -> None:
    monkeypatch.setattr(fcntl, "flock", lock)
    inside: list[int] = []
    before = len(os.listdir("/proc/self/fd"))

    def hold(_: int) -> int:
        with alone_in(tmp_path):
            inside.append(1)
            together = len(inside)
            tmp_path.stat()  # lets go of the interpreter
            inside.pop()
            return together

    with ThreadPoolExecutor(8) as threads:
        assert set(threads.map(hold, range(400))) == {1}
    assert len(os.listdir("/proc/self/fd")) < before + 100, "each is closed again"


def test_a_folder_that_cannot_be_written_to_is_held(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    with alone_in(tmp_path):
        assert list(tmp_path.iterdir()) == []
    tmp_path.chmod(0o700)
