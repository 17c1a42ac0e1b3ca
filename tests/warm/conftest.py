"""A home of a test's own, whose warm server is gone afterwards."""

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
