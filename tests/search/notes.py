"""Small documents to publish, with ids that follow from their texts."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from typing import Any

import pyarrow as pa

from dataq_lake.embedders import embedder
from dataq_lake.ids import make_id
from dataq_lake.indexes.documents import DOCUMENTS, Published

Publish = Callable[..., Published]


def segment_id(path: str, text: str) -> str:
    """The id that `documents` gives a text."""
    return make_id("test", path, text)


def documents(rows: Iterable[dict[str, Any]]) -> pa.RecordBatch:
    """A batch to publish; each row needs a text and a path, the rest has defaults."""
    rows = list(rows)
    vectors = embedder().embed([row["text"] for row in rows])
    filled = [
        {
            "segment_id": segment_id(row["path"], row["text"]),
            "asset_id": make_id("asset", row["path"]),
            "source": "notes",
            "mime_type": "text/plain",
            "timestamp": datetime(2026, 1, 1, tzinfo=UTC),
            "title": None,
            "vector": vector,
            **row,
        }
        for row, vector in zip(rows, vectors.tolist(), strict=True)
    ]
    return pa.RecordBatch.from_pylist(filled, schema=DOCUMENTS)
