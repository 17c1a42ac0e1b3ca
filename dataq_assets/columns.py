"""What Dagster's pages say of a table: its name, its columns, and what they mean."""

from functools import cache
from typing import Any

import dagster as dg

from dataq_lake.columns import meaning
from dataq_lake.schemas import TABLES, raw_table

WIDTH = 24


@cache
def table_facts(name: str) -> dict[str, Any]:
    """Metadata of the asset that fills the table `name`; `raw` is the table of any source."""
    table = raw_table("any") if name == "raw" else TABLES[name]
    key = set(table.key)
    columns = [
        dg.TableColumn(
            column.name,
            _shortly(str(column.type)),
            meaning(name, column.name),
            dg.TableColumnConstraints(nullable=column.name not in key),
        )
        for column in table.schema
    ]
    return {"dagster/column_schema": dg.TableSchema(columns)}


def _shortly(type_: str) -> str:
    """The type without what is nested in it, where that would push its meaning off the page."""
    return type_ if len(type_) <= WIDTH else type_.partition("<")[0]
