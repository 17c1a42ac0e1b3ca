"""Nothing but the real daemon acts: what changes in a source becomes searchable."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest
from dagster import DagsterRunStatus

from dataq_lake.lake import open_lake
from dataq_lake.search import search
from dataq_resources.home import Home
from dataq_resources.sources import SourceConfig, write_source
from dataq_resources.triggers import ChangesSetting
from tests.assets.daemon import serving

FIVE_YEARS = 5 * 365 * 86_400


def found(place: Home, words: str) -> bool:
    lake = open_lake(place.lake)
    if not (place.lake / "tables").is_dir() or not lake.table("snapshots").exists():
        return False
    return any(hit.path for hit in search(lake, words, 5, mode="text"))


@pytest.mark.heavy
def test_an_old_file_in_one_of_two_sources_becomes_searchable(home: Path, tmp_path: Path) -> None:
    place = Home(home)
    place.prepare()
    for name in ("left", "right"):
        tree = tmp_path / name
        tree.mkdir()
        (tree / "note.txt").write_text(f"A heron on the {name} bank.\n")
        source = SourceConfig(
            name=name,
            plugin="file_scanner",
            config={"root": str(tree)},
            changes=ChangesSetting(every=5),
        )
        write_source(place, source)
    with serving(home, tmp_path / "dev.log") as daemon:
        daemon.eventually(lambda: found(place, "left") and found(place, "right"))

        old = tmp_path / "right" / "old.txt"
        old.write_text("A kingfisher under the bridge.\n")
        then = time.time() - FIVE_YEARS
        os.utime(old, (then, then))
        daemon.eventually(lambda: found(place, "kingfisher"))

        window = time.strftime("%Y-%m", time.gmtime(then))
        of_window = [
            run
            for run in daemon.runs("raw_right")
            if run.tags["dagster/asset_partition_range_start"] == window
        ]
        assert len(of_window) == 1
        daemon.eventually(lambda: all(run.is_finished for run in daemon.runs()))
        assert {run.status for run in daemon.runs()} == {DagsterRunStatus.SUCCESS}
        keys = [run.tags["dagster/run_key"] for run in daemon.runs() if "dagster/run_key" in run.tags]
        assert len(keys) == len(set(keys))
