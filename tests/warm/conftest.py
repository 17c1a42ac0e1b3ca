"""Homes whose warm server is gone afterwards: one of a test's own, and one that tests share."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.warm.stand import Stand


@pytest.fixture
def stand(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Stand]:
    """A home with the source `slow`; nothing has been started."""
    monkeypatch.setenv("DATAQ_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("DAGSTER_HOME", str(tmp_path / "home" / "dagster"))
    made = Stand(tmp_path)
    try:
        yield made
    finally:
        made.close()


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stand]:
    """One for several tests: a home and its server cost seconds to make."""
    folder = tmp_path_factory.mktemp("house")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DATAQ_HOME", str(folder / "home"))
        patch.setenv("DAGSTER_HOME", str(folder / "home" / "dagster"))
        made = Stand(folder)
        try:
            yield made
        finally:
            made.close()


@pytest.fixture
def shared(house: Stand) -> Iterator[Stand]:
    """That one, in which no run is at work; its server may have been started."""
    yield house
    house.rest()
