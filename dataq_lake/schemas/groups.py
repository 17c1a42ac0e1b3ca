"""What is grouped and labelled: collections, tags, and what people have said of both."""

from __future__ import annotations

import pyarrow as pa

from dataq_lake.column_types import ID, METADATA, TIME
from dataq_lake.declaration import Table

MANUAL = "manual"
"""The method of what people have said."""

TABLES = (
    Table(
        "collections",
        pa.schema(
            [
                ("id", ID),
                ("name", pa.string()),
                ("name_method", pa.string()),
                ("size", pa.int64()),
                ("center_id", ID),
                ("method", pa.string()),
                ("created_at", TIME),
                ("updated_at", TIME),
                ("run_id", pa.string()),
            ]
        ),
        ("id",),
        "A group of at least three assets that are alike. It keeps its id while more than half "
        "of its core stays together.",
    ),
    Table(
        "collection_members",
        pa.schema(
            [
                ("id", ID),
                ("collection_id", ID),
                ("asset_id", ID),
                ("strength", pa.float64()),
                ("is_core", pa.bool_()),
                ("since", TIME),
                ("run_id", pa.string()),
            ]
        ),
        ("id",),
        "An asset in the one collection that it belongs to.",
    ),
    Table(
        "collection_names",
        pa.schema(
            [
                ("collection_id", ID),
                ("name", pa.string()),
                ("named_by", pa.string()),
                ("named_at", TIME),
            ]
        ),
        ("collection_id",),
        "The name that somebody has given to a collection; only people write it.",
    ),
    Table(
        "tags",
        pa.schema(
            [
                ("id", ID),
                ("entity_id", ID),
                ("tag", pa.string()),
                ("confidence", pa.float64()),
                ("method", pa.string()),
                ("tagged_by", pa.string()),
                ("metadata", METADATA),
                ("created_at", TIME),
                ("run_id", pa.string()),
            ]
        ),
        ("id",),
        "What holds of a current asset or a collection now, a row for each who says so: a tagger, "
        "or people (manual).",
    ),
    Table(
        "manual_tags",
        pa.schema(
            [
                ("id", ID),
                ("thing_id", ID),
                ("tag", pa.string()),
                ("state", pa.string()),
                ("tagged_by", pa.string()),
                ("tagged_at", TIME),
            ]
        ),
        ("id",),
        "The last word of people on a tag of a thing, for all of its versions; only they write "
        "it. What is removed does not come back by itself.",
    ),
)
