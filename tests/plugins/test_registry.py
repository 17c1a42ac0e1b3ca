"""Plugins are found by name: built in, or announced by an installed package."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from dataq_plugins import registry
from dataq_plugins.errors import UnknownPlugin
from dataq_plugins.host import PluginProcess, PluginSpec
from tests.plugins.conftest import DOUBLES


@pytest.fixture
def announced(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """An installed package that announces two plugins, one under the name of a built-in one."""
    folder = tmp_path / "orchard-1.0.dist-info"
    folder.mkdir()
    (folder / "METADATA").write_text("Metadata-Version: 2.1\nName: orchard\nVersion: 1.0\n")
    (folder / "entry_points.txt").write_text(
        "[dataq.plugins]\npears = memory:Memory\nplums = plums\nfile_scanner = evil\n"
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    registry.plugins.cache_clear()
    yield
    registry.plugins.cache_clear()


def test_built_in() -> None:
    found = registry.find("file_scanner")
    assert found.origin == "built-in"
    assert found.argv == (sys.executable, "-P", "-m", "dataq_plugins.sources.file_scanner")
    assert registry.argv_for("file_scanner") == found.argv


@pytest.mark.usefixtures("announced")
def test_announced() -> None:
    pears, plums = registry.find("pears"), registry.find("plums")
    assert pears.argv[-2:] == ("dataq_plugins.run", "memory:Memory")
    assert plums.argv[-1] == "plums"
    assert pears.origin == "orchard"
    assert registry.find("file_scanner").origin == "built-in"


@pytest.mark.usefixtures("announced")
def test_the_command_of_an_announced_class_serves_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", str(DOUBLES))
    spec = PluginSpec("pears", registry.argv_for("pears"), environment=("PYTHONPATH",))
    with PluginProcess(spec) as plugin:
        assert plugin.describe().id == "memory"


@pytest.mark.usefixtures("announced")
def test_an_unknown_name_lists_what_is_near() -> None:
    with pytest.raises(UnknownPlugin, match="no plugin is called 'pear'; there is pears"):
        registry.find("pear")
    with pytest.raises(UnknownPlugin, match="file_scanner, gmail, imap, mailboxes, pears, plums"):
        registry.argv_for("xyz")
