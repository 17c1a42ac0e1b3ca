"""Writes to a DuckLake table: rows are staged beside it, and each change is one transaction.

DuckLake lets two inserts into one table pass side by side, and knows no unique keys. So a change
that looks at keys also writes the table's comment: of two such changes one is then refused, and is
tried again against what the other has left.
"""

from __future__ import annotations

import json
import random
import re
import time
import uuid
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING

import pyarrow as pa

from dataq_lake.accepting import accept, gathered
from dataq_lake.difference import Difference
from dataq_lake.ducklake import definition
from dataq_lake.ducklake.session import LAKE, Session, is_away
from dataq_lake.ducklake.staging import Staging
from dataq_lake.ducklake.state import State
from dataq_lake.errors import CatalogueUnreachable, FixTheCall, NotWritable, Retry, StoreSilent
from dataq_lake.written import CommitInfo, Written

if TYPE_CHECKING:
    import duckdb

    from dataq_lake.ducklake.table import DuckLakeTable

ATTEMPTS = 40
LANDED = """
    select snapshot_id, commit_extra_info, sum(file_size_bytes), count(file_size_bytes)
    from {meta}.ducklake_snapshot_changes
    left join {meta}.ducklake_data_file on begin_snapshot = snapshot_id
    where contains(commit_extra_info, $commit_id) group by all
"""
_LOST = re.compile("conflict|already exists|does not exist", re.I)
Committed = Callable[[Written], None] | None


@dataclass(frozen=True)
class Change:
    """What a transaction does besides adding what is staged; `gone` are a column and its values.

    An `exclusive` one adds only rows with a new key; `clear` takes all rows away. One that stands
    `instead_of` a version is made only if the table is still at it.
    """

    info: CommitInfo
    exclusive: bool = True
    gone: tuple[str, pa.Array] | None = None
    clear: bool = False
    instead_of: int | None = None


def append(
    handle: DuckLakeTable, batches: Iterable[pa.RecordBatch], info: CommitInfo, told: Committed
) -> Written:
    """Adds every row, in commits as for Delta."""
    accepted = (accept(handle.table, batch) for batch in batches)
    return _in_pieces(handle, accepted, Change(info, exclusive=False), told)


def insert_new(
    handle: DuckLakeTable, batches: Iterable[pa.RecordBatch], info: CommitInfo, told: Committed
) -> Written:
    """Adds the rows whose key is not there, in commits as for `append`."""
    return _in_pieces(handle, gathered(batches, handle.table), Change(info), told)


def apply(handle: DuckLakeTable, difference: Difference, info: CommitInfo) -> Written:
    """Takes away what is gone and adds what is new; one commit if anything is gone."""
    key = difference.key or handle.table.key[0]
    if key not in handle.table.schema.names:
        raise FixTheCall(f"table {handle.name} has no column {key} to find what is gone")
    gone = pa.array(sorted(set(difference.gone)), pa.string())
    if not len(gone):
        return insert_new(handle, difference.new, info, None)
    if handle.table.insert_only:
        raise FixTheCall(f"table {handle.name} is insert-only: its rows do not go")
    with Staging(handle.catalogue, handle.table) as staging:
        for batch in gathered(difference.new, handle.table):
            staging.add(batch)
        if not staging.rows and not handle.exists:
            return Written()
        written = _commit(handle, staging, Change(info, gone=(key, gone)))
    return _tidied(handle, written)


def clear(handle: DuckLakeTable, info: CommitInfo) -> Written:
    """Puts an empty table in the place of this one; none of its files has to be readable."""
    if handle.table.insert_only:
        raise FixTheCall(f"table {handle.name} is insert-only: its rows do not go")
    state = handle.snapshot()
    if state is None or not state.files:
        return Written(version=state.version if state else None)
    with Staging(handle.catalogue, handle.table) as staging:
        return _commit(handle, staging, Change(info, clear=True))


def _in_pieces(
    handle: DuckLakeTable, batches: Iterable[pa.RecordBatch], change: Change, told: Committed
) -> Written:
    total = Written(version=handle.version())
    with Staging(handle.catalogue, handle.table) as staging:
        for batch in batches:
            started = time.perf_counter()
            staging.add(batch)
            if staging.full:
                total += _publish(handle, staging, change, told)
            total = replace(total, seconds=total.seconds + time.perf_counter() - started)
        if staging.rows:
            total += _publish(handle, staging, change, told)
    return _tidied(handle, total)


def _publish(handle: DuckLakeTable, staging: Staging, change: Change, told: Committed) -> Written:
    written = _commit(handle, staging, change)
    staging.empty()
    if told and written.rows:
        told(written)
    return written


def _tidied(handle: DuckLakeTable, written: Written) -> Written:
    """`written`, which stays so if what is done for the table besides cannot be done now."""
    if written.rows or written.deleted:
        with suppress(CatalogueUnreachable, NotWritable, StoreSilent):
            handle.merge()
    return written


def _commit(handle: DuckLakeTable, staging: Staging, change: Change) -> Written:
    """Makes a change that stands on no version; there is nothing that it could be too late for."""
    written = commit(handle, staging, change)
    return Written(version=handle.version()) if written is None else written


def commit(handle: DuckLakeTable, staging: Staging, change: Change) -> Written | None:
    """Makes the change visible, whatever others commit meanwhile; raises Retry if they never stop.

    None if there was nothing to change, or the version in whose place it stands is past.

    What is refused is undone, files and all, and tried again against what is there then.
    """
    import duckdb

    handle.settle()
    if change.exclusive and staging.rows:
        staging.drop_repeated()
    for attempt in range(ATTEMPTS):
        commit_id = uuid.uuid4().hex
        with handle.catalogue.writing, handle.catalogue.making() as session:
            handle.catalogue.expect_writable()
            try:
                if not _transact(session, handle, staging, change, commit_id):
                    return None
            except duckdb.Error as error:
                if not _may_have_landed(error):
                    raise
            written = _landed(session, commit_id)
            if written is not None:
                return written
        time.sleep(random.uniform(0, 0.02 * (attempt + 1)))  # noqa: S311 - only to part rivals
    raise Retry(f"table {handle.name}: other writers were faster too often, run again")


def _may_have_landed(error: duckdb.Error) -> bool:
    """Whether only the catalogue knows what came of a transaction, or it is to be tried again.

    Another has made, extended or cleared the table since we looked, or the catalogue went away.
    """
    import duckdb

    lost = isinstance(error, duckdb.TransactionException | duckdb.CatalogException)
    return is_away(error) or (lost and _LOST.search(str(error)) is not None)


def _transact(
    session: Session, handle: DuckLakeTable, staging: Staging, change: Change, commit_id: str
) -> bool:
    """One attempt; False if there was nothing to change."""
    cursor = staging.cursor
    cursor.execute("begin")
    try:
        state = handle.state_in(session)
        if not _is_late(change, state):
            deleted, rows = _changed(state, staging, change, commit_id)
        if _is_late(change, state) or not (rows or deleted or change.instead_of):
            cursor.execute("rollback")
            return False
        told = {"rows": rows, "deleted": deleted, "commit_id": commit_id, **asdict(change.info)}
        cursor.execute(
            f"call {LAKE}.set_commit_message('dataq', $table, extra_info => $told)",
            {"table": handle.name, "told": json.dumps(told)},
        )
        cursor.execute("commit")
    except BaseException:
        with suppress(Exception):  # a commit that failed has ended the transaction
            cursor.execute("rollback")
        raise
    return True


def _is_late(change: Change, state: State | None) -> bool:
    """Whether the version in whose place it stands is past."""
    at = state.version if state else None
    return change.instead_of is not None and change.instead_of != at


def _changed(
    state: State | None, staging: Staging, change: Change, commit_id: str
) -> tuple[int, int]:
    """What went and what came, in a transaction that is open."""
    cursor, table = staging.cursor, staging.table
    name, deleted = definition.in_lake(table), 0
    if state is None:
        definition.create(cursor, table)
    elif state.schema_version < table.version:
        definition.extend(cursor, table, state)
    if change.clear and state is not None:
        cursor.execute(f"drop table {name}")
        definition.create(cursor, table)
        deleted = max(1, state.rows or 0)
    if change.gone is not None and state is not None:
        column, values = change.gone
        cursor.register("gone", pa.table({"value": values}))
        text = f'delete from {name} where "{column}" in (select value from gone)'
        deleted = _count(cursor, text)
        cursor.unregister("gone")
    if change.exclusive and staging.rows and state is not None:
        staging.drop_known(name)
    rows = _count(cursor, f"insert into {name} select {staging.columns} from {staging.name}")
    if change.exclusive or state is None or state.schema_version < table.version:
        definition.note(cursor, table, commit_id)
    return deleted, rows


def _count(cursor: duckdb.DuckDBPyConnection, text: str) -> int:
    found = cursor.execute(text).fetchone()
    return int(found[0]) if found else 0


def _landed(session: Session, commit_id: str) -> Written | None:
    """What a commit did, as the catalogue tells it; None if it was never made."""
    found = session.rows(LANDED, {"commit_id": commit_id})
    if not found:
        return None
    version, extra, size, files = found[0]
    told = json.loads(extra)
    return Written(told["rows"], told["deleted"], int(size or 0), files, version)
