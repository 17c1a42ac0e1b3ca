"""Small files are there whole or not at all."""

from __future__ import annotations

import errno
import os
import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from dataq_lake.whole_file import write_whole


def test_nobody_finds_half_of_it_whoever_writes(tmp_path: Path) -> None:
    path = tmp_path / "settings"
    texts = {f"{number}" * 100_000 for number in range(8)}
    write_whole(path, min(texts))
    with ThreadPoolExecutor(4) as threads:
        writers = [threads.submit(write_whole, path, text) for text in texts for _ in range(4)]
        while not all(each.done() for each in writers):
            assert path.read_text() in texts
        for each in writers:
            each.result()
    assert list(tmp_path.iterdir()) == [path]
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


@pytest.mark.parametrize("links", [True, False])
def test_of_many_who_write_once_one_does(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, links: bool
) -> None:
    def none(*_: object) -> None:
        raise PermissionError(errno.EPERM, os.strerror(errno.EPERM))

    if not links:  # as on exFAT
        monkeypatch.setattr("os.link", none)
    path = tmp_path / "settings"

    def write(number: int) -> bool:
        try:
            write_whole(path, str(number), once=True)
        except FileExistsError:
            return False
        return True

    with ThreadPoolExecutor(4) as threads:
        wrote = list(threads.map(write, range(20)))
    assert wrote.count(True) == 1
    assert path.read_text() == str(wrote.index(True))
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("once", [False, True])
def test_a_full_disk_leaves_what_was_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, once: bool
) -> None:
    path = tmp_path / "settings"
    if not once:
        write_whole(path, "before")

    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(OSError, match="No space left"):
        write_whole(path, "now", once)
    assert [each.read_text() for each in tmp_path.iterdir()] == ([] if once else ["before"])
