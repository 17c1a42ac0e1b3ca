"""A file that changes while it is read is read again or told, and never stored torn."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from dataq_plugins.sdk import Abandon, Item
from dataq_plugins.sources.file_scanner import reading
from dataq_plugins.sources.file_scanner.plugin import FileScanner
from dataq_plugins.sources.file_scanner.reading import ATTEMPTS, PIECE_BYTES, read_whole
from dataq_plugins.sources.file_scanner.settings import Settings

SMALL = 1000
BIG = reading.STREAM_BYTES + 3 * PIECE_BYTES


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "file.bin"


def received(root: Path) -> list[tuple[str, bytes]]:
    """What a host would have: problem and content of each item that was not abandoned."""
    got = []
    for thing in FileScanner(Settings([str(root)])).extract(None, None, False):
        if isinstance(thing, Item):
            try:
                got.append((thing.problem, b"".join([*iterated(thing.content)])))
            except Abandon:
                continue
    return got


def iterated(content: object) -> list[bytes]:
    return [content] if isinstance(content, bytes) else list(content)  # type: ignore[call-overload]


class Meddler:
    """Rewrites a file right after a read of it, as another process might, `times` times."""

    def __init__(self, path: Path, times: int, *, quietly: bool = False) -> None:
        self.path = path
        self.left = times
        self.version = 0
        self.quietly = quietly
        self._read = os.read

    def read(self, fd: int, size: int) -> bytes:
        data = self._read(fd, size)
        if self.left and data:
            self.left -= 1
            self.version += 1
            self.rewrite()
        return data

    def rewrite(self) -> None:
        status = self.path.stat()
        with self.path.open("r+b") as file:
            file.write(bytes([self.version]) * status.st_size)
        later = status.st_mtime_ns + (0 if self.quietly else 10**9)
        os.utime(self.path, ns=(later, later))


@pytest.mark.parametrize("size", [SMALL, BIG])
def test_a_change_under_way_is_read_again(
    path: Path, monkeypatch: pytest.MonkeyPatch, size: int
) -> None:
    path.write_bytes(bytes(size))
    monkeypatch.setattr(os, "read", Meddler(path, times=ATTEMPTS - 1).read)
    assert received(path.parent) == [("", bytes([ATTEMPTS - 1]) * size)]


@pytest.mark.parametrize("size", [SMALL, BIG])
def test_a_change_that_does_not_end_is_told(
    path: Path, monkeypatch: pytest.MonkeyPatch, size: int
) -> None:
    path.write_bytes(bytes(size))
    monkeypatch.setattr(os, "read", Meddler(path, times=200).read)
    told = "changed_while_read: the file changed each time it was read"
    assert received(path.parent) == [(told, b"")]


@pytest.mark.parametrize("size", [SMALL, BIG])
def test_a_write_that_began_before_the_read_is_seen(
    path: Path, monkeypatch: pytest.MonkeyPatch, size: int
) -> None:
    # The system sets a file's times when a write begins, not when it ends: here they never move.
    path.write_bytes(bytes(size))
    monkeypatch.setattr(reading, "unchanged", lambda before, after: True)
    monkeypatch.setattr(os, "read", Meddler(path, times=1, quietly=True).read)
    assert received(path.parent) == [("", bytes([1]) * size)]


@pytest.mark.parametrize("change", ["grows", "shrinks", "is rewritten"])
def test_each_kind_of_change_is_seen(path: Path, change: str) -> None:
    path.write_bytes(b"a" * 5000)
    os.utime(path, ns=(0, 0))
    fd = os.open(path, os.O_RDONLY)
    before = os.fstat(fd)
    if change == "grows":
        path.write_bytes(b"a" * 5001)
    elif change == "shrinks":
        os.truncate(path, 100)
    else:
        path.write_bytes(b"b" * 5000)
    assert read_whole(fd, before) is None
    os.close(fd)


def test_a_file_of_the_system_that_says_it_is_empty_has_content() -> None:
    fd = os.open("/proc/self/status", os.O_RDONLY)
    try:
        data = read_whole(fd, os.fstat(fd))
    finally:
        os.close(fd)
    assert data is not None
    assert data.startswith(b"Name:")


def test_what_is_swapped_between_look_and_read_is_left_to_the_next_walk(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    secret = path.parent / "other" / "secret.txt"
    secret.parent.mkdir()
    secret.write_text("s")
    path.write_text("a")
    plugin = FileScanner(Settings([str(path.parent)], exclude=["other/"]))
    things = plugin.extract(None, None, False)
    opened = os.open

    def swap(name: str, flags: int, *args: object, **keywords: object) -> int:
        if name == path.name:
            path.unlink()
            path.symlink_to(secret)
        return opened(name, flags, *args, **keywords)  # type: ignore[arg-type]

    monkeypatch.setattr(os, "open", swap)
    assert [thing for thing in things if isinstance(thing, Item)] == []
