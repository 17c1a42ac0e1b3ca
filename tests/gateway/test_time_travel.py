"""`--as-of`, `dataq snapshots` and `dataq diff`, on a lake that really changed."""

from __future__ import annotations

import json
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from dataq_gateway import cli
from tests.gateway.rows import Command

# Dagster's own code still reads it.
pytestmark = pytest.mark.filterwarnings(
    "ignore:InitResourceContext.dagster_run is deprecated:DeprecationWarning"
)


@pytest.fixture(scope="module")
def changed(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """A home whose source was archived, changed and archived again; and a time between."""
    folder = tmp_path_factory.mktemp("changed")
    home, source = folder / "home", folder / "source"
    source.mkdir()
    (source / "stays.txt").write_text("a heron stands in the reeds")
    (source / "goes.txt").write_text("the kingfisher is seen for the last time")
    (source / "turns.txt").write_text("first the gauge reads low")
    add = ["sources", "add", "pond", "--plugin", "file_scanner", "--config", f"root={source}"]
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DATAQ_HOME", str(home))
        patch.setenv("DAGSTER_HOME", str(home / "dagster"))
        return home, lived(source, add)


def lived(source: Path, add: list[str]) -> str:
    """Archives the source before and after a change; the time between."""
    for words in (add, ["run"], ["snapshots", "create", "before"]):
        assert cli.run(words) == 0
    between = datetime.now(UTC).isoformat()
    time.sleep(0.01)
    (source / "goes.txt").unlink()
    (source / "turns.txt").write_text("then the gauge reads high")
    (source / "comes.txt").write_text("an otter moves in")
    assert cli.run(["run"]) == 0
    return between


@pytest.fixture
def there(dataq: Command, changed: tuple[Path, str], monkeypatch: pytest.MonkeyPatch) -> Command:
    """The command line on that home."""
    monkeypatch.setenv("DATAQ_HOME", str(changed[0]))
    return dataq


def asked(dataq: Command, *words: str) -> Any:
    told = dataq(*words, "--json")
    assert told.returncode == 0, told.stderr
    return json.loads(told.stdout)


CURRENT = "select path from assets join entities using (id) where is_latest order by all"
THEN = ["goes.txt", "stays.txt", "turns.txt"]
NOW = ["comes.txt", "stays.txt", "turns.txt"]


@pytest.mark.parametrize("how", ["time", "name", "id"])
def test_every_command_answers_from_the_same_state(
    there: Command, changed: tuple[Path, str], how: str
) -> None:
    listed = {each["name"]: each for each in asked(there, "snapshots", "list")}
    when = {"time": changed[1], "name": "before", "id": listed["before"]["id"][:8]}[how]
    assert [row["path"] for row in asked(there, "sql", CURRENT)] == NOW
    assert [row["path"] for row in asked(there, "sql", CURRENT, "--as-of", when)] == THEN
    hits = asked(there, "search", "gauge", "--as-of", when)
    assert {hit["snapshot"] for hit in hits} == {listed["before"]["id"]}
    old = next(hit for hit in hits if hit["path"] == "turns.txt")
    assert old["text"] == "first the gauge reads low"
    shown = asked(there, "show", old["id"], "--as-of", when)
    assert shown["asset"]["is_latest"]
    assert asked(there, "show", old["id"])["asset"]["is_latest"] is False
    assert there("cat", old["id"], "--as-of", when).stdout == "first the gauge reads low"
    otter = next(h for h in asked(there, "search", "otter") if h["path"] == "comes.txt")
    assert there("show", otter["id"]).returncode == 0
    for command in ("show", "cat"):
        told = there(command, otter["id"], "--as-of", when)
        assert (told.returncode, told.stdout) == (1, "")
        assert "no segment, asset or item has the id" in told.stderr or (
            "no asset, segment or item has the id" in told.stderr
        )


def test_what_cannot_be_read_is_one_line(there: Command) -> None:
    for command in (["sql", "select 1"], ["search", "otter"], ["show", "0" * 32]):
        for when, why in (
            ("2001-01-01", "has nothing from before 2001-01-01"),
            ("never-made", "no snapshot has the name or id 'never-made'"),
        ):
            told = there(*command, "--as-of", when)
            assert (told.returncode, told.stdout, told.stderr.count("\n")) == (1, "", 1)
            assert why in told.stderr


def test_diff_names_what_changed(there: Command, changed: tuple[Path, str]) -> None:
    found = asked(there, "diff", "before")
    assert [(each["change"], each["path"]) for each in found["assets"]] == [
        ("added", "comes.txt"),
        ("removed", "goes.txt"),
        ("changed", "turns.txt"),
    ]
    assert found["tables"]["raw_pond"] == {"added": 3, "changed": 0, "removed": 0}
    assert asked(there, "diff", changed[1])["assets"] == found["assets"]
    newest = asked(there, "snapshots", "list")[0]["id"]
    for a, b in ((changed[1], newest), ("before", newest[:8]), ("before", "2999-01-01")):
        assert asked(there, "diff", a, b)["assets"] == found["assets"], (a, b)
    back = asked(there, "diff", newest, "before")["assets"]
    assert [each["change"] for each in back] == ["removed", "added", "changed"]
    lines = there("diff", "before").stdout.splitlines()
    assert lines[0].split() == ["table", "added", "changed", "removed"]
    assert lines[-3:] == ["+ pond  comes.txt", "- pond  goes.txt", "~ pond  turns.txt"]
    assert there("diff", "before", "before").stdout == "nothing changed\n"


def test_snapshots_are_named_kept_and_retired(there: Command) -> None:
    (made,) = asked(there, "snapshots", "create", "now")
    assert made["current"] and made["kept"]
    text = there("snapshots", "list").stdout
    assert "current, kept" in text
    assert "before" in text
    taken = there("snapshots", "create", "before")
    assert taken.returncode == 1
    assert "is called before" in taken.stderr
    assert there("snapshots", "create", "No Name!").returncode == 1
    (kept,) = asked(there, "snapshots", "keep", made["id"][:8], "--name", "later")
    assert kept["name"] == "later"
    assert asked(there, "snapshots", "retire", "--older-than", "0") == []
    assert there("snapshots", "retire").returncode == 2
    (released,) = asked(there, "snapshots", "retire", "later")
    assert released["current"]
    assert [row["path"] for row in asked(there, "sql", CURRENT)] == NOW
    assert there("snapshots", "retire", "later").returncode == 1
