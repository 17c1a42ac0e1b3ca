"""Blobs are there whole or not at all, once, private, and read back only if undamaged."""

from __future__ import annotations

import hashlib
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from pathlib import Path
from threading import Event

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dataq_lake import blob_store
from dataq_lake.blob_store import BlobStore
from dataq_lake.errors import ContentDamaged, ContentLost, FixTheCall, NotWritable
from dataq_lake.lake import Lake, open_lake
from tests.lake.conftest import Rows


@pytest.fixture
def store(tmp_path: Path) -> BlobStore:
    return BlobStore(tmp_path / "blobs")


def stored(store: BlobStore) -> list[Path]:
    return [path for path in store.folder.rglob("*") if path.is_file()]


@given(pieces=st.lists(st.binary(max_size=2_000), max_size=6))
def test_what_goes_in_comes_out(
    tmp_path_factory: pytest.TempPathFactory, pieces: list[bytes]
) -> None:
    store = BlobStore(tmp_path_factory.mktemp("blobs"))
    blob = store.put(pieces)
    content = b"".join(pieces)
    assert blob.uri == f"blob:{hashlib.sha256(content).hexdigest()}"
    assert blob.size == len(content)
    assert store.read(blob.uri) == content
    with store.open(blob.uri) as file:
        assert file.read() == content


def test_the_same_content_is_stored_once(store: BlobStore) -> None:
    first, again = store.put(b"x" * 3_000_000), store.put([b"x" * 1_000_000] * 3)
    assert first == again
    assert stored(store) == [store.path(first.uri)]


def test_nothing_is_visible_before_the_commit_nor_left_after_an_abort(store: BlobStore) -> None:
    writer = store.writer()
    writer.write(b"half")
    assert not store.exists("blob:" + hashlib.sha256(b"half").hexdigest())
    assert [path.parent.name for path in stored(store)] == ["incoming"]
    writer.abort()
    assert stored(store) == []
    with pytest.raises(RuntimeError, match="the source broke"):
        store.put(_breaking())
    assert stored(store) == []


def _breaking() -> Iterator[bytes]:
    yield b"half"
    raise RuntimeError("the source broke")


def test_blobs_are_private(store: BlobStore) -> None:
    old = os.umask(0)
    try:
        path = store.path(store.put(b"secret").uri)
    finally:
        os.umask(old)
    assert path.stat().st_mode & 0o777 == 0o600
    for folder in (path.parent, store.folder, store.folder / "incoming"):
        assert folder.stat().st_mode & 0o077 == 0


def test_damage_and_loss_are_noticed(store: BlobStore) -> None:
    blob = store.put(b"precious")
    path = store.path(blob.uri)
    path.write_bytes(b"precioux")
    with pytest.raises(ContentDamaged, match=f"{blob.uri} is damaged"):
        store.read(blob.uri)
    path.unlink()
    with pytest.raises(ContentLost, match="is not in the blob store"):
        store.read(blob.uri)
    for wrong in ("blob:../../etc/passwd", "blob:ABC", "raw:1", ""):
        with pytest.raises(FixTheCall, match="is not a blob"):
            store.read(wrong)


def test_a_blob_is_on_disk_before_it_has_its_name(
    store: BlobStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    steps: list[str] = []
    sync, replace = os.fsync, Path.replace
    monkeypatch.setattr(os, "fsync", lambda number: (steps.append("sync"), sync(number))[1])
    monkeypatch.setattr(
        Path, "replace", lambda self, to: (steps.append("name"), replace(self, to))[1]
    )
    store.put(b"x")
    assert steps == ["sync", "name", "sync", "sync"], "the file, its name, the folders it is in"
    store.put(b"x")
    assert steps[4:] == ["sync"], "the folder of a copy that may be another writer's, just now"


@pytest.mark.local("fills a disk")
def test_a_row_is_committed_only_after_its_blob_is_on_disk(
    lake: Lake, rows: Rows, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full_disk(folder: Path) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("dataq_lake.settling.sync", full_disk)
    other = open_lake(lake.root)  # rows and blobs may go through two handles on one lake
    with other.blobs.writer() as writer:
        writer.write(b"large")
        uri = writer.commit().uri
    with pytest.raises(NotWritable, match="No space left"):
        lake.raw("mail").append([rows("raw_mail", ["a"], blob_uri=uri)])
    assert lake.raw("mail").count() == 0


def test_whoever_commits_waits_for_all_blobs(
    store: BlobStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    disk = Event()
    monkeypatch.setattr("dataq_lake.settling.sync", lambda folder: disk.wait())
    with store.writer() as writer:
        writer.commit()
    with ThreadPoolExecutor(2) as threads:
        waiting = [threads.submit(store.settle) for _ in range(2)]
        early, _ = wait(waiting, timeout=0.2)
        disk.set()
    assert early == set(), "neither may commit a row before the disk has the blob"


def test_a_killed_writer_leaves_no_blob(store: BlobStore, monkeypatch: pytest.MonkeyPatch) -> None:
    script = (
        "import sys; from pathlib import Path; from dataq_lake.blob_store import BlobStore\n"
        "writer = BlobStore(Path(sys.argv[1])).writer(); writer.write(b'x' * 5_000_000)\n"
        "print('written', flush=True); sys.stdin.read()"
    )
    command = [sys.executable, "-c", script, str(store.folder)]
    root = Path(__file__).resolve().parents[2]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, cwd=root) as process:
        assert process.stdout
        assert process.stdout.readline() == b"written\n"
        monkeypatch.setattr(blob_store, "FRESH_SECONDS", -1)
        BlobStore(store.folder).writer().abort()
        assert len(stored(store)) == 1, "a living writer keeps its file"
        process.send_signal(signal.SIGKILL)
    assert [path.parent.name for path in stored(store)] == ["incoming"]
    assert not store.exists("blob:" + hashlib.sha256(b"x" * 5_000_000).hexdigest())
    blob = BlobStore(store.folder).put(b"y")
    assert stored(store) == [store.path(blob.uri)], "the next writer clears what was left"


def test_a_large_content_is_never_whole_in_memory(store: BlobStore) -> None:
    script = (
        "import sys; from pathlib import Path; from dataq_lake.blob_store import BlobStore\n"
        "store = BlobStore(Path(sys.argv[1])); piece = bytes(1 << 20)\n"
        "blob = store.put(piece for _ in range(120))\n"
        "assert sum(map(len, store.chunks(blob.uri))) == blob.size == 120 << 20\n"
        "status = Path('/proc/self/status').read_text()\n"
        "print(int(status.split('VmHWM:')[1].split()[0]) // 1024)"
    )
    command = [sys.executable, "-c", script, str(store.folder)]
    root = Path(__file__).resolve().parents[2]
    done = subprocess.run(command, capture_output=True, cwd=root, check=True, text=True)
    assert int(done.stdout) < 80, "megabytes at the peak"
