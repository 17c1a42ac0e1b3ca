"""What a source observed."""

from __future__ import annotations

import pyarrow as pa

from dataq_lake.column_types import ID, METADATA, TIME
from dataq_lake.declaration import Table

RAW = pa.schema(
    [
        ("item_id", ID),
        ("source", pa.string()),
        ("source_id", pa.string()),
        ("sequence", pa.int64()),
        ("timestamp", TIME),
        ("observed_at", TIME),
        ("window", pa.string()),
        ("op", pa.string()),
        ("content_type", pa.string()),
        ("size", pa.int64()),
        ("content_hash", pa.string()),
        ("metadata_hash", pa.string()),
        ("payload", pa.binary()),
        ("blob_uri", pa.string()),
        ("metadata", METADATA),
        ("problem", pa.string()),
        ("plugin_id", pa.string()),
        ("plugin_version", pa.string()),
        ("run_id", pa.string()),
    ]
)


def raw_table(source: str) -> Table:
    """The append-only table of one source."""
    return Table(
        f"raw_{source}",
        RAW,
        ("item_id",),
        f"Every observed version of everything in source {source}, in order of sequence.",
        ("payload",),
        insert_only=True,
    )
