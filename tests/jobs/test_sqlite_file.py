"""Many threads and processes open one SQLite file, also while it is made."""

from __future__ import annotations

import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

import pytest

from dataq_resources.errors import DatabaseAway
from dataq_resources.jobs.sqlite import SqliteDatabase
from dataq_resources.sqlite_file import opened

TABLES = "create table if not exists numbers (number integer)"


def test_a_new_file_is_opened_by_many_at_once(tmp_path: Path) -> None:
    together = Barrier(8)

    def add(path: Path) -> None:
        together.wait()
        for number in range(3):
            connection = opened(path, TABLES)
            connection.execute("insert into numbers values (?)", [number])
            connection.close()

    with ThreadPoolExecutor(8) as threads:
        for turn in range(15):  # one such file in ten was locked to somebody
            path = tmp_path / f"{turn}" / "numbers.sqlite"
            list(threads.map(add, [path] * 8))
            connection = opened(path, TABLES)
            assert connection.execute("select count(*) from numbers").fetchone() == (24,)
            assert connection.execute("pragma integrity_check").fetchone() == ("ok",)
            connection.close()
            assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_damaged_file_of_tasks_is_told_and_kept(tmp_path: Path) -> None:
    torn = tmp_path / "jobs.sqlite"
    torn.write_bytes(b"SQLite format 2" * 100)
    with pytest.raises(DatabaseAway, match=r"jobs\.sqlite, cannot be read.*move it away"):
        SqliteDatabase(tmp_path)
    assert torn.read_bytes() == b"SQLite format 2" * 100
    torn.rename(tmp_path / "away")
    SqliteDatabase(tmp_path).close()
