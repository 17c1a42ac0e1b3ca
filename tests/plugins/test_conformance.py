"""The suite passes good plugins in any language, and names what bad ones do wrong."""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path

import pytest

from dataq_plugins.conformance import assert_conforms, check_plugin
from dataq_plugins.conformance.checks import windows
from dataq_plugins.host import PluginProcess, PluginSpec
from tests.plugins.conftest import DOUBLES, MARK

PYTHON = sys.executable


@pytest.fixture
def journal(tmp_path: Path) -> Path:
    """A journal with entries of several months, one of them long, and a line that is none."""
    lines = [f"2024-{n % 12 + 1:02}-{n % 28 + 1:02}T10:00:00Z entry {n} ä" for n in range(300)]
    lines += ["no entry", "2024-05-01T10:00:00Z " + "long " * 40_000]
    path = tmp_path / "journal ü.txt"
    path.write_text("\n".join(lines) + "\n", "utf-8")
    return path


def test_a_plugin_on_the_sdk() -> None:
    config = {"count": "40", "big": "3000000", "token": "open sesame"}
    assert_conforms((PYTHON, str(DOUBLES / "memory.py")), config)


def test_a_plugin_on_the_sdk_without_times_or_state() -> None:
    assert_conforms((PYTHON, str(DOUBLES / "memory.py")), {"count": "10", "undated": "true"})


@pytest.mark.skipif(not shutil.which("perl"), reason="there is no Perl here")
def test_a_plugin_in_another_language_passes_everything(journal: Path) -> None:
    config = {"path": str(journal), "secret": "open sesame"}
    report = check_plugin(("perl", str(DOUBLES / "journal.pl")), config)
    assert report.ok, report.text()
    assert report.plugin == "journal"
    skipped = {result.name for result in report.results if result.outcome != "passed"}
    assert skipped == {"watch"}  # which few sources can offer


@pytest.mark.skipif(not shutil.which("perl"), reason="there is no Perl here")
def test_what_the_host_gets_from_another_language(journal: Path) -> None:
    spec = PluginSpec(
        "diary",
        ("perl", str(DOUBLES / "journal.pl")),
        {"path": str(journal), "upper": "true"},
        environment=(MARK,),
    )
    with PluginProcess(spec) as plugin:
        batches = list(plugin.extract())
        items = [item for batch in batches for item in batch.items]
        assert len(items) == 301
        assert items[0].content == "ENTRY 0 ä".encode()  # bytes: only ASCII has an upper case
        assert items[0].metadata == {"line": "1"}
        assert items[-1].size == 200_000
        assert len(plugin.discover(None, "monthly").windows) == 12
        state = batches[-1].state
        assert state == b"302"
        with journal.open("a") as file:
            file.write("2025-01-01T00:00:00Z new\n")
        news = [item.source_id for batch in plugin.extract(state=state) for item in batch.items]
    assert news == ["line-303"]


def test_a_plain_plugin() -> None:
    report = check_plugin((PYTHON, str(DOUBLES / "plain.py")))
    assert report.ok, report.text()
    assert report.protocol == "plain"


def test_a_bad_plugin_is_told_what_it_does_wrong() -> None:
    report = check_plugin(
        (PYTHON, str(DOUBLES / "hostile.py")), {"mode": "duplicate_ids"}, seconds=5
    )
    failed = {result.name: result.detail for result in report.failures}
    assert failed["unique_ids"] == "1 ids came more than once, as ['twin']"
    assert "no_such_setting" in failed["unknown_setting"]
    assert failed["unknown_operation"] == "it answered without an error"
    assert failed["describe"].startswith("time_basis is ''")
    assert "FAIL unique_ids: It sends each thing once: 1 ids came" in report.text()
    told = json.loads(report.json())
    assert told["ok"] is False
    assert {"name", "promise", "outcome", "detail", "seconds"} <= told["results"][0].keys()


def test_a_plugin_that_always_reports_changes_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(windows, "SETTLING_SECONDS", 0)
    config = {"count": "10", "trouble": "restless", "token": "open sesame"}
    report = check_plugin((PYTHON, str(DOUBLES / "memory.py")), config)
    failed = {result.name: result.detail for result in report.failures}
    assert failed == {"discover_state": "it reported 1 windows, with nothing changed"}


@pytest.mark.parametrize("mode", ["garbage", "crash", "stray_print", "chunk_gap"])
def test_a_broken_plugin_fails_without_breaking_the_suite(mode: str) -> None:
    with pytest.raises(AssertionError, match="FAIL extract: "):
        assert_conforms((PYTHON, str(DOUBLES / "hostile.py")), {"mode": mode}, seconds=1.5)


def test_what_is_no_plugin_at_all() -> None:
    report = check_plugin(("echo", "hello"))
    assert [result.name for result in report.failures] == ["start"]
