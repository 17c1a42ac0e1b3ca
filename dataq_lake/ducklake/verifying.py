"""Looks at every byte of a DuckLake table's files, and at those of its earlier versions."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from dataq_lake.damage import Damage, Told
from dataq_lake.ducklake.catalogue import opened
from dataq_lake.ducklake.relation import read
from dataq_lake.ducklake.state import Stored, every_file
from dataq_lake.ducklake.store import reach, store_refusal
from dataq_lake.errors import ContentDamaged, LakeError
from dataq_lake.location import located

if TYPE_CHECKING:
    import duckdb

    from dataq_lake.ducklake.table import DuckLakeTable


def damage(handle: DuckLakeTable, told: Told) -> Iterator[Damage]:
    """What is wrong with the files of the newest version, or with its catalogue."""
    import duckdb

    try:
        found = handle.snapshot()
    except (LakeError, duckdb.Error) as error:
        yield Damage(handle.name, str(error), mendable=False)
        return
    both = [each for file in (found.files if found else ()) for each in (file, file.gone)]
    with _forgetful(handle) as database:
        for file in both:
            if file is None:
                continue
            wrong = _reason(handle, database, file)
            told(file.size)
            if wrong and _still_counts(handle, file):
                yield Damage(f"{handle.name}/{Path(file.path).name}", wrong)


def _forgetful(handle: DuckLakeTable) -> duckdb.DuckDBPyConnection:
    """A DuckDB that reads anew: others keep what they read, by times in whole seconds."""
    catalogue = handle.catalogue
    connection = opened(catalogue.engine)
    if "://" in catalogue.data_path:
        reach(connection, catalogue.data_path)
    connection.execute("set enable_external_file_cache = false")
    return connection


def _still_counts(handle: DuckLakeTable, file: Stored) -> bool:
    """Whether the newest version has the file: of others any may have been cleaned up meanwhile."""
    newest = handle.snapshot()
    return newest is not None and file.path in newest.paths


def values(handle: DuckLakeTable, columns: list[str]) -> Iterator[list[str | None]]:
    """The values of text columns in every file that any version names; raises ContentDamaged."""
    import duckdb

    with handle.catalogue.session() as session:
        files = every_file(session, handle.name, handle.catalogue.data_path) if session else []
    for file in files:
        for column in (name for name in columns if name in file.columns):
            try:
                with handle.catalogue.database.cursor() as cursor:
                    found = cursor.execute(f'select distinct "{column}" from {read(file)}')
                    yield [row[0] for row in found.fetchall()]
            except duckdb.Error as error:
                told = store_refusal(handle.catalogue.root, error)
                if told is not None:
                    raise told from None
                raise ContentDamaged(f"{file.path} is no Parquet file: {error}") from error


def _reason(handle: DuckLakeTable, database: duckdb.DuckDBPyConnection, file: Stored) -> str | None:
    import duckdb

    try:
        size = located(file.path).stat().st_size
        if size != file.size:
            return f"has {size} bytes, {file.size} were written"
        rows = _decoded(database, file)
    except FileNotFoundError:
        return "is in the catalogue but not on disk"
    except (OSError, duckdb.Error) as error:
        told = store_refusal(handle.catalogue.root, error)
        if told is not None:  # a store that is away has damaged nothing
            raise told from None
        return f"cannot be read: {' '.join(str(error).split())[:200]}"
    return None if rows == file.rows else f"has {rows} rows, {file.rows} were written"


def _decoded(database: duckdb.DuckDBPyConnection, file: Stored) -> int:
    """How many rows can be read, all columns of them."""
    found = database.execute(f"select count(*), max(hash(columns(*))) from {read(file)}").fetchone()
    return int(found[0]) if found else 0
