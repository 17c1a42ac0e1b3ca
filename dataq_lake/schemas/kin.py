"""What belongs together, and what that is found by."""

from __future__ import annotations

import pyarrow as pa

from dataq_lake.column_types import ID, METADATA, TIME
from dataq_lake.declaration import Table

TABLES = (
    Table(
        "relationships",
        pa.schema(
            [
                ("id", ID),
                ("source_id", ID),
                ("target_id", ID),
                ("relationship_type", pa.string()),
                ("strength", pa.float64()),
                ("method", pa.string()),
                ("metadata", METADATA),
                ("run_id", pa.string()),
            ]
        ),
        ("id",),
        "A directed edge between two entities that are current: what one is to the other, how "
        "surely, and how that is known; metadata is the evidence.",
    ),
    Table(
        "relations",
        pa.schema(
            [
                ("relation", pa.string()),
                ("basis", pa.string()),
                ("edges", pa.int64()),
                ("related_at", TIME),
                ("run_id", pa.string()),
            ]
        ),
        ("relation",),
        "How far each relation has come: the versions of the tables that its edges stand on.",
    ),
    Table(
        "links",
        pa.schema(
            [
                ("id", ID),
                ("asset_id", ID),
                ("reader_version", pa.string()),
                ("hrefs", pa.list_(pa.string())),
                ("addresses", pa.list_(pa.string())),
                ("run_id", pa.string()),
            ]
        ),
        ("id",),
        "The links of a page, text or mail, archived or not: as written, and where they lead.",
    ),
    Table(
        "sketches",
        pa.schema(
            [
                ("text_hash", pa.string()),
                ("method", pa.string()),
                ("bands", pa.list_(pa.int64())),
                ("run_id", pa.string()),
            ]
        ),
        ("text_hash",),
        "What texts that are alike have in common: two of them share one of their bands. Of "
        "texts that count; those that are too short to be compared have none.",
        ("bands",),
    ),
    Table(
        "positions",
        pa.schema(
            [
                ("asset_id", ID),
                ("text_id", ID),
                ("text_run", pa.string()),
                ("method", pa.string()),
                ("regions", pa.list_(pa.int32())),
                ("vector", pa.binary()),
                ("run_id", pa.string()),
            ]
        ),
        ("asset_id",),
        "Where an asset stands in meaning: the mean of its segments' vectors. Two assets are "
        "compared where they have a region in common. Of those with the same text one has a row.",
        ("vector",),
    ),
    Table(
        "regions",
        pa.schema(
            [
                ("id", ID),
                ("method", pa.string()),
                ("number", pa.int32()),
                ("center", pa.list_(pa.float32())),
                ("assets", pa.int64()),
                ("run_id", pa.string()),
            ]
        ),
        ("id",),
        "The regions that positions are in, where there are too many to compare all with all.",
        ("center",),
    ),
)
