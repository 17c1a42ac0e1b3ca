"""The first runs of several sources, begun at the same moment in a home where none ever was."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.gateway.rows import Command

NOTES = Path(__file__).parents[2] / "examples" / "inbox" / "notes"


@pytest.mark.heavy
@pytest.mark.filterwarnings("ignore:InitResourceContext.dagster_run:DeprecationWarning")
def test_each_does_its_own_and_all_is_searchable(dataq: Command, home: Path) -> None:
    names = ["one", "two", "three", "four", "five"]
    for name in names:
        words = ("--plugin", "file_scanner", "--config", f"root={NOTES}")
        assert dataq("sources", "add", name, *words).returncode == 0
    words = [sys.executable, "-m", "dataq_gateway", "run"]
    environment = {**os.environ, "DATAQ_HOME": str(home)}
    runs = [
        subprocess.Popen(
            [*words, name],
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        for name in names
    ]
    told = [each.communicate(timeout=300)[0] for each in runs]
    assert [each.returncode for each in runs] == [0] * 5, told
    status = json.loads(dataq("status", "--json").stdout)
    rows = {each["source"]: each["rows"] for each in status["sources"]}
    assert rows == dict.fromkeys(names, sum(file.is_file() for file in NOTES.rglob("*")))
    assert dataq("check").returncode == 0
    hits = json.loads(dataq("search", "weir", "-k", "50", "--json").stdout)
    assert {hit["source"] for hit in hits} == set(names)
