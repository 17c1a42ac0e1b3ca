"""Secrets come by reference, go only into the request, and appear in nothing a person reads."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from dataq_plugins.host import (
    ConfigError,
    OperationFailed,
    PluginProcess,
    Redactor,
    SourceUnreachable,
    is_reference,
    plugin_environment,
    resolve,
)
from tests.plugins.conftest import Spec, marked

SECRET = 'pa"ss wörd/1'


def test_references_are_resolved(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "key"
    path.write_text("two\nlines\n")
    monkeypatch.setenv("KEY", "value")
    assert resolve("env:KEY") == "value"
    assert resolve(f"file:{path}") == "two\nlines"
    for literal in ("env", "value", "https://x/?a=env:KEY", "file:///srv/repo.git", ""):
        assert resolve(literal) == literal
        assert not is_reference(literal)


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        ("env:NOT_THERE", "environment variable NOT_THERE is not set"),
        ("file:/not/there", "cannot read /not/there: No such file or directory"),
    ],
)
def test_a_broken_reference_names_the_setting(double: Spec, value: str, reason: str) -> None:
    with pytest.raises(ConfigError, match=reason) as caught:
        PluginProcess(double("memory.py", token=value)).__enter__()
    assert caught.value.setting == "token"
    assert caught.value.source == "orchard"


@pytest.mark.parametrize("by_reference", [True, False])
def test_a_secret_is_in_no_log_and_no_error(
    double: Spec, monkeypatch: pytest.MonkeyPatch, by_reference: bool
) -> None:
    monkeypatch.setenv("NOTEBOOK_TOKEN", SECRET)
    token = "env:NOTEBOOK_TOKEN" if by_reference else SECRET
    lines: list[str] = []
    with PluginProcess(
        double("memory.py", trouble="leak", token=token), lambda _, line: lines.append(line)
    ) as plugin:
        plugin.describe()  # says which settings are secret, where it was given as it is
        with pytest.raises(OperationFailed, match=r"could not log in with \[redacted\]") as caught:
            list(plugin.extract())
    assert "the token is [redacted]" in lines
    assert not any("wörd" in text for text in (*lines, str(caught.value), repr(caught.value)))


def test_a_secret_is_in_no_command_and_no_environment(
    double: Spec, monkeypatch: pytest.MonkeyPatch, mark: str
) -> None:
    monkeypatch.setenv("NOTEBOOK_TOKEN", "open sesame")
    spec = double("memory.py", trouble="unreachable", token="env:NOTEBOOK_TOKEN")
    with PluginProcess(spec) as plugin:
        with pytest.raises(SourceUnreachable, match=r"opens the notebook with \[redacted\]"):
            plugin.check()  # so it did get it
        running = marked(mark)
        assert running
        for pid, command in running.items():
            assert "sesame" not in command
            assert b"sesame" not in Path("/proc", str(pid), "environ").read_bytes()


def test_the_environment_is_an_allow_list(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "x")
    monkeypatch.setenv("WANTED", "y")
    monkeypatch.setenv("PYTHONPATH", "/evil")
    environment = plugin_environment(["WANTED", "NOT_SET"])
    assert environment["WANTED"] == "y"
    assert {"PATH", "WANTED"} <= environment.keys()
    assert not {"AWS_SECRET_ACCESS_KEY", "PYTHONPATH", "NOT_SET"} & environment.keys()


def test_every_spelling_is_redacted() -> None:
    redact = Redactor([SECRET, "abc", "line one is long\nline two is long"])
    for text in (SECRET, json.dumps(SECRET), repr(SECRET), "pa%22ss%20w%C3%B6rd%2F1"):
        assert "ss" not in redact(f"<{text}>")
    assert redact("abc of it") == "abc of it"  # too short to be told from a word
    assert redact("saw line two is long") == "saw [redacted]"
    assert Redactor()("nothing to hide") == "nothing to hide"
