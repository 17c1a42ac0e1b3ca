"""`dataq plugins`: what there is, whether it keeps the protocol, and the beginning of another."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from tests.gateway.rows import Command


def test_list_tells_what_every_plugin_says_of_itself(dataq: Command) -> None:
    (scanner,) = [
        each
        for each in json.loads(dataq("plugins", "list", "--json").stdout)
        if each["name"] == "file_scanner"
    ]
    assert scanner["origin"] == "built-in"
    assert "extract" in scanner["capabilities"]
    assert "root" in scanner["settings"]["properties"]
    assert "file_scanner" in dataq("plugins", "list").stdout


def test_a_new_plugin_conforms_as_it_is(dataq: Command, tmp_path: Path) -> None:
    told = dataq("plugins", "new", "ripe_notes", "--folder", tmp_path, "--json")
    written = [Path(each) for each in json.loads(told.stdout)]
    assert {path.name for path in written} == {"ripe_notes.py", "test_ripe_notes.py", "README.md"}
    assert not any("$" in path.read_text() for path in written if path.suffix == ".py")

    words = ["--command", f"{sys.executable} ripe_notes.py", "--config", "path=README.md"]
    report = dataq("plugins", "check", *words, "--json", cwd=tmp_path / "ripe_notes")
    assert report.returncode == 0, report.stdout + report.stderr
    assert json.loads(report.stdout)["plugin"] == "ripe_notes"


def test_the_scaffolds_own_test_passes(dataq: Command, tmp_path: Path) -> None:
    dataq("plugins", "new", "ripe_notes", "--folder", tmp_path)
    pytest_words = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--no-header"]
    done = subprocess.run(
        pytest_words, cwd=tmp_path / "ripe_notes", capture_output=True, text=True, timeout=120
    )
    assert "1 passed" in done.stdout, done.stdout


def test_new_refuses_what_is_there_and_bad_names(dataq: Command, tmp_path: Path) -> None:
    assert dataq("plugins", "new", "Ripe-Notes", "--folder", tmp_path).returncode == 2
    assert dataq("plugins", "new", "notes", "--folder", tmp_path).returncode == 0
    again = dataq("plugins", "new", "notes", "--folder", tmp_path)
    assert again.returncode == 1
    assert "is there already" in again.stderr


def test_check_finds_a_broken_promise(dataq: Command, tmp_path: Path) -> None:
    dataq("plugins", "new", "notes", "--folder", tmp_path)
    path = tmp_path / "notes" / "notes.py"
    twice = 'yield Item(f"line-{number // 2}", '
    path.write_text(path.read_text().replace('yield Item(f"line-{number}", ', twice))
    words = ["--command", f"{sys.executable} {path}", "--config", f"path={path}"]
    told = dataq("plugins", "check", *words)
    assert told.returncode == 1
    assert "FAIL unique_ids" in told.stdout


def test_destinations_are_checked_by_name(dataq: Command, tmp_path: Path) -> None:
    words = ["plugins", "check", "jsonl_files"]
    told = dataq(*words, "--config", f"url={tmp_path}", "--json")
    assert told.returncode == 0, told.stdout + told.stderr
    assert "deliver_again" in {each["name"] for each in json.loads(told.stdout)["results"]}


def test_check_needs_one_plugin(dataq: Command) -> None:
    assert dataq("plugins", "check").returncode == 2
    assert dataq("plugins", "check", "file_scanner", "--command", "x").returncode == 2
    assert dataq("plugins", "check", "no_such").returncode == 1
