"""A hook's file and its secrets: mistakes are named with their place, open files are refused."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from dataq_gateway.hooks.errors import FixHook
from dataq_gateway.hooks.hook import Hook, read_hook
from dataq_gateway.hooks.secrets import live_secrets
from dataq_resources.home import Home
from dataq_resources.sources import SourceConfig, write_source

GOOD = "sources: [notes]\nsecrets: ['env:HOOK_KEY']\n"


def write(home: Path, text: str) -> Path:
    write_source(home, SourceConfig(name="notes", plugin="file_scanner"), replace=True)
    path = home / "hooks" / "push.yaml"
    path.parent.mkdir(exist_ok=True)
    path.write_text(text)
    return path


def test_a_hook_is_read(home: Path) -> None:
    path = write(home, GOOD)
    assert read_hook(Home(home), path).sources == ("notes",)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "push.yaml:1: must be settings"),
        ("- a", "push.yaml:1: must be settings"),
        ("a: [", "push.yaml:1"),
        ("\0", "push.yaml"),
        ("sources: [notes]\n", "push.yaml: secrets: Field required"),
        ("sources: []\n" + GOOD[17:], "push.yaml:1: sources: "),
        (GOOD + "signed: github\n", "push.yaml:3: signed: "),
        ("sources: [others]\n" + GOOD[17:], "push.yaml:1: sources: no source is called 'others'"),
        (GOOD + "max_bytes: 1000000000\n", "push.yaml:3: max_bytes: "),
        ("sources: [notes]\nsecrets: []\n", "push.yaml:2: secrets: "),
        ("sources: [notes]\nsecrets: [a, b, c]\n", "push.yaml:2: secrets: "),
    ],
)
def test_mistakes_are_named_with_their_line(home: Path, text: str, told: str) -> None:
    path = write(home, text)
    with pytest.raises(FixHook) as wrong:
        read_hook(Home(home), path)
    assert told in str(wrong.value)


def test_a_secret_in_clear_is_refused_and_not_repeated(home: Path) -> None:
    path = write(home, "sources: [notes]\nsecrets: ['hunter2-hunter2-hunter2']\n")
    with pytest.raises(FixHook, match=r"2: secrets: refer to secrets") as wrong:
        read_hook(Home(home), path)
    assert "hunter2" not in str(wrong.value)


def hook(*secrets: str, signature: str = "github") -> Hook:
    given = {"sources": ["notes"], "secrets": secrets, "signature": signature}
    return Hook.model_validate(given)


def test_secrets_come_from_variables_and_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "secret"
    file.write_text("from a file of ours\n")
    file.chmod(0o600)
    monkeypatch.setenv("HOOK_KEY", "from a variable of ours")
    both = hook("env:HOOK_KEY", f"file:{file}")
    found = live_secrets(tmp_path, both)
    assert found == ["from a variable of ours", "from a file of ours"]
    file.write_text("another one, changed meanwhile")
    assert live_secrets(tmp_path, both)[1] == "another one, changed meanwhile"


def test_secrets_that_others_may_know_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "secret"
    file.write_text("from a file of ours\n")
    for mode in (0o640, 0o604, 0o620):
        file.chmod(mode)
        with pytest.raises(FixHook, match="others may read"):
            live_secrets(tmp_path, hook(f"file:{file}"))
    os.mkfifo(tmp_path / "pipe", 0o600)
    for reference, why in (
        (f"file:{tmp_path / 'pipe'}", "not a file"),
        (f"file:{tmp_path}", "not a file"),
        (f"file:{tmp_path / 'none'}", "No such file"),
        ("file:secret", "whole path"),
        ("env:HOOK_NONE", "HOOK_NONE is not set"),
        ("env:HOOK_SHORT", "shorter than 16"),
        ("env:HOOK_EMPTY", "shorter than 16"),
    ):
        monkeypatch.setenv("HOOK_SHORT", "fifteen bytes..")
        monkeypatch.setenv("HOOK_EMPTY", "")
        with pytest.raises(FixHook, match=why):
            live_secrets(tmp_path, hook(reference))


def test_a_standard_secret_must_be_base64(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOOK_KEY", "whsec_this is no base64, is it?")
    with pytest.raises(FixHook, match="not base64"):
        live_secrets(tmp_path, hook("env:HOOK_KEY", signature="standard"))
