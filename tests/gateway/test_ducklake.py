"""The whole way on a lake of encrypted DuckLake tables, with their catalogue in PostgreSQL."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.gateway.test_whole_way import run_dataq
from tests.postgres import Postgres

CURRENT = "select path from assets join entities using (id) where is_latest order by all"


def asked(home: Path, *words: str) -> Any:
    done = run_dataq(home, *words, "--json")
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def paths(home: Path, *words: str) -> list[str]:
    return [row["path"] for row in asked(home, "sql", CURRENT, *words)]


@pytest.mark.heavy
def test_archive_change_search_and_look_back(
    tmp_path: Path, postgres: Postgres, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATAQ_TABLES", f"ducklake+encrypted:postgres:{postgres.database()}")
    home, source = tmp_path / "home", tmp_path / "source"
    source.mkdir()
    (source / "stays.txt").write_text("a heron stands in the reeds")
    (source / "goes.txt").write_text("the kingfisher is seen for the last time")
    add = ["sources", "add", "pond", "--plugin", "file_scanner", "--config", f"root={source}"]
    for words in (add, ["run"], ["snapshots", "create", "before"]):
        done = run_dataq(home, *words)
        assert done.returncode == 0, done.stderr
    (source / "goes.txt").unlink()
    (source / "comes.txt").write_text("an otter moves in")
    done = run_dataq(home, "run")
    assert done.returncode == 0, done.stderr

    monkeypatch.delenv("DATAQ_TABLES")  # the lake knows by now
    assert paths(home) == ["comes.txt", "stays.txt"]
    assert paths(home, "--as-of", "before") == ["goes.txt", "stays.txt"]
    assert [hit["path"] for hit in asked(home, "search", "otter")][:1] == ["comes.txt"]
    then = asked(home, "search", "kingfisher", "--as-of", "before")
    assert then[0]["path"] == "goes.txt"
    shown = asked(home, "show", then[0]["id"])
    assert "pond" in json.dumps(shown)
    changes = asked(home, "diff", "before")["assets"]
    assert {(each["change"], each["path"]) for each in changes} == {
        ("added", "comes.txt"),
        ("removed", "goes.txt"),
    }
    assert "before" in [each["name"] for each in asked(home, "snapshots", "list")]
    again = run_dataq(home, "run")
    assert again.returncode == 0
    assert "nothing" in again.stdout.lower()
    deep = run_dataq(home, "check", "--deep")
    assert deep.returncode == 0, deep.stdout + deep.stderr
    assert not list((home / "lake" / "tables").rglob("_delta_log"))
