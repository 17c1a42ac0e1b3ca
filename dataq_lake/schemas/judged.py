"""What people say of hits and of what was guessed, and the rankings that are learned from it."""

from __future__ import annotations

import pyarrow as pa

from dataq_lake.column_types import ID, TIME
from dataq_lake.declaration import Table

TABLES = (
    Table(
        "feedback",
        pa.schema(
            [
                ("id", ID),
                ("kind", pa.string()),
                ("query", pa.string()),
                ("entity_id", ID),
                ("entity_type", pa.string()),
                ("about", pa.string()),
                ("detail", pa.string()),
                ("value", pa.int32()),
                ("note", pa.string()),
                ("by", pa.string()),
                ("snapshot", ID),
                ("created_at", TIME),
            ]
        ),
        ("id",),
        "What somebody said: how relevant a hit is to a query, or whether something is correct. "
        "A row alone changes nothing: rankings are made of them.",
        insert_only=True,
    ),
    Table(
        "ranking_judgements",
        pa.schema(
            [
                ("id", ID),
                ("ranking_id", ID),
                ("query", pa.string()),
                ("terms", pa.list_(pa.string())),
                ("entity_id", ID),
                ("entity_type", pa.string()),
                ("asset_id", ID),
                ("value", pa.float64()),
                ("votes", pa.int32()),
            ]
        ),
        ("id",),
        "What a ranking holds of one thing for one query: -1 (away with it) to 1.",
        insert_only=True,
    ),
    Table(
        "ranking_confidences",
        pa.schema(
            [
                ("id", ID),
                ("ranking_id", ID),
                ("entity_id", ID),
                ("about", pa.string()),
                ("detail", pa.string()),
                ("correct", pa.int32()),
                ("incorrect", pa.int32()),
            ]
        ),
        ("id",),
        "How many say that an edge, a tag, a text or a type is correct, and how many that it is "
        "not, as a ranking counts them. What they speak of is never overwritten.",
        insert_only=True,
    ),
    Table(
        "rankings",
        pa.schema(
            [
                ("id", ID),
                ("version", pa.int64()),
                ("basis", pa.string()),
                ("parameters", pa.string()),
                ("figures", pa.string()),
                ("created_at", TIME),
                ("run_id", pa.string()),
            ]
        ),
        ("id",),
        "A version of what is learned from feedback. None is ever changed, and none counts before "
        "somebody says so: ranking_uses.",
        insert_only=True,
    ),
    Table(
        "ranking_uses",
        pa.schema(
            [
                ("id", ID),
                ("sequence", pa.int64()),
                ("version", pa.int64()),
                ("by", pa.string()),
                ("note", pa.string()),
                ("used_at", TIME),
            ]
        ),
        ("id",),
        "Which ranking came into force, and when. The highest sequence counts.",
        insert_only=True,
    ),
)
