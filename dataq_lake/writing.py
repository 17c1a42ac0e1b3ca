"""Commits rows to a table: files first, durable, then one atomic Delta commit that names them."""

from __future__ import annotations

import os
import time
import uuid
from collections.abc import Iterable
from pathlib import Path

import pyarrow as pa

from dataq_lake.accepting import accept
from dataq_lake.errors import Retry
from dataq_lake.log import SCHEMA_VERSION, DataFile
from dataq_lake.parts import Part, PartWriter
from dataq_lake.table import TableHandle
from dataq_lake.written import CommitInfo, Written

COMMIT_ROWS = 10_000
COMMIT_BYTES = 32 << 20
CONFIGURATION = {
    "delta.checkpointInterval": "20",
    # How far time travel reaches; the log of a busy table would otherwise grow for ever.
    "delta.logRetentionDuration": "interval 90 days",
    "delta.deletedFileRetentionDuration": "interval 90 days",
    "delta.enableExpiredLogCleanup": "true",
}
# Commits that must not overlap carry this transaction id: the engine then refuses the later one.
EXCLUSIVE = "dataq.keys"


def append(handle: TableHandle, batches: Iterable[pa.RecordBatch], info: CommitInfo) -> Written:
    """Adds every row, in commits of at least COMMIT_ROWS rows or COMMIT_BYTES bytes."""
    writer = PartWriter(handle.table, handle.folder)
    total = Written(version=handle.version())
    try:
        for batch in batches:
            ensure(handle)
            writer.write(accept(handle.table, batch))
            if full(writer):
                total += publish(handle, writer.finish(), info)
        if writer.rows:
            total += publish(handle, writer.finish(), info)
    except BaseException:
        writer.abort()
        raise
    return total


def full(writer: PartWriter) -> bool:
    """Whether enough has come together for a commit of its own."""
    return writer.rows >= COMMIT_ROWS or writer.bytes >= COMMIT_BYTES


def publish(handle: TableHandle, parts: list[Part], info: CommitInfo) -> Written:
    """Makes `parts` visible whatever others do meanwhile."""
    started = time.perf_counter()
    written = commit(handle, parts, [], info, 0, None)
    if written is None:
        raise Retry(f"table {handle.table.name}: other writers were faster too often, run again")
    return Written(
        written.rows, 0, written.bytes, written.files, written.version, time.perf_counter() - started
    )


def commit(
    handle: TableHandle,
    parts: list[Part],
    removed: list[DataFile],
    info: CommitInfo,
    deleted: int,
    only_after: int | None,
) -> Written | None:
    """One Delta commit of `parts` in place of `removed`; None if it lost against another writer.

    With `only_after` it loses against any other such commit made since that version.
    """
    from deltalake import CommitProperties, PostCommitHookProperties
    from deltalake.exceptions import CommitFailedError
    from deltalake.transaction import Transaction

    delta = handle.delta()
    before = delta.version()
    if only_after is not None and before != only_after:
        return None
    rows = sum(part.rows for part in parts)
    size = sum(part.file.size for part in parts)
    commit_id = uuid.uuid4().hex
    notes = {
        "commit_id": commit_id,
        "run_id": info.run_id,
        "asset": info.asset,
        "rows": rows,
        "deleted": deleted,
        "bytes": size,
        "files": len(parts),
    }
    exclusive = [Transaction(EXCLUSIVE, before + 1)] if only_after is not None else None
    try:
        delta.create_write_transaction(
            actions(parts, removed),
            "append",
            handle.table.schema,
            commit_properties=CommitProperties(notes, app_transactions=exclusive),
            post_commithook_properties=PostCommitHookProperties(create_checkpoint=True),
        )
    except CommitFailedError:
        # a failed checkpoint after the commit also ends up here
        if handle.log.commit_version(commit_id, before) is None:
            return None
    version = handle.log.commit_version(commit_id, before)
    if version is not None:
        _settle(handle.folder / "_delta_log", version)
    return Written(rows, deleted, size, len(parts), version)


def actions(parts: list[Part], removed: list[DataFile]) -> list[object]:
    """The Delta actions that put `parts` in the place of `removed`."""
    from deltalake.transaction import AddAction, RemoveAction

    now = time.time_ns() // 1_000_000
    adds = [AddAction(p.file.path, p.file.size, {}, now, True, p.file.stats) for p in parts]
    return [*(RemoveAction(file.path, True, now, file.size, {}) for file in removed), *adds]


def ensure(handle: TableHandle) -> None:
    """Creates the table, or adds the columns that a newer DataQ has given it."""
    snapshot = handle.snapshot()
    if snapshot is not None and snapshot.schema_version == handle.table.version:
        return
    if snapshot is None:
        _create(handle)
        return
    from deltalake import Field

    delta = handle.delta()
    old = set(snapshot.columns)
    fields = [Field.from_arrow(field) for field in handle.table.schema if field.name not in old]
    if fields:
        delta.alter.add_columns(fields)
    delta.alter.set_table_properties(
        {SCHEMA_VERSION: str(handle.table.version)}, raise_if_not_exists=False
    )


def _create(handle: TableHandle) -> None:
    from deltalake import DeltaTable
    from deltalake.exceptions import DeltaError

    handle.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    insert_only = {"delta.appendOnly": "true"} if handle.table.insert_only else {}
    try:
        DeltaTable.create(
            str(handle.folder),
            handle.table.schema,
            name=handle.table.name,
            description=handle.table.doc,
            configuration={
                **CONFIGURATION,
                **insert_only,
                SCHEMA_VERSION: str(handle.table.version),
            },
            raise_if_key_not_exists=False,
        )
    except DeltaError:
        if handle.snapshot() is None:  # otherwise another process created it just now
            raise


def _settle(log: Path, version: int) -> None:
    """Brings a commit to disk: data files are there already, so a power cut leaves no hole."""
    for path in (log / f"{version:020}.json", log, log.parent):
        handle = os.open(path, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
