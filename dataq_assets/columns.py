"""What Dagster's pages say of a table: its name, its columns, and what they mean."""

from functools import cache
from typing import Any

import dagster as dg

from dataq_lake.columns import columns, meaning

WIDTH = 24


@cache
def table_facts(name: str) -> dict[str, Any]:
    """Metadata of the asset that fills the table `name`; `raw` is the table of any source."""
    shown = [
        dg.TableColumn(
            column.name,
            _shortly(column.type),
            meaning(name, column.name),
            dg.TableColumnConstraints(nullable=not column.is_key),
        )
        for column in columns()[name]
    ]
    return {"dagster/column_schema": dg.TableSchema(shown)}


def _shortly(type_: str) -> str:
    """The type without what is nested in it, where that would push its meaning off the page."""
    return type_ if len(type_) <= WIDTH else type_.partition("<")[0]
