"""A lake of its own for each test, and rows to put into it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from dataq_lake.lake import Lake, open_lake
from dataq_lake.schemas import declared

Rows = Callable[..., pa.RecordBatch]


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    """A lake in which nothing was ever written."""
    return open_lake(tmp_path / "lake")


@pytest.fixture
def rows() -> Rows:
    """Makes a batch for a table: a row for each of `ids`, with other columns the same or null."""

    def make(table: str, ids: list[str], **columns: Any) -> pa.RecordBatch:
        declaration = declared(table)
        values: list[Mapping[str, Any]] = [{declaration.key[0]: id_, **columns} for id_ in ids]
        return pa.RecordBatch.from_pylist(values, schema=declaration.schema)

    return make
