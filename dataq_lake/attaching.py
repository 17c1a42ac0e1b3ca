"""How any DuckDB client opens the views of a lake, without DataQ."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from dataq_lake.views import Views

if TYPE_CHECKING:
    from dataq_lake.lake import Lake

HEAD = """\
-- The lake {root}
-- {state}. Save this as lake.sql and run it in any DuckDB client;
-- it reads the Parquet files and needs no extension.
--
-- In the shell:
--     duckdb -init lake.sql
-- In Python:
--     import duckdb
--     connection = duckdb.connect()
--     connection.execute(open("lake.sql").read())
--     print(connection.sql("select count(*) from raw"))
--
-- Unlike `dataq sql`, such a client may also write files and read others: keep it to yourself.
"""


def attachment(lake: Lake) -> str:
    """SQL that makes the views of `lake` as it is now, or was if it is `lake.at(…)`.

    The views name files of this very state: they do not follow what is archived later.
    """
    views = Views(lake)
    time = getattr(lake, "time", None)
    state = f"as it was at {time}" if time else f"as it is at {datetime.now(UTC)}"
    root = " ".join(str(lake.root).splitlines())  # no name of a folder ends the comment
    statements = [f"{view.statement};\n" for view in map(views.view, views.names())]
    return HEAD.format(root=root, state=state) + "".join(statements)
