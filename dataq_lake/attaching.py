"""How any DuckDB client opens the views of a lake, without DataQ."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from dataq_lake.feedback import correctness
from dataq_lake.graph import TABLE, macros
from dataq_lake.objects.path import ObjectPath
from dataq_lake.objects.refusals import redacted
from dataq_lake.views import Views

if TYPE_CHECKING:
    import duckdb

    from dataq_lake.lake import Lake

HEAD = """\
-- The lake {root}
-- {state}. Save this as lake.sql and run it in any DuckDB client;
-- it reads the Parquet files{needs}.
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


IN_A_STORE = """ in the store. Before it, tell the client who you are:
--     LOAD httpfs;
--     CREATE SECRET (TYPE s3, KEY_ID '...', SECRET '...', REGION '...'{endpoint})"""


def attachment(lake: Lake) -> str:
    """SQL that makes the views of `lake` as it is now, or was if it is `lake.at(…)`.

    The views name files of this very state: they do not follow what is archived later.
    """
    views = Views(lake)
    time = getattr(lake, "time", None)
    state = f"as it was at {time}" if time else f"as it is at {datetime.now(UTC)}"
    root = " ".join(str(lake.root).splitlines())  # no name of a folder ends the comment
    made = [*(view.statement for view in map(views.view, views.names())), *macros()]
    made += correctness.macros()
    statements = [f"{statement};\n" for statement in made]
    needs = _needs(lake.root) if isinstance(lake.root, ObjectPath) else " and needs no extension"
    return HEAD.format(root=root, state=state, needs=needs) + "".join(statements)


def attach(connection: duckdb.DuckDBPyConnection, lake: Lake, name: str) -> None:
    """Gives a connection the database `name`, with a view for every table as it is now.

    It is gone with the connection. The views are those of `dataq sql`; nothing else is closed.
    """
    views = Views(lake)
    told = [views.view(each) for each in views.names()]
    if isinstance(lake.root, ObjectPath):
        from dataq_lake.objects.filesystem import reading_objects

        reading_objects(connection, lake.root, views.sizes)
    here = connection.sql("select current_database()").fetchall()[0][0]
    connection.execute(f'attach \':memory:\' as "{name}"; use "{name}"')
    for view in told:
        connection.execute(view.statement)
    for macro in (*macros(f'"{name}".{TABLE}'), *correctness.macros(f'"{name}".')):
        connection.execute(macro)
    connection.execute(f'use "{here}"')


def _needs(root: ObjectPath) -> str:
    """What a client has to do first; no key is told."""
    endpoint = os.environ.get("AWS_ENDPOINT_URL", "") if root.base.startswith("s3") else ""
    scheme, _, host = redacted(endpoint).partition("://")
    plain = ", USE_SSL false" if scheme == "http" else ""
    more = f",\n--         ENDPOINT '{host}', URL_STYLE 'path'{plain}" if host else ""
    return IN_A_STORE.format(endpoint=more)
