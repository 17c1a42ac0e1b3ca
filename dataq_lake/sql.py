"""SQL over the lake for anybody: DuckDB with a view a table, reading the lake and no more."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING

from dataq_lake import graph
from dataq_lake.answer import Answer
from dataq_lake.errors import FixTheCall, LakeError, LimitReached, UnknownTable
from dataq_lake.feedback import correctness
from dataq_lake.lake import Lake
from dataq_lake.limits import Limits, limits_from
from dataq_lake.lost_files import lost_among
from dataq_lake.objects.path import ObjectPath
from dataq_lake.questions import expect_questions
from dataq_lake.stopwatch import Stopwatch
from dataq_lake.views import Views, quoted

if TYPE_CHECKING:
    from pathlib import Path

    import duckdb

# Questions about the tables themselves need every view, not only those that are named.
_CATALOGUE = re.compile(r"\b(show|information_schema|duckdb_\w+|pg_\w+|sqlite_master)\b", re.I)


def connect(
    lake: Lake, as_of: datetime | str | None = None, limits: Limits | None = None
) -> duckdb.DuckDBPyConnection:
    """A DuckDB connection with a view for every table, as it is now or was at `as_of`.

    `raw` is all sources together, `texts` has an asset_id, `entities` includes the segments. The
    connection reaches the files of these views and no other, and nothing it is told changes that.
    It is for SQL of one's own: COPY could overwrite such a file. Text from strangers goes through
    `query`, which refuses all that is not a question, and stops what takes too long.
    """
    views = Views(lake.at(as_of))
    connection = _opened()
    _close(connection, lake, views, views.names(), limits or limits_from())
    return connection


def query(
    lake: Lake,
    text: str,
    as_of: datetime | str | None = None,
    limits: Limits | None = None,
    stuck: Callable[[], None] | None = None,
    marts: Path | None = None,
) -> Answer:
    """The answer to `text`, one or more statements that only read.

    `marts` is a DuckDB file whose tables can be asked as `marts.<table>`, if it is there.

    `stuck` is called, in a thread of its own, if a question that was stopped for its time goes on
    regardless: then only the end of the process ends it. Raises FixTheCall with DuckDB's message,
    UnknownTable with the names of the tables, LimitReached, ContentLost, VersionGone.
    """
    import duckdb

    limits = limits or limits_from()
    views = Views(lake.at(as_of))
    words = set(re.findall(r"[a-z][a-z0-9_]*", text.lower()))
    named = views.names() if _CATALOGUE.search(text) else views.names(words)
    names = sorted({*named, *graph.needed(words), *correctness.needed(words)})
    if marts and not ("marts" in text.lower() and marts.is_file()):
        marts = None
    try:
        return _ask(lake, text, views, names, limits, stuck, marts)
    except duckdb.CatalogException:
        pass  # a view may be named in a way that is not seen from outside
    try:
        return _ask(lake, text, views, views.names(), limits, stuck, marts)
    except duckdb.CatalogException as error:
        raise _unknown(lake, error) from error


def _ask(
    lake: Lake,
    text: str,
    views: Views,
    names: list[str],
    limits: Limits,
    stuck: Callable[[], None] | None,
    marts: Path | None,
) -> Answer:
    import duckdb

    connection = _opened()
    if marts:
        connection.execute(f"attach {quoted(str(marts))} as marts (read_only)")
    spill = _close(connection, lake, views, names, limits)

    def close() -> None:
        connection.close()
        lake.drop_spill(spill)  # the engine does it late, or not at all where a question failed

    def killed() -> None:
        lake.drop_spill(spill)
        if stuck:
            stuck()

    stopwatch = Stopwatch(limits.seconds, connection.interrupt, killed if stuck else None)

    def explained(error: Exception) -> LakeError:
        close()
        if stopwatch.expired:
            return LimitReached(
                f"the question was stopped after {limits.seconds:g} seconds: ask for less, or "
                "allow more (--seconds, DATAQ_SQL_SECONDS)"
            )
        if isinstance(error, MemoryError) or "Out of Memory" in str(error):
            return LimitReached(
                f"the question needs more than {limits.memory} of memory or {limits.spill} of "
                "disk: ask for less, or allow more (--memory, DATAQ_SQL_MEMORY, DATAQ_SQL_SPILL)"
            )
        return _lost(views, error)

    try:
        with stopwatch:
            expect_questions(connection, text)
            connection.execute(text)
    except duckdb.CatalogException:
        raise
    except (duckdb.Error, MemoryError) as error:
        raise explained(error) from error
    return Answer(connection, stopwatch, explained, close)


def _opened() -> duckdb.DuckDBPyConnection:
    """A connection that loads nothing by itself; it is not for strangers before `_close`."""
    import duckdb

    connection = duckdb.connect(
        ":memory:",
        config={
            "autoinstall_known_extensions": "false",
            "autoload_known_extensions": "false",
            "python_enable_replacements": "false",
            "allow_community_extensions": "false",
        },
    )
    connection.execute("set TimeZone = 'UTC'")
    return connection


def _close(
    connection: duckdb.DuckDBPyConnection,
    lake: Lake,
    views: Views,
    names: list[str],
    limits: Limits,
) -> Path | None:
    """Makes the views and leaves the connection no way to anything but their files.

    Nothing it is told opens it again. Returns where it puts what does not fit into memory. Raises
    ContentLost where a file is missing, VersionGone where its version was cleaned up.
    """
    import duckdb

    told = [views.view(name) for name in names]
    if isinstance(lake.root, ObjectPath):
        from dataq_lake.objects.filesystem import reading_objects

        reading_objects(connection, lake.root, views.sizes)
    files: list[str] = []
    for view in told:
        try:
            connection.execute(view.statement)
        except duckdb.CatalogException:
            raise
        except duckdb.Error as error:  # of a store's file it is the most general one
            raise _lost(views, error) from error
        files += view.files
    if graph.TABLE in names:
        for macro in graph.macros():
            connection.execute(macro)
    if set(names) >= correctness.TABLES:
        for macro in correctness.macros():
            connection.execute(macro)
    # large sorts spill: below the lake, where nobody else may look, and apart from other processes
    spill = lake.spill_folder()
    connection.execute(
        f"set temp_directory = {quoted(str(spill or ''))}; "
        f"set max_temp_directory_size = {quoted(limits.spill)}; "
        f"set memory_limit = {quoted(limits.memory)}; "
        f"set allowed_paths = [{', '.join(map(quoted, files))}]; "
        "set enable_external_access = false; set lock_configuration = true"
    )
    return spill


def _lost(views: Views, error: Exception) -> LakeError:
    """What is wrong: the question, or a file that a view needs."""
    for relation in views.relations.values():
        if told := lost_among(relation.files, relation.version, error):
            return told
    return FixTheCall(str(error))


def _unknown(lake: Lake, error: Exception) -> LakeError:
    if "Table with name" not in str(error) or "marts" in str(error):
        return FixTheCall(str(error))
    name = re.search(r"Table with name (\S+)", str(error))
    return UnknownTable(
        f"no table {name[1] if name else ''}: there are {', '.join([*lake.tables(), 'raw'])}"
    )
