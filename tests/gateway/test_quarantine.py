"""`dataq quarantine`: reading what was rejected, and asking for another try."""

from __future__ import annotations

import json

from dataq_lake.lake import Lake
from tests.gateway.rows import Command, add_rows, quarantined


def test_list_shows_open_rows_and_filters(dataq: Command, lake: Lake) -> None:
    add_rows(lake, "quarantine", quarantined("q1"), quarantined("q2", rule="truncated"))
    add_rows(lake, "quarantine", quarantined("q3", state="resolved"))
    listed = json.loads(dataq("quarantine", "list", "--json").stdout)
    assert sorted(row["id"] for row in listed) == ["q1", "q2"]
    assert listed[0]["created_at"] == "2026-05-19T12:00:00Z"
    text = dataq("quarantine", "list", "--rule", "truncated").stdout
    assert "q2" in text
    assert "q1" not in text
    every = json.loads(dataq("quarantine", "list", "--state", "all", "--json").stdout)
    assert len(every) == 3


def test_show_tells_all_of_one_row(dataq: Command, lake: Lake) -> None:
    add_rows(lake, "quarantine", quarantined("q1"))
    assert "reason: 0 bytes" in dataq("quarantine", "show", "q1").stdout
    missing = dataq("quarantine", "show", "nope")
    assert missing.returncode == 1
    assert missing.stderr == "error: no quarantine row nope: dataq quarantine list names them\n"


def test_replay_marks_what_was_chosen(dataq: Command, lake: Lake) -> None:
    add_rows(lake, "quarantine", *(quarantined(f"q{n}") for n in range(3)))
    assert dataq("quarantine", "replay").returncode == 2
    assert dataq("quarantine", "replay", "q9").returncode == 1
    assert json.loads(dataq("quarantine", "replay", "q1", "--json").stdout) == {"replay": ["q1"]}
    states = lake.table("quarantine").scan(["id", "state"]).collect().to_dicts()
    assert {row["id"]: row["state"] for row in states} == {
        "q0": "open",
        "q1": "replay",
        "q2": "open",
    }
    assert dataq("quarantine", "replay", "--all").stdout.startswith("2 to try again")


def test_replay_of_a_resolved_row_is_refused(dataq: Command, lake: Lake) -> None:
    add_rows(lake, "quarantine", quarantined("q1", state="resolved"))
    assert dataq("quarantine", "replay", "q1").returncode == 1
