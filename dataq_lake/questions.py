"""What a stranger may ask: statements that only read, of functions that do no more than that."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from dataq_lake.errors import FixTheCall

if TYPE_CHECKING:
    import duckdb

_EXPLAIN = re.compile(r"\s*explain\s+(analyze\s+)?(\(.*?\)\s*)?", re.I | re.S)
# A select can call these: they take addresses in memory (and end the process, given others), write
# logs and profiles to files, or hide SQL in a text.
_DOING = (
    "arrow_scan",
    "arrow_scan_dumb",
    "pandas_scan",
    "python_map_function",
    "enable_logging",
    "disable_logging",
    "truncate_duckdb_logs",
    "write_log",
    "enable_profiling",
    "disable_profiling",
    "checkpoint",
    "force_checkpoint",
    "query",
    "json_execute_serialized_sql",
    "json_serialize_plan",
)
# In JSON a quote inside of a text is escaped, so no text looks like the name of a function.
_CALL = re.compile(rf'"function_name":"({"|".join(_DOING)})"', re.I)


def expect_questions(connection: duckdb.DuckDBPyConnection, text: str) -> None:
    """Raises FixTheCall for what is not a question: COPY could write over a file that may be read.

    `connection` is closed in already: to parse `import database` is to read files.
    """
    import duckdb

    try:
        statements = connection.extract_statements(text)
    except duckdb.Error as error:
        raise FixTheCall(str(error)) from error
    if not statements:
        raise FixTheCall("no SQL given")
    for statement in statements:
        if statement.type == duckdb.StatementType.EXPLAIN:
            expect_questions(connection, _EXPLAIN.sub("", statement.query, count=1))
        elif statement.type == duckdb.StatementType.SELECT:
            _expect_reading(connection, statement.query)
        else:
            raise _refused(statement.type.name)


def _expect_reading(connection: duckdb.DuckDBPyConnection, text: str) -> None:
    """Looks at every function that is called, however its name is written."""
    told = connection.execute("select json_serialize_sql(?::varchar)", [text]).fetchone()
    parsed = str(told[0]) if told else ""
    if call := _CALL.search(parsed):
        raise _refused(f"{call[1]}()")
    if not parsed.startswith('{"error":false'):
        raise _refused("this statement")


def _refused(what: str) -> FixTheCall:
    return FixTheCall(f"{what} is not allowed: SQL over the lake only reads (select, explain)")
