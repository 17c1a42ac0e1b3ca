"""A lake of its own for each test, and worker processes that all of them share."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from dataq_analyzers.pool import Pool
from dataq_lake.lake import Lake, open_lake
from tests.assets.way import Way

# Dagster's own code still reads it.
OWN_AFFAIR = "ignore:InitResourceContext.dagster_run is deprecated:DeprecationWarning"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for each in items:
        each.add_marker(pytest.mark.filterwarnings(OWN_AFFAIR))


@pytest.fixture(scope="session")
def pool() -> Iterator[Pool]:
    with Pool(workers=1, item_seconds=10) as pool:
        yield pool


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    return open_lake(tmp_path / "lake")


@pytest.fixture
def way(lake: Lake, pool: Pool) -> Way:
    return Way(lake, pool)
