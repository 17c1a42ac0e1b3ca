"""What has been done, and how far it has come."""

from __future__ import annotations

import pyarrow as pa

from dataq_lake.column_types import ID, TIME
from dataq_lake.declaration import Table

TABLES = (
    Table(
        "plugin_state",
        pa.schema(
            [
                ("source", pa.string()),
                ("sequence", pa.int64()),
                ("state", pa.binary()),
                ("saved_at", TIME),
                ("run_id", pa.string()),
            ]
        ),
        ("source", "sequence"),
        "What a plugin asked to get back; the highest sequence of a source counts.",
        ("state",),
    ),
    Table(
        "deliveries",
        pa.schema(
            [
                ("id", ID),
                ("step", pa.int32()),
                ("destination", pa.string()),
                ("state", pa.string()),
                ("rows", pa.int64()),
                ("bytes", pa.int64()),
                ("row_ids", pa.list_(pa.string())),
                ("attempts", pa.int32()),
                ("reason", pa.string()),
                ("place", pa.string()),
                ("watermark", pa.int64()),
                ("recorded_at", TIME),
                ("run_id", pa.string()),
                ("sequence", pa.int64()),
                ("row_hashes", pa.list_(pa.string())),
            ]
        ),
        ("id", "step"),
        "What became of rows on their way to a destination, a row a step: planned (before "
        "anything is sent), delivered, dead, replay or superseded. The highest step of an id "
        "counts.",
        ("row_ids", "row_hashes"),
        version=2,
        insert_only=True,
    ),
    Table(
        "reprocessings",
        pa.schema(
            [
                ("id", ID),
                ("source", pa.string()),
                ("first_window", pa.string()),
                ("last_window", pa.string()),
                ("analyzer", pa.string()),
                ("analyzer_version", pa.string()),
                ("state", pa.string()),
                ("items", pa.int64()),
                ("assets", pa.int64()),
                ("contents", pa.int64()),
                ("texts", pa.int64()),
                ("segments", pa.int64()),
                ("requested_at", TIME),
                ("run_id", pa.string()),
            ]
        ),
        ("id",),
        "What somebody wanted to have derived again, and how much that was. open: to be taken "
        "away yet; taken: being derived again; done: vectors of what is no more are gone too.",
    ),
    Table(
        "snapshots",
        pa.schema(
            [
                ("id", ID),
                ("created_at", TIME),
                ("manifest", pa.string()),
                ("segments", pa.int64()),
                ("run_id", pa.string()),
                ("sequence", pa.int64()),
                ("retired_at", TIME),
            ]
        ),
        ("id",),
        "A published search index: the manifest names its parts and the table versions behind "
        "it. The highest sequence is the newest.",
        version=2,
    ),
)
