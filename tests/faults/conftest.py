"""One process to fork `dataq` from, and an undisturbed run to compare with."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.faults.stand import ROOT, Server, contents, copied, fill, lake_of, moments


@dataclass(frozen=True)
class Undisturbed:
    """A home before its first run, and what one run that nobody disturbed made of it."""

    template: Path
    contents: dict[str, Any]
    moments: list[str]


@pytest.fixture(scope="session")
def server() -> Iterator[Server]:
    server = Server()
    yield server
    server.close()


@pytest.fixture(scope="session")
def undisturbed(server: Server, tmp_path_factory: pytest.TempPathFactory) -> Undisturbed:
    folder = tmp_path_factory.mktemp("undisturbed")
    template = folder / "template"
    template.mkdir()
    source = fill(folder / "source")
    plugin = f"{sys.executable} {ROOT / 'tests' / 'faults' / 'mortal.py'}"
    add = ["sources", "add", "s", "--command", plugin, "--config", f"root={source}"]
    assert server.dataq(template, *add).code == 0
    assert server.dataq(template).code == 0
    home = copied(template, folder / "home")
    told = server.dataq(home, "run")
    assert told.code == 0, told.out
    assert told.left == []
    return Undisturbed(template, contents(lake_of(home)), moments(home))
