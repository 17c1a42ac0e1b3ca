"""A file that goes under an asset that reads it: the run fails with what to do, not with a path."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import dagster as dg
import polars as pl
import pytest

from dataq_assets.runs.launch import launch
from dataq_lake.cleaning import RETENTION, vacuum
from dataq_lake.held_files import HeldFiles
from dataq_lake.lake import open_lake
from dataq_resources.home import Home
from tests.lake.conftest import Rows, rows

__all__ = ["rows"]


@dg.asset
def counted() -> int:
    from dataq_resources.home import home_from_environment

    frame = open_lake(home_from_environment().lake).table("items").scan(["title"])
    return frame.collect().height


def test_the_outcome_of_a_run_says_so(
    home: Path, rows: Rows, monkeypatch: pytest.MonkeyPatch
) -> None:
    lake = open_lake(Home(home).lake)
    lake.table("items").append([rows("items", ["a"])])
    looked = HeldFiles.__call__

    def then_vacuumed(held: HeldFiles, frame: pl.LazyFrame, schema: Any) -> pl.LazyFrame:
        found = looked(held, frame, schema)
        lake.table("items").clear()
        nothing = timedelta(0)
        vacuum(lake.table("items"), nothing, nothing, datetime.now(UTC) + 2 * RETENTION)
        return found

    monkeypatch.setattr(HeldFiles, "__call__", then_vacuumed)
    with dg.DagsterInstance.ephemeral() as instance:
        outcome = launch(instance, dg.Definitions([counted]), [counted.key])
    (failure,) = outcome.failures
    assert failure.where == "counted"
    assert "version" in failure.reason
    assert "of table items was cleaned up after it was opened" in failure.reason
