"""The commands on the example inbox: from the folder to an explained hit and back to the bytes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.gateway.rows import Command

ROOT = Path(__file__).resolve().parent.parent.parent
INBOX = ROOT / "examples" / "inbox"


def run_dataq(home: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "dataq_gateway", *words],
        env={**os.environ, "DATAQ_HOME": str(home)},
        capture_output=True,
        text=True,
        timeout=300,
    )


@pytest.fixture(scope="module")
def archived(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home in which the example inbox is archived; tests only read it."""
    home = tmp_path_factory.mktemp("archived")
    add = ["sources", "add", "inbox", "--plugin", "file_scanner", "--config", f"root={INBOX}"]
    assert run_dataq(home, *add).returncode == 0
    done = run_dataq(home, "run")
    assert done.returncode == 0, done.stderr
    assert "raw_inbox" in done.stdout
    assert "searchable in snapshot" in done.stdout
    return home


@pytest.fixture
def dataq_there(dataq: Command, archived: Path, monkeypatch: pytest.MonkeyPatch) -> Command:
    """The command line on that home."""
    monkeypatch.setenv("DATAQ_HOME", str(archived))
    return dataq


def found(dataq: Command, *words: str) -> list[dict[str, Any]]:
    told = dataq("search", *words, "--json")
    assert told.returncode == 0, told.stderr
    hits = json.loads(told.stdout)
    assert isinstance(hits, list)
    return hits


def test_search_finds_and_explains(dataq_there: Command) -> None:
    hits = found(dataq_there, "-k", "5", "a spider web reflects the sound")
    assert len(hits) == 5
    assert {"id", "score", "text", "path", "source", "snapshot", "why"} <= hits[0].keys()
    assert any("spider" in hit["text"].lower() for hit in hits[:3])
    term = next(each for hit in hits for each in hit["why"]["terms"] if each["term"] == "spider")
    assert term["end"] - term["start"] == len(term["text"])
    text = dataq_there("search", "-k", "1", "a spider web reflects the sound").stdout
    assert "matched" in text
    assert "rank 1" in text


@pytest.mark.parametrize(
    ("words", "wanted"),
    [
        (["--type", "message/rfc822"], lambda hit: hit["path"].startswith("mail/")),
        (["--path", "notes/*"], lambda hit: hit["path"].startswith("notes/")),
        (["--source", "inbox"], lambda hit: hit["source"] == "inbox"),
        (["--mode", "text"], lambda hit: "vector" not in hit["why"]),
    ],
)
def test_search_filters(dataq_there: Command, words: list[str], wanted: Any) -> None:
    hits = found(dataq_there, "gauge", *words)
    assert hits
    assert all(wanted(hit) for hit in hits)


def test_search_by_time(dataq_there: Command) -> None:
    assert found(dataq_there, "gauge", "--after", "2000-01-01")
    assert found(dataq_there, "gauge", "--before", "2000-01-01") == []
    assert dataq_there("search", "gauge", "--after", "soon").returncode == 2
    assert "nothing found" in dataq_there("search", "gauge", "--source", "nowhere").stdout


def test_search_by_sender_with_pages_and_groups(dataq_there: Command) -> None:
    hits = found(dataq_there, "from:ana", "gauge", "-k", "50")
    assert {hit["path"].partition("!/")[0] for hit in hits} == {
        "mail/02-ana.eml",
        "mail/05-ana.eml",
    }
    grouped = found(dataq_there, "from:ana", "gauge", "--group", "asset")
    assert sum(1 + hit["others"] for hit in grouped) == len(hits)
    rest = found(dataq_there, "from:ana", "gauge", "-k", "50", "--cursor", hits[1]["cursor"])
    assert [hit["id"] for hit in rest] == [hit["id"] for hit in hits[2:]]
    assert dataq_there("search").returncode == 2
    assert dataq_there("search", "other", "--cursor", hits[1]["cursor"]).returncode == 1


def test_what_is_similar_is_told_with_its_nearness(dataq_there: Command) -> None:
    (hit,) = found(dataq_there, "-k", "1", "it was a spider", "--path", "notes/*")
    told = dataq_there("similar", hit["id"][:10], "-k", "3", "--json")
    near = json.loads(told.stdout)
    assert len(near) == 3
    assert hit["id"] not in {each["id"] for each in near}
    text = dataq_there("similar", hit["asset_id"], "-k", "1", "--group", "asset").stdout
    assert f"like {hit['asset_id'][:8]}" in text
    more = found(dataq_there, "--like", near[0]["id"], "--unlike", hit["id"], "-k", "1")
    assert more[0]["id"] == near[0]["id"]


def test_every_hit_leads_back_to_its_bytes(dataq_there: Command) -> None:
    hit = found(dataq_there, "-k", "1", "kingfisher on the solar panel", "--path", "notes/*")[0]
    steps = json.loads(dataq_there("show", hit["id"], "--json").stdout)
    assert steps["asset"]["path"] == hit["path"]
    assert steps["source"] == {"name": "inbox", "plugin_id": "file_scanner", "plugin_version": "1"}
    assert steps["raw"]["run_id"] in {run["run_id"] for run in steps["runs"]}
    shown = dataq_there("show", hit["id"][:12]).stdout
    for word in ("segment", "analyzer", "asset", "raw", "source", "runs", "characters"):
        assert word in shown
    assert dataq_there("cat", hit["id"]).raw == (INBOX / hit["path"]).read_bytes()


def test_members_come_out_of_their_containers(dataq_there: Command) -> None:
    query = "SELECT id FROM assets WHERE path LIKE '%spring-photos.zip!/%bakery-wall.txt'"
    member = dataq_there("sql", query, "--format", "plain").stdout.strip()
    assert dataq_there("cat", member).raw == b"High water mark of 1987: 2.61 m.\n"
    assert "inside archives/spring-photos.zip" in dataq_there("show", member).stdout


def test_an_unknown_id_is_one_line(dataq_there: Command) -> None:
    for words in (["show", "0" * 32], ["cat", "0" * 32], ["cat", "../../etc/passwd"]):
        told = dataq_there(*words)
        assert (told.returncode, told.raw) == (1, b"")
        assert told.stderr.count("\n") == 1


def test_raw_is_the_union_and_every_table_has_its_name(dataq_there: Command) -> None:
    query = "SELECT (SELECT count(*) FROM raw) AS a, (SELECT count(*) FROM raw_inbox) AS b"
    (row,) = json.loads(dataq_there("sql", query, "--json").stdout)
    files = sum(path.is_file() for path in INBOX.rglob("*"))
    assert row == {"a": files, "b": files}


def test_status_adds_up(dataq_there: Command) -> None:
    status = json.loads(dataq_there("status", "--json").stdout)
    rows = {each["table"]: each["rows"] for each in status["tables"]}
    rejected = sum(each["rows"] for each in status["quarantine"] if each["stage"] == "gate")
    assert rows["raw_inbox"] == rows["items"] + rejected
    (source,) = status["sources"]
    assert (source["source"], source["rows"]) == ("inbox", rows["raw_inbox"])
    assert status["index"]["segments"] == rows["segments"]
    text = dataq_there("status").stdout
    assert "file_scanner" in text
    assert status["index"]["snapshot"] in text


def test_quarantine_has_what_the_inbox_has_broken(dataq_there: Command) -> None:
    rows = json.loads(dataq_there("quarantine", "list", "--json").stdout)
    assert {row["source_id"] for row in rows} >= {"notes/empty.txt", "archives/half-download.zip"}


def test_a_second_run_has_nothing_to_do(archived: Path) -> None:
    again = json.loads(run_dataq(archived, "run", "--json").stdout)
    assert again["ok"] is True
    assert sum(again["rows"].values()) == 0


def test_all_checks_pass(archived: Path) -> None:
    told = run_dataq(archived, "check")
    assert told.returncode == 0, told.stdout
    assert "0 failed" in told.stdout
    assert "ok: items: " in told.stdout
