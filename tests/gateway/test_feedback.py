"""`dataq feedback`, `dataq ranking` and `dataq levels`, on a folder of three notes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest

from tests.gateway.rows import Command

# Dagster's own code still reads it.
pytestmark = pytest.mark.filterwarnings(
    "ignore:InitResourceContext.dagster_run is deprecated:DeprecationWarning"
)
QUERY = "heron by the river"


def asked(dataq: Command, *words: object, code: int = 0) -> Any:
    told = dataq(*words, "--json")
    assert told.returncode == code, told.stderr
    return json.loads(told.stdout)


@pytest.fixture
def archived(dataq: Command, home: Path, tmp_path: Path) -> Command:
    notes = tmp_path / "notes"
    notes.mkdir()
    (notes / "a.txt").write_text("The heron by the river stood in the reeds.\n")
    (notes / "b.txt").write_text("A heron was seen, and the river was high by noon.\n")
    (notes / "c.txt").write_text("Bread: flour, water, salt, and a warm morning.\n")
    add = ("sources", "add", "notes", "--plugin", "file_scanner")
    assert dataq(*add, "--config", f"root={notes}").returncode == 0
    assert dataq("run").returncode == 0
    return dataq


def test_from_a_word_about_a_hit_to_a_ranking_and_back(archived: Command, tmp_path: Path) -> None:
    dataq = archived
    assert "nothing was said" in dataq("feedback", "list").stdout
    assert dataq("ranking", "list").stdout == "no ranking yet\n"
    assert "nothing was said" in dataq("ranking", "build").stdout
    before = asked(dataq, "search", QUERY)
    first, second = before[:2]
    words = ("feedback", "add", second["id"][:12], "--query", QUERY, "--relevance", 3)
    assert asked(dataq, *words, "--id", "1" * 32, "--by", "ana")["new"] == 1
    assert asked(dataq, *words, "--id", "1" * 32)["known"] == 1
    file = tmp_path / "said.jsonl"
    row = {"kind": "relevance", "entity_id": first["id"], "query": QUERY, "value": 0}
    file.write_text(json.dumps(row) + "\n")
    assert asked(dataq, "feedback", "add", "--file", file)["new"] == 1
    assert asked(dataq, "feedback", "add", "--file", file)["new"] == 0
    listed = asked(dataq, "feedback", "list", "--query", QUERY)
    assert {(row["entity_id"], row["value"]) for row in listed} == {
        (first["id"], 0),
        (second["id"], 3),
    }
    assert len(asked(dataq, "feedback", "list", "--entity", first["id"], "-k", 1)) == 1
    made = asked(dataq, "ranking", "build")
    assert (made["made"], made["ranking"]["version"]) == (True, 1)
    assert not asked(dataq, "ranking", "build")["made"]
    assert asked(dataq, "search", QUERY) == before
    found = asked(dataq, "ranking", "compare", "none", 1)
    assert found["changes"][0]["query"] == QUERY
    file.write_text(json.dumps({**row, "entity_id": second["id"], "value": 2}) + "\n")
    assert "1 queries change" in dataq("ranking", "compare", "none", 1, "--file", file).stdout
    assert asked(dataq, "search", QUERY, "--ranking", 1)[0]["id"] == second["id"]
    assert asked(dataq, "ranking", "use", 1) == {"before": None, "in_force": 1}
    assert asked(dataq, "search", QUERY)[0]["id"] == second["id"]
    assert "feedback × 1." in dataq("search", QUERY).stdout
    assert asked(dataq, "search", QUERY, "--ranking", "none") == before
    assert "in force" in dataq("ranking", "list").stdout
    assert asked(dataq, "ranking", "list")[0]["in_force"]
    assert "back: dataq ranking use 1" in dataq("ranking", "use", "none").stdout
    assert asked(dataq, "search", QUERY) == before
    levels(dataq, tmp_path)


def levels(dataq: Command, tmp_path: Path) -> None:
    """Measured with checks; a bar that is broken fails the command, and no later run."""
    assert "never measured" in dataq("levels", "--history").stdout
    first = asked(dataq, "levels")
    assert first["recall_at_10"]["value"] == 1
    drawn = tmp_path / "levels.svg"
    told = dataq("levels", "--history", "--svg", drawn)
    assert told.stdout.count("kept") == len(first)
    assert ET.parse(drawn).getroot().tag.endswith("svg")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DATAQ_LEVELS_RECALL", "1.1")
        patch.setenv("DATAQ_LEVELS_P95_MS", "0.001")
        told = dataq("levels")
    assert told.returncode == 1
    assert "service_levels: recall_is_kept: recall_at_10 is 1 share, the bar is 1.1" in told.stderr
    assert "warning: service_levels: search_is_quick" in told.stderr
    past = asked(dataq, "levels", "--history")
    assert [row["passed"] for row in past["recall_at_10"]] == [True, False]
    assert dataq("run").returncode == 0
    checked = dataq("check", "--json")
    assert checked.returncode == 1
    failed = [each["check"] for each in json.loads(checked.stdout)["checks"] if not each["passed"]]
    assert sorted(failed) == ["recall_is_kept", "search_is_quick"]
    assert asked(dataq, "levels", "--history") == past  # neither of them has measured
    assert dataq("levels", "--history", "--svg", tmp_path).returncode == 1


def test_mistakes_are_told(dataq: Command, lake: object, tmp_path: Path) -> None:
    for words, told in {
        ("feedback", "add"): "give an ID, or --file",
        ("feedback", "add", "abc", "--file", "x"): "give an ID, or --file",
        ("feedback", "add", "--file", "x", "--note", "y"): "leave out the other options",
        ("feedback", "add", "--file", "x"): "x cannot be read",
        ("feedback", "add", "abc"): "give one of --relevance",
        ("feedback", "add", "a" * 8, "--relevance", "3"): "say which",
        ("feedback", "add", "a" * 8, "--relevance", "4"): "--relevance",
        ("feedback", "add", "a" * 8, "--correct", "text"): "no segment, asset or item",
        ("feedback", "add", "a" * 8, "--incorrect", "tag"): "which tag",
        ("ranking", "use", "7"): "no ranking 7: there is none",
        ("ranking", "use", "0"): "is no ranking",
        ("ranking", "compare", "a", "b"): "'a' is no ranking",
        ("ranking", "compare", "none", "none"): "nothing is indexed yet",
    }.items():
        found = dataq(*words)
        assert found.returncode in {1, 2}, words
        assert told in found.stderr, words
    told = dataq("feedback", "add", "--file", "-", stdin='{"kind": 3}\n')
    assert "standard input:1: kind is 3: write text" in told.stderr
