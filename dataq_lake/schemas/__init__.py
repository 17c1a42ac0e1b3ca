"""Every table of the lake, declared once: its columns, its key, and how it is written."""

from __future__ import annotations

from dataq_lake.column_types import ID, TIME
from dataq_lake.declaration import Table
from dataq_lake.errors import UnknownTable
from dataq_lake.names import checked_source
from dataq_lake.schemas import content, gate, groups, judged, kin, levels, records
from dataq_lake.schemas.raw import RAW, raw_table

__all__ = ["ID", "RAW", "TABLES", "TIME", "Table", "declared", "raw_table"]

TABLES: dict[str, Table] = {
    table.name: table
    for module in (gate, content, kin, groups, judged, records, levels)
    for table in module.TABLES
}


def declared(name: str) -> Table:
    """The table called `name`, of a source or derived; raises UnknownTable, InvalidName."""
    if name.startswith("raw_"):
        return raw_table(checked_source(name.removeprefix("raw_")))
    if name not in TABLES:
        raise UnknownTable(f"no table {name!r}: there are raw_<source>, {', '.join(TABLES)}")
    return TABLES[name]
