"""What the gate lets through and what it holds back."""

from __future__ import annotations

import pyarrow as pa

from dataq_lake.column_types import ID, TIME
from dataq_lake.declaration import Table

TABLES = (
    Table(
        "items",
        pa.schema(
            [
                ("item_id", ID),
                ("source", pa.string()),
                ("source_id", pa.string()),
                ("sequence", pa.int64()),
                ("timestamp", TIME),
                ("declared_type", pa.string()),
                ("detected_type", pa.string()),
                ("language", pa.string()),
                ("title", pa.string()),
                ("text_length", pa.int64()),
                ("quality_score", pa.float64()),
                ("classification", pa.string()),
                ("size", pa.int64()),
                ("content_hash", pa.string()),
                ("transform", pa.string()),
                ("payload", pa.binary()),
                ("blob_uri", pa.string()),
                ("run_id", pa.string()),
            ]
        ),
        ("item_id",),
        "A validated item. payload and blob_uri are filled only where a transformation "
        "changed the bytes; otherwise the raw row holds them.",
        ("payload",),
    ),
    Table(
        "quarantine",
        pa.schema(
            [
                ("id", ID),
                ("item_id", ID),
                ("asset_id", ID),
                ("source", pa.string()),
                ("source_id", pa.string()),
                ("stage", pa.string()),
                ("rule", pa.string()),
                ("category", pa.string()),
                ("severity", pa.string()),
                ("reason", pa.string()),
                ("attempts", pa.int32()),
                ("state", pa.string()),
                ("created_at", TIME),
                ("updated_at", TIME),
                ("run_id", pa.string()),
            ]
        ),
        ("id",),
        "A rejected item (state: open, replay, resolved), with the way back.",
    ),
)
