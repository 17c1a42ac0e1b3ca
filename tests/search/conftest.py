"""A lake with a small published index, for whatever searches one."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

from dataq_lake.embedders import embedder
from dataq_lake.indexes.documents import Publication, Published
from dataq_lake.indexes.manifest import Model
from dataq_lake.indexes.publish import publish
from dataq_lake.lake import Lake, open_lake
from dataq_lake.written import CommitInfo
from tests.search.notes import Publish, documents


@pytest.fixture(scope="session")
def model() -> Model:
    """The default model, as manifests name it."""
    loaded = embedder()
    return Model(loaded.name, loaded.version, loaded.dimensions)


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    """An empty lake."""
    return open_lake(tmp_path / "lake")


@pytest.fixture
def publish_rows(lake: Lake, model: Model) -> Publish:
    """A function that publishes rows and takes segment ids away."""

    def published(
        rows: Iterable[dict[str, Any]] = (), gone: Iterable[str] = (), run_id: str = "run"
    ) -> Published:
        new = [documents(rows)] if rows else []
        return publish(
            lake, Publication(model, new, gone, {"segments": 1}), CommitInfo(run_id, "indexes")
        )

    return published
