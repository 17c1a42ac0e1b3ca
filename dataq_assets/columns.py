"""What Dagster's pages say of a table: its name, its columns, and what they mean."""

from functools import cache
from typing import Any

import dagster as dg

from dataq_lake.columns import meaning
from dataq_lake.schemas import TABLES, raw_table


@cache
def table_facts(name: str) -> dict[str, Any]:
    """Metadata of the asset that fills the table `name`; `raw` is the table of any source."""
    table = raw_table("any") if name == "raw" else TABLES[name]
    key = set(table.key)
    columns = [
        dg.TableColumn(
            column.name,
            str(column.type),
            meaning(name, column.name),
            dg.TableColumnConstraints(nullable=column.name not in key),
        )
        for column in table.schema
    ]
    return {"dagster/column_schema": dg.TableSchema(columns)}
