"""A disk that is full or read-only: one clear line, nothing harmed, and it goes on afterwards."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pyarrow as pa
import pytest

from dataq_lake.cleaning import RETENTION, vacuum
from dataq_lake.difference import Difference
from dataq_lake.ducklake.catalogue import close_catalogues
from dataq_lake.errors import NotWritable
from dataq_lake.lake import open_lake
from dataq_resources.home import Home
from tests.faults.conftest import Undisturbed
from tests.faults.stand import (
    ROOT,
    Server,
    contents,
    copied,
    differences,
    halves,
    held_locks,
    lake_of,
    some,
)

NONE = timedelta(0)


def mount(*words: str) -> None:
    done = subprocess.run(["mount", *words], capture_output=True, text=True)
    if done.returncode:
        pytest.skip(f"a small disk cannot be mounted here: {done.stderr.strip()}")


@pytest.fixture
def home(undisturbed: Undisturbed, tmp_path: Path) -> Iterator[Path]:
    """A home whose lake is a disk of its own, of 64 MB."""
    if os.geteuid() or not shutil.which("mount"):
        pytest.skip("a small disk cannot be mounted here: that takes root and mount(8)")
    home = copied(undisturbed.template, tmp_path / "home")
    lake = Home(home).lake
    lake.mkdir(exist_ok=True)
    mount("-t", "tmpfs", "-o", "size=64m", "dataq-test", str(lake))
    yield home
    subprocess.run(["umount", str(lake)], check=True)


def remount(home: Path, options: str) -> None:
    mount("-o", f"remount,{options}", str(Home(home).lake))


# In turn raw, a blob out of a container, a table and the index find no room.
@pytest.mark.parametrize("kilobytes", some([200, 700, 1000, 1400], quick=[700]))
def test_a_full_disk_is_told_and_the_next_run_completes(
    server: Server, undisturbed: Undisturbed, home: Path, kilobytes: int
) -> None:
    remount(home, f"size={kilobytes}k")
    told = server.dataq(home, "run")
    assert (told.code, told.left) == (1, [])
    (line,) = [each for each in told.out.splitlines() if "cannot be written" in each]
    assert "No space left on device: free some space and run again" in line
    assert told.out.count("error: ") == 1
    assert "unexpected" not in told.out
    assert (halves(lake_of(home)), held_locks(home)) == ([], [])
    remount(home, "size=64m")
    again = server.dataq(home, "run")
    assert again.code == 0, again.out
    assert differences(contents(lake_of(home)), undisturbed.contents) == []


def test_a_read_only_lake_answers_and_refuses_to_be_written(server: Server, home: Path) -> None:
    assert server.dataq(home, "run").code == 0
    remount(home, "ro")
    told = server.dataq(home, "run")
    assert told.code == 1
    assert told.out.count("error: ") == 1
    assert "dataq_lake" not in told.out
    assert "Read-only file system: make the file system writable" in told.out
    replay = server.dataq(home, "quarantine", "replay", "--all")
    assert replay.code == 1
    assert "Read-only file system: make the file system writable" in replay.out
    maintain = server.dataq(home, "maintain", "compaction", "retire-snapshots")
    assert maintain.code == 1
    assert "Read-only file system: make the file system writable" in maintain.out
    assert server.dataq(home, "sql", "select count(*) from items").code == 0
    hits = server.dataq(home, "search", "--mode", "text", "heron")
    assert (hits.code, "letter.eml" in hits.out) == (0, True), hits.out
    assert server.dataq(home, "check", "--deep").code == 0


LIMITED = """
import resource, sys
import pyarrow as pa
from dataq_lake.errors import NotWritable
from dataq_lake.lake import open_lake
resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))
lake = open_lake(sys.argv[1])
handle = lake.table("items")
def rows(name, payload):
    row = {"item_id": name, "payload": payload}
    return pa.RecordBatch.from_pylist([row], schema=handle.table.schema)
def with_blob():
    lake.blobs.put(bytes(300_000))
    yield rows("c", b"")
handle.append([rows("a", b"")])
for stream in ([rows("b", random)], with_blob()):
    try:
        handle.append(stream)
    except NotWritable as error:
        print(error)
"""


def test_what_exceeds_a_limit_on_files_is_told(tmp_path: Path) -> None:
    """Also where no disk can be mounted: the same refusal comes from a limit of the process."""
    script = LIMITED.replace("random", f"bytes.fromhex('{os.urandom(200_000).hex()}')")
    (tmp_path / "limited.py").write_text(script)
    command = [sys.executable, str(tmp_path / "limited.py"), str(tmp_path / "lake")]
    told = subprocess.run(command, capture_output=True, text=True, cwd=ROOT)
    assert told.returncode == 0, told.stderr
    advice = "File too large: raise the limit on the size of files (ulimit -f) and run again"
    assert [advice in line for line in told.stdout.splitlines()] == [True, True]
    handle = open_lake(tmp_path / "lake").table("items")
    assert handle.scan(["item_id"]).collect()["item_id"].to_list() == ["a"]
    assert len(list(handle.folder.glob("*.parquet"))) == 1


@pytest.fixture
def small(tmp_path: Path) -> Iterator[Path]:
    """A disk of 6 MB."""
    if os.geteuid() or not shutil.which("mount"):
        pytest.skip("a small disk cannot be mounted here: that takes root and mount(8)")
    disk = tmp_path / "disk"
    disk.mkdir()
    mount("-t", "tmpfs", "-o", "size=6m", "dataq-test", str(disk))
    yield disk
    close_catalogues()
    subprocess.run(["umount", str(disk)], check=True)


@pytest.mark.heavy
def test_ducklake_on_a_disk_that_refuses(small: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Full it takes no rows, read-only it can still be asked; nor is it merged or cleaned up."""
    monkeypatch.setenv("DATAQ_TABLES", "ducklake:lake.ducklake")
    handle = open_lake(small / "lake").table("items")

    def rows(*ids: str, payload: bytes = b"") -> pa.RecordBatch:
        values = [{"item_id": each, "payload": payload} for each in ids]
        return pa.RecordBatch.from_pylist(values, schema=handle.table.schema)

    handle.append([rows("a", "b")])
    handle.apply(Difference([], ["a"]))
    with pytest.raises(NotWritable, match="No space left on device: free some space"):
        handle.append([rows("x", payload=os.urandom(8 << 20))])
    mount("-o", "remount,size=20m", str(small))
    handle.append([rows("c")])
    monkeypatch.setattr("dataq_lake.compacting.MANY", 2)
    mount("-o", "remount,ro", str(small))
    close_catalogues()
    handle = open_lake(small / "lake").table("items")
    changes = (
        lambda: handle.append([rows("d")]),
        lambda: handle.insert_new([rows("d")]),
        lambda: handle.apply(Difference([], ["b"])),
        handle.clear,
        handle.merge,
        lambda: vacuum(handle, NONE, NONE, datetime.now(UTC) + 2 * RETENTION),
    )
    for change in changes:
        with pytest.raises(NotWritable, match="Read-only file system: make the file system"):
            change()
    assert handle.scan(["item_id"]).collect()["item_id"].to_list() == ["b", "c"]
    assert list(handle.damage()) == []
    mount("-o", "remount,rw,size=20m", str(small))
    assert handle.append([rows("d")]).rows == 1
    assert handle.count() == 3
