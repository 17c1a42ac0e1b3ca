"""Settings from the command line become what the plugin's schema asks for."""

from __future__ import annotations

from pathlib import Path

import pytest

from dataq_gateway.errors import CommandFailed
from dataq_gateway.given_config import pairs, typed

SCHEMA = {
    "properties": {
        "token": {"type": "string", "writeOnly": True},
        "number": {"type": "integer"},
        "name": {"type": "string"},
        "folder": {"type": "string", "format": "directory-path"},
        "folders": {"type": "array", "format": "directory-path"},
        "labels": {"type": "array"},
        "either": {"anyOf": [{"type": "integer"}, {"type": "string"}]},
    }
}


def settings(*words: str) -> dict[str, object]:
    return typed(pairs(words, "--config"), SCHEMA)


def test_each_value_has_the_type_of_its_setting() -> None:
    assert settings("number=7", "name=7", 'labels=["a", "b"]', "unknown=7", "either=7") == {
        "number": 7,
        "name": "7",
        "labels": ["a", "b"],
        "unknown": "7",
        "either": "7",
    }


def test_a_setting_given_twice_is_a_list() -> None:
    assert settings("labels=a", "labels=b=c") == {"labels": ["a", "b=c"]}


def test_paths_become_absolute(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", "/home/me")
    found = settings("folder=notes", "folders=~/mail", "folders=work=/srv/work", "name=notes")
    assert found == {
        "folder": f"{tmp_path}/notes",
        "folders": ["/home/me/mail", "work=/srv/work"],
        "name": "notes",
    }


def test_a_secret_never_stands_in_a_file() -> None:
    with pytest.raises(CommandFailed, match=r"token=env:NAME"):
        settings("token=hunter2")
    assert settings("token=env:TOKEN") == {"token": "env:TOKEN"}
