"""file_scanner: what it sends of a folder, in which windows, and what it does not send twice."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from dataq_plugins.errors import ConfigError, SourceUnreachable
from dataq_plugins.host import PluginProcess, PluginSpec, Window
from dataq_plugins.sources.file_scanner.reading import digest_of
from dataq_plugins.sources.file_scanner.state import Sent, Standing, pack, signature
from tests.plugins.scanned import ARGV, scanned, settings, write

JANUARY = Window(1_704_067_200, 1_706_745_600)  # 2024
MARCH = Window(1_709_251_200, 1_711_929_600)


def at(path: Path, seconds: float) -> None:
    os.utime(path, ns=(0, int(seconds * 10**9)))


def test_a_file_is_sent_with_all_that_is_known_of_it(tmp_path: Path) -> None:
    write(tmp_path, {"notes/Grüße.md": "# Grüße\n", "empty.bin": b""})
    path = tmp_path / "notes/Grüße.md"
    path.chmod(0o640)
    os.utime(path, ns=(0, 1_704_100_000_123_456_789))
    with scanned(tmp_path) as source:
        empty, item = source.extract()
    assert (empty.source_id, empty.content, empty.size) == ("empty.bin", b"", 0)
    assert item.source_id == "notes/Grüße.md"
    assert item.content == "# Grüße\n".encode()
    assert item.content_type == "text/markdown"
    assert item.timestamp_us == 1_704_100_000_123_456
    assert item.op == "upsert"
    assert item.problem is None
    assert item.metadata == {
        "size": "10",
        "mtime": "1704100000.123456789",
        "mode": "0640",
        "owner": path.owner(),
        "group": path.group(),
        "root": str(tmp_path),
    }


def test_order_is_the_same_every_time(tmp_path: Path) -> None:
    names = ["b.txt", "a/z.txt", "a/b/c.txt", "a.txt", "C.txt"]
    write(tmp_path, dict.fromkeys(names, "x"))
    with scanned(tmp_path) as source:
        first = [item.source_id for item in source.extract()]
        assert first == [item.source_id for item in source.extract(full=True)]
    assert first == ["C.txt", "a.txt", "b.txt", "a/z.txt", "a/b/c.txt"]


def test_windows_are_those_of_the_files_times(tmp_path: Path) -> None:
    write(tmp_path, {"old.txt": "1", "new.txt": "22", "newer.txt": "3"})
    at(tmp_path / "old.txt", JANUARY.start)
    at(tmp_path / "new.txt", MARCH.start + 5)
    at(tmp_path / "newer.txt", MARCH.end - 0.001)
    with scanned(tmp_path) as source:
        assert source.windows() == [JANUARY, MARCH]
        assert [window.items for window in source.windows()] == [1, 2]
        assert [item.source_id for item in source.extract(JANUARY)] == ["old.txt"]
        source.settle()
        assert source.windows() == [MARCH]
        assert {item.source_id for item in source.extract(MARCH)} == {"new.txt", "newer.txt"}


@pytest.mark.parametrize(
    ("granularity", "seconds"), [("hourly", 3600), ("daily", 86400), ("yearly", 366 * 86400)]
)
def test_windows_of_other_lengths(tmp_path: Path, granularity: str, seconds: int) -> None:
    write(tmp_path, {"a.txt": "a"})
    at(tmp_path / "a.txt", JANUARY.start + 90_000.5)
    with scanned(tmp_path) as source:
        (window,) = source.process.discover(None, granularity).windows  # type: ignore[arg-type]
    assert window.end - window.start == seconds
    assert window.start <= JANUARY.start + 90_000 < window.end


def test_times_before_1970_and_far_ahead_are_kept(tmp_path: Path) -> None:
    write(tmp_path, {"before.txt": "b", "ahead.txt": "a"})
    at(tmp_path / "before.txt", -1.5)
    at(tmp_path / "ahead.txt", 7_000_000_000)
    with scanned(tmp_path) as source:
        before, ahead = source.windows()
        assert before.end == 0
        (item,) = source.extract(before)
        assert item.timestamp_us == -1_500_000
        assert item.metadata["mtime"] == "-1.500000000"
        (item,) = source.extract(ahead)
        assert item.timestamp_us == 7_000_000_000_000_000


def test_what_did_not_change_is_not_sent_again(tmp_path: Path) -> None:
    write(tmp_path, {"a.txt": "a", "b/c.txt": "c"})
    with scanned(tmp_path) as source:
        assert len(source.extract()) == 2
        assert source.extract() == []  # read again, as they are new, but not sent
        source.settle()
        state = source.state
        assert source.windows() == []
        assert source.extract() == []
        assert source.state == state
        assert len(source.extract(full=True)) == 2


@pytest.mark.parametrize(("standing", "news"), [(Standing.RACY, True), (Standing.SETTLED, False)])
def test_a_change_that_left_the_same_signature(
    tmp_path: Path, standing: Standing, news: bool
) -> None:
    # What git calls racily clean: a second change in the same tick of the file system's clock.
    # The state is made as that would leave it: the signature of the second, sent content the first.
    write(tmp_path, {"a.txt": "two"})
    now = signature((tmp_path / "a.txt").stat(), standing)
    digests = {"a.txt": digest_of(b"one")} if standing is Standing.RACY else {}
    with scanned(tmp_path) as source:
        source.state = pack(Sent({"a.txt": now}, digests), scope_of(tmp_path))
        assert len(source.windows()) == news
        assert source.extract() == source.sent
        assert source.files == ({"a.txt": b"two"} if news else {})


def test_only_what_changed_is_read_again(tmp_path: Path) -> None:
    write(tmp_path, {"same.txt": "1", "longer.txt": "1", "touched.txt": "1", "mode.txt": "1"})
    with scanned(tmp_path) as source:
        source.extract()
        source.settle()
        write(tmp_path, {"longer.txt": "12", "new.txt": "n"})
        at(tmp_path / "touched.txt", JANUARY.start)
        (tmp_path / "mode.txt").chmod(0o600)
        sent = {item.source_id: item for item in source.sync()}
    assert set(sent) == {"longer.txt", "touched.txt", "mode.txt", "new.txt"}
    assert sent["touched.txt"].content == b"1"
    assert sent["mode.txt"].metadata["mode"] == "0600"


def test_a_file_whose_time_moved_is_of_its_new_window_only(tmp_path: Path) -> None:
    write(tmp_path, {"a.txt": "a"})
    at(tmp_path / "a.txt", JANUARY.start)
    with scanned(tmp_path) as source:
        source.extract()
        source.settle()
        at(tmp_path / "a.txt", MARCH.start)
        assert source.windows() == [MARCH]
        assert source.extract(JANUARY) == []
        (item,) = source.extract(MARCH)
    assert (item.op, item.timestamp_us) == ("upsert", MARCH.start * 1_000_000)


def test_a_deletion_is_filed_in_the_window_of_what_was_deleted(tmp_path: Path) -> None:
    write(tmp_path, {"a.txt": "a", "kept.txt": "k"})
    at(tmp_path / "a.txt", JANUARY.start + 0.5)
    at(tmp_path / "kept.txt", MARCH.start)
    with scanned(tmp_path) as source:
        source.extract()
        source.settle()
        (tmp_path / "a.txt").unlink()
        assert source.windows() == [JANUARY]
        assert source.extract(MARCH) == []
        (item,) = source.extract(JANUARY)
        assert (item.source_id, item.op) == ("a.txt", "delete")
        assert item.timestamp_us == JANUARY.start * 1_000_000 + 500_000
        assert source.extract() == []
        assert source.windows() == []


@pytest.mark.parametrize("instead", ["folder", "link"])
def test_what_took_a_files_place_and_inode_is_not_the_file(tmp_path: Path, instead: str) -> None:
    # File systems give a deleted file's inode away again at once.
    write(tmp_path, {"other.txt": "o"})
    place = tmp_path / "place"
    if instead == "folder":
        place.mkdir()
    else:
        place.symlink_to("other.txt")
    inode = place.lstat().st_ino
    with scanned(tmp_path) as source:
        source.state = pack(Sent({"place": (1, 2, 3, inode, 0)}), scope_of(tmp_path))
        sent = {(item.source_id, item.op) for item in source.extract()}
    assert sent == {("place", "delete"), ("other.txt", "upsert")}


def test_a_file_that_comes_back_with_its_old_time_is_sent(tmp_path: Path) -> None:
    write(tmp_path, {"a.txt": "a", "b.txt": "b"})
    at(tmp_path / "a.txt", JANUARY.start)
    with scanned(tmp_path) as source:
        source.extract()
        (tmp_path / "a.txt").unlink()
        source.sync()
        write(tmp_path, {"a.txt": "a"})
        at(tmp_path / "a.txt", JANUARY.start)
        assert [item.op for item in source.sync() if item.source_id == "a.txt"] == ["upsert"]


def test_a_missing_root_is_an_error_and_deletes_nothing(tmp_path: Path) -> None:
    root = tmp_path / "root"
    write(root, {"a.txt": "a"})
    with scanned(root) as source:
        source.extract()
        root.rename(tmp_path / "elsewhere")
        for ask in (source.process.check, source.windows, source.extract):
            with pytest.raises(SourceUnreachable, match=r"root .*no such file.* mounted"):
                ask()
        (tmp_path / "elsewhere").rename(root)
        assert source.extract() == []


def test_a_root_that_is_suddenly_empty_is_an_error(tmp_path: Path) -> None:
    write(tmp_path, {"a.txt": "a"})
    with scanned(tmp_path) as source:
        source.extract()
        (tmp_path / "a.txt").unlink()
        for ask in (source.windows, source.extract):
            with pytest.raises(SourceUnreachable, match="allow_empty"):
                ask()
        state = source.state
    with scanned(tmp_path, allow_empty=True) as source:
        source.state = state
        assert [item.op for item in source.sync()] == ["delete"]


def test_an_empty_root_that_never_had_files_is_fine(tmp_path: Path) -> None:
    with scanned(tmp_path) as source:
        source.process.check()
        assert source.windows() == []
        assert source.extract() == []
        assert source.state is None


def test_several_roots_have_labels(tmp_path: Path) -> None:
    write(tmp_path, {"one/a.txt": "1", "two/a.txt": "2", "three/a.txt": "3"})
    roots = [str(tmp_path / "one"), f"zwei={tmp_path / 'two'}"]
    with PluginProcess(PluginSpec("s", ARGV, settings(root=roots))) as process:
        process.check()
        items = [item for batch in process.extract() for item in batch.items]
    assert {item.source_id: item.content for item in items} == {
        "one/a.txt": b"1",
        "zwei/a.txt": b"2",
    }
    assert {item.metadata["root"] for item in items} == {
        str(tmp_path / "one"),
        str(tmp_path / "two"),
    }


@pytest.mark.parametrize(
    ("values", "setting", "reason"),
    [
        ({"root": "[]"}, "root", "empty"),
        ({}, "root", "required"),
        ({"root": "/tmp", "includes": "[]"}, "includes", "include"),
        ({"root": "/tmp", "include": '["!"]'}, "include", "gitignore"),
        ({"root": "/tmp", "max_bytes": "-1"}, "max_bytes", "at least 0"),
        ({"root": "/tmp", "symlinks": "maybe"}, "symlinks", "follow"),
        ({"root": '["/tmp/a", "/srv/a"]'}, "root", "two folders are called a"),
        ({"root": '["/tmp", "/tmp/a"]'}, "root", "one in the other"),
    ],
)
def test_a_wrong_setting_is_named(values: dict[str, str], setting: str, reason: str) -> None:
    with (
        PluginProcess(PluginSpec("s", ARGV, values)) as process,
        pytest.raises(ConfigError, match=reason) as caught,
    ):
        process.configure()
    assert caught.value.setting == setting


@pytest.mark.parametrize("state", [b"rubbish", b"\xff" * 100])
def test_a_state_that_cannot_be_used_counts_for_nothing(tmp_path: Path, state: bytes) -> None:
    write(tmp_path, {"a.txt": "a"})
    lines: list[str] = []
    config = settings(root=str(tmp_path))
    spec = PluginSpec("s", ARGV, config)
    with PluginProcess(spec, on_log=lambda level, text: lines.append(text)) as process:
        items = [item for batch in process.extract(None, state) for item in batch.items]
        assert len(process.discover(state, "monthly").windows) == 1
    assert [item.source_id for item in items] == ["a.txt"]
    assert any("state cannot be used" in line for line in lines)


def test_a_state_of_other_roots_deletes_nothing(tmp_path: Path) -> None:
    write(tmp_path, {"one/a.txt": "1", "two/b.txt": "2"})
    with scanned(tmp_path / "one") as source:
        source.extract()
        state = source.state
    with scanned(tmp_path / "two") as source:
        source.state = state
        assert [(item.source_id, item.op) for item in source.extract()] == [("b.txt", "upsert")]


def test_big_files_arrive_whole(tmp_path: Path) -> None:
    content = os.urandom(1 << 20) * 23 + b"tail"
    write(tmp_path, {"big.bin": content, "chunk.bin": content[: 8 << 20]})
    with scanned(tmp_path) as source:
        source.extract()
        assert source.files == {"big.bin": content, "chunk.bin": content[: 8 << 20]}
        assert source.extract() == []


def test_the_corpus_arrives_byte_for_byte(corpus: Path) -> None:
    with scanned(corpus) as source:
        source.process.check()
        source.sync()
        files = {path for path in corpus.rglob("*") if path.is_file()}
        assert set(source.files) == {str(path.relative_to(corpus)) for path in files}
        assert all(
            source.files[str(path.relative_to(corpus))] == path.read_bytes() for path in files
        )
        assert source.problems == {}
        assert source.sync() == []


def scope_of(root: Path) -> str:
    return json.dumps([["", str(root)]])


def test_a_start_loads_nothing_that_only_a_mistake_or_a_digest_needs() -> None:
    code = (
        "import sys; import dataq_plugins.sources.file_scanner.plugin\n"
        "from dataq_plugins.sdk import serve\n"
        "print([name for name in ('hashlib', 'traceback', 'difflib') if name in sys.modules])"
    )
    told = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert told.stdout.strip() == "[]"
