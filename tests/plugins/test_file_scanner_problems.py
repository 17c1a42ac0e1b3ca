"""What cannot be read is told with a reason, and is never taken for deleted."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from dataq_plugins.sources._folders.names import is_escaped, path_bytes, source_id
from tests.plugins.scanned import Scanned, ordinary_argv, scanned, write


def codes(source: Scanned) -> dict[str, str]:
    return {name: text.partition(":")[0] for name, text in source.problems.items()}


@pytest.fixture
def tree(tmp_path: Path) -> Iterator[Path]:
    """A root whose closed folders are opened again afterwards, so that it can be removed."""
    write(
        tmp_path, {"open.txt": "o", "closed.txt": "c", "folder/a.txt": "a", "folder/b/c.txt": "c"}
    )
    yield tmp_path
    for folder in (tmp_path / "folder", tmp_path / "folder/b"):
        folder.chmod(0o755)


def test_an_unreadable_file_is_told_and_read_when_it_can_be(tree: Path) -> None:
    (tree / "closed.txt").chmod(0)
    with scanned(tree, argv=ordinary_argv()) as source:
        source.extract()
        assert source.problems == {"closed.txt": "unreadable: permission denied"}
        assert set(source.files) == {"open.txt", "folder/a.txt", "folder/b/c.txt"}
        (item,) = [item for item in source.sent if item.problem]
        assert item.content is None
        assert item.metadata["size"] == "1"
        assert item.metadata["mode"] == "0000"
        source.settle()
        assert source.windows() == []
        assert source.extract() == []  # told once
        (tree / "closed.txt").chmod(0o600)
        assert len(source.windows()) == 1
        source.sync()
        assert source.files["closed.txt"] == b"c"
        assert source.problems == {}


@pytest.mark.parametrize("mode", [0o000, 0o444, 0o111])
def test_an_unreadable_folder_deletes_nothing_below_it(tree: Path, mode: int) -> None:
    with scanned(tree, argv=ordinary_argv()) as source:
        source.extract()
        source.settle()
        files = dict(source.files)
        (tree / "folder").chmod(mode)
        sent = source.sync()
        assert [(item.source_id, item.op) for item in sent] == [("folder/", "upsert")]
        assert source.problems == {"folder/": "unreadable: permission denied"}
        assert source.files == files
        assert source.sync() == []
        (tree / "folder").chmod(0o755)
        assert [(item.source_id, item.op) for item in source.sync()] == [("folder/", "delete")]
        assert source.files == files
        assert source.problems == {}


def test_a_folder_that_never_could_be_read_is_one_problem(tree: Path) -> None:
    (tree / "folder").chmod(0o444)  # its names can be listed, what they are cannot
    with scanned(tree, argv=ordinary_argv()) as source:
        source.extract()
        assert codes(source) == {"folder/": "unreadable"}
        assert set(source.files) == {"open.txt", "closed.txt"}


def test_what_is_no_file_is_told_and_not_opened(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(tmp_path / "socket"))
        with scanned(tmp_path) as source:
            source.extract()
            assert source.problems == {
                "pipe": "fifo: a named pipe has no content of its own",
                "socket": "socket: a socket has no content",
            }
            assert source.extract() == []
            (tmp_path / "pipe").unlink()
            write(tmp_path, {"pipe": "a file now"})
            source.sync()
            assert source.files == {"pipe": b"a file now"}
            assert codes(source) == {"socket": "socket"}


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can make a device")
def test_a_device_is_told_and_not_opened(tmp_path: Path) -> None:
    try:
        os.mknod(tmp_path / "zero", 0o20600, os.makedev(1, 5))
    except PermissionError:
        pytest.skip("this container may not make devices")
    with scanned(tmp_path) as source:
        source.extract()
        assert codes(source) == {"zero": "device"}


def test_a_file_over_the_limit_is_told_with_its_size(tmp_path: Path) -> None:
    write(tmp_path, {"big.bin": b"x" * 1001, "exact.bin": b"x" * 1000})
    with scanned(tmp_path, max_bytes=1000) as source:
        source.extract()
        assert set(source.files) == {"exact.bin"}
        assert source.problems == {
            "big.bin": "too_large: 1,001 bytes are more than max_bytes (1,000)"
        }
        source.settle()
        assert source.extract() == []
        state = source.state
    with scanned(tmp_path, max_bytes=2000) as source:
        source.state = state
        assert [item.source_id for item in source.sync()] == ["big.bin"]
        assert source.files == {"big.bin": b"x" * 1001}


def test_a_name_that_is_not_utf_8_is_told_with_its_bytes(tmp_path: Path) -> None:
    folder = tmp_path / os.fsdecode(b"caf\xe9")
    names = (b"100%.txt", b"\xff\xfe.txt", "grün.txt".encode())
    folder.mkdir()
    for name in names:
        (folder / os.fsdecode(name)).write_bytes(name)
    write(tmp_path, {"caf%E9/100%.txt": "not that one"})
    with scanned(tmp_path) as source:
        source.extract()
        assert set(source.files) == {"caf%E9/100%.txt"}
        assert codes(source) == dict.fromkeys(
            ["./caf%E9/100%25.txt", "./caf%E9/%FF%FE.txt", "./caf%E9/grün.txt"], "name_not_utf8"
        )
        raw = {bytes.fromhex(item.metadata["raw_path"]) for item in source.sent if item.problem}
        assert raw == {b"caf\xe9/" + name for name in names}
        source.settle()
        assert source.extract() == []
        (folder / os.fsdecode(names[1])).unlink()
        sent = [(item.source_id, item.op) for item in source.sync()]
        assert sent == [("./caf%E9/%FF%FE.txt", "delete")]


def test_folders_without_end_are_a_problem(tmp_path: Path) -> None:
    here = os.open(tmp_path, os.O_RDONLY)
    for _ in range(300):
        os.mkdir("d", dir_fd=here)
        below = os.open("d", os.O_RDONLY, dir_fd=here)
        os.close(here)
        here = below
    os.close(here)
    write(tmp_path, {"a.txt": "a"})
    with scanned(tmp_path) as source:
        source.extract()
        assert set(source.files) == {"a.txt"}
        assert list(codes(source).values()) == ["too_deep"]


def test_ids_are_reversible_and_distinct() -> None:
    paths = [b"a", b"a%41", b"\xff", b"%FF", b"\xff%", b"a/\xc3\xa9", b"a/\xc3", "日本/ü".encode()]
    ids = [source_id(os.fsdecode(path)) for path in paths]
    assert len(set(ids)) == len(ids)
    assert [path_bytes(identity) for identity in ids] == paths
    assert [is_escaped(identity) for identity in ids] == [
        False,
        False,
        True,
        False,
        True,
        False,
        True,
        False,
    ]
