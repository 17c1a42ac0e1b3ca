"""Small documents to publish, numbered, and how many of them are found again."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime

import numpy as np
import pyarrow as pa

from dataq_lake.indexes.documents import DOCUMENTS, Publication
from dataq_lake.indexes.manifest import Model
from dataq_lake.lake import Lake

MODEL = Model("numbers", "1", 8)


def publication(start: int, end: int, gone: Iterable[int] = ()) -> Publication:
    """The documents from `start` to before `end`, and the ids of those that go."""
    chance = np.random.default_rng(start)
    rows = [
        {
            "segment_id": f"{number:032x}",
            "asset_id": f"{number:032x}",
            "source": "s",
            "path": f"{number}.txt",
            "mime_type": "text/plain",
            "timestamp": datetime(2026, 5, 1, tzinfo=UTC),
            "title": "",
            "text": f"heron number {number}",
            "vector": chance.random(8, dtype=np.float32).tolist(),
        }
        for number in range(start, end)
    ]
    batch = pa.RecordBatch.from_pylist(rows, schema=DOCUMENTS)
    no_titles = lambda texts: np.zeros((len(texts), 8), np.float32)  # noqa: E731
    return Publication(MODEL, [batch], [f"{number:032x}" for number in gone], embed=no_titles)


def found(lake: Lake) -> int:
    """How many documents both halves of the current snapshot have."""
    snapshot = lake.index()
    documents = snapshot.text.searcher().num_docs
    assert documents == len(snapshot.segment_ids())
    return documents
