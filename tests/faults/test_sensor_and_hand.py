"""The real daemon's sensor and a person extract the same source at the same moment."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from dagster import DagsterRunStatus

from dataq_resources.home import Home
from dataq_resources.sources import read_sources, write_source
from dataq_resources.triggers import ChangesSetting
from tests.assets.daemon import PATIENCE, serving
from tests.faults.conftest import Undisturbed
from tests.faults.stand import ROOT, contents, copied, differences, halves, held_locks, lake_of


@pytest.mark.heavy
def test_the_lake_is_as_if_one_had_come_after_the_other(
    undisturbed: Undisturbed, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = copied(undisturbed.template, tmp_path / "home")
    gate = home / "gate"
    gate.mkdir()
    (source,) = read_sources(Home(home)).good
    often = source.model_copy(update={"changes": ChangesSetting(every=5)})
    write_source(Home(home), often, replace=True)
    monkeypatch.setenv("DATAQ_HOME", str(home))
    with serving(home, tmp_path / "dev.log", monkeypatch) as daemon:
        daemon.eventually(lambda: list(gate.iterdir()))  # its plugin is asked, and waits
        by_hand = subprocess.run(
            [sys.executable, "-m", "dataq_gateway", "run"],
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=PATIENCE,
        )
        assert by_hand.returncode == 0, by_hand.stderr
        assert len(list(gate.iterdir())) > 1, "both were asked at the same time"
        (begun,) = [run for run in daemon.runs("raw_s") if run.tags.get("dagster/sensor_name")]
        daemon.eventually(lambda: all(run.is_finished for run in daemon.runs()))
        assert {run.status for run in daemon.runs()} == {DagsterRunStatus.SUCCESS}
        # What the sensor's run has stored is carried on by the daemon, unless the hand's run has.
        daemon.eventually(lambda: differences(contents(lake_of(home)), undisturbed.contents) == [])
    assert begun.tags["dagster/sensor_name"] == "s_changes"
    assert (halves(lake_of(home)), held_locks(home)) == ([], [])
