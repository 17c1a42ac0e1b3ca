"""How well the lake serves, measured again and again."""

from __future__ import annotations

import pyarrow as pa

from dataq_lake.column_types import ID, TIME
from dataq_lake.declaration import Table

TABLES = (
    Table(
        "service_levels",
        pa.schema(
            [
                ("id", ID),
                ("measured_at", TIME),
                ("level", pa.string()),
                ("value", pa.float64()),
                ("unit", pa.string()),
                ("bar", pa.float64()),
                ("passed", pa.bool_()),
                ("reason", pa.string()),
                ("snapshot", ID),
                ("facts", pa.string()),
                ("run_id", pa.string()),
            ]
        ),
        ("id",),
        "One measurement of one service level, and the bar that it had to pass.",
        insert_only=True,
    ),
)
