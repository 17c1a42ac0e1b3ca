"""DATAQ_* settings from a .env file."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from dataq_gateway.settings import apply_env_file, read_env_file
from dataq_resources.home import home_from_environment


def test_only_dataq_names_are_taken(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text(
        "# DATAQ_NO=1\nDATAQ_HOME=/a b\nexport DATAQ_X='q # r'\nPATH=/evil\nDATAQ_EMPTY=\nbroken\n"
    )
    assert read_env_file(tmp_path / ".env") == {
        "DATAQ_HOME": "/a b",
        "DATAQ_X": "q # r",
        "DATAQ_EMPTY": "",
    }


def test_the_environment_wins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / ".env").write_text("DATAQ_HOME=/from/file\nDATAQ_ONLY_FILE=1\n")
    monkeypatch.setenv("DATAQ_HOME", "/from/environment")
    monkeypatch.setenv("DATAQ_ONLY_FILE", "gone")
    monkeypatch.delenv("DATAQ_ONLY_FILE")
    apply_env_file(tmp_path)
    assert os.environ["DATAQ_HOME"] == "/from/environment"
    assert os.environ["DATAQ_ONLY_FILE"] == "1"


def test_no_file_is_no_settings(tmp_path: Path) -> None:
    assert read_env_file(tmp_path / ".env") == {}


def test_home_is_absolute(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DATAQ_HOME", "here")
    assert home_from_environment().lake == tmp_path / "here" / "lake"
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("DATAQ_HOME")
    assert home_from_environment().path == tmp_path / ".dataq"
