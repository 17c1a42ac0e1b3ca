"""The order of publication stands in a column of its own, and so does when one was retired.

The newest could be told only from the manifest: the clock may have gone back between two.
"""

from __future__ import annotations

import json

import pyarrow as pa

TABLE = "snapshots"
FROM = 1
TO = 2


def migrate(batch: pa.RecordBatch) -> pa.RecordBatch:
    """Takes the sequence out of the manifest; who is retired will be told by the next look."""
    manifests = (json.loads(text) for text in batch.column("manifest").to_pylist())
    sequence = pa.array([manifest.get("sequence") for manifest in manifests], pa.int64())
    retired_at = pa.nulls(batch.num_rows, pa.timestamp("us", tz="UTC"))
    return batch.append_column("sequence", sequence).append_column("retired_at", retired_at)
