"""Every column is explained, and nothing is explained that does not exist."""

from __future__ import annotations

from dataq_lake.columns import MEANINGS, meaning
from dataq_lake.schemas import TABLES, raw_table


def test_every_column_has_a_meaning_and_every_meaning_a_column() -> None:
    tables = {"raw": raw_table("x"), **TABLES}
    used = set()
    for name, table in tables.items():
        for column in table.schema.names:
            assert meaning(name, column)
            used.add(f"{name}.{column}" if f"{name}.{column}" in MEANINGS else column)
    assert set(MEANINGS) == used
