"""One atomic Delta commit: files that are on disk already become the table, or nothing happens."""

from __future__ import annotations

import os
import time
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from dataq_lake.errors import UpgradeLake
from dataq_lake.folders import private_folder
from dataq_lake.location import Location
from dataq_lake.log_entries import SCHEMA_VERSION, DataFile
from dataq_lake.objects.path import ObjectPath
from dataq_lake.objects.refusals import patiently
from dataq_lake.part_file import Part
from dataq_lake.table import TableHandle
from dataq_lake.written import CommitInfo, Written

if TYPE_CHECKING:
    from deltalake import CommitProperties
    from deltalake.transaction import AddAction, RemoveAction

CONFIGURATION = {
    "delta.checkpointInterval": "20",
    # How far time travel reaches. We clean up ourselves (cleaning.py): no engine knows snapshots.
    "delta.logRetentionDuration": "interval 90 days",
    "delta.deletedFileRetentionDuration": "interval 90 days",
    "delta.enableExpiredLogCleanup": "false",
}
# Commits that must not overlap carry this transaction id: the engine then refuses the later one.
EXCLUSIVE = "dataq.keys"
NO_MARKS: Mapping[str, int] = MappingProxyType({})


@dataclass(frozen=True)
class Change:
    """`new` rows come, `rewritten` ones replace those of `removed` files, `deleted` are lost."""

    new: tuple[Part, ...] = ()
    rewritten: tuple[Part, ...] = ()
    removed: tuple[DataFile, ...] = ()
    deleted: int = 0

    @property
    def data_change(self) -> bool:
        """Whether any row comes or goes: merging small files changes nothing."""
        return bool(self.new or self.deleted)

    def written(self, version: int | None) -> Written:
        """The counts of this change."""
        parts = [*self.new, *self.rewritten]
        size = sum(part.file.size for part in parts)
        rows = sum(part.rows for part in self.new)
        return Written(rows, self.deleted, size, len(parts), version)


def commit(
    handle: TableHandle,
    change: Change,
    info: CommitInfo,
    only_after: int | None = None,
    marks: Mapping[str, int] = NO_MARKS,
) -> Written | None:
    """Makes `change` the table's next version; None if it lost against another writer.

    With `only_after` it loses against any other such commit made since that version. `marks`
    become true with it, as Delta's transaction versions. Its files may be removed only after
    None: any exception leaves open whether they were committed.
    """
    handle.settle()
    with handle.lock:  # the engine's handle serves one thread at a time
        return _commit(handle, change, info, only_after, marks)


def _commit(
    handle: TableHandle,
    change: Change,
    info: CommitInfo,
    only_after: int | None,
    marks: Mapping[str, int] = NO_MARKS,
) -> Written | None:
    from deltalake import PostCommitHookProperties
    from deltalake.exceptions import CommitFailedError

    delta = handle.delta()
    before = delta.version()
    if only_after is not None and before != only_after:
        return None
    commit_id = uuid.uuid4().hex
    try:
        delta.create_write_transaction(
            _actions(change),
            "append",
            handle.table.schema,
            commit_properties=_properties(change, info, commit_id, only_after, marks),
            post_commithook_properties=PostCommitHookProperties(
                create_checkpoint=True, cleanup_expired_logs=False
            ),
        )
    except CommitFailedError:
        # also raised when the commit is made and only the checkpoint after it failed
        if handle.log.commit_version(commit_id, before) is None:
            return None
    except OSError:
        # a store's answer was lost: what it has taken is committed
        if handle.log.commit_version(commit_id, before) is None:
            raise
    version = handle.log.commit_version(commit_id, before)
    if version is not None:
        _settle(handle.folder, version)
    return change.written(version)


def _actions(change: Change) -> list[AddAction | RemoveAction]:
    from deltalake.transaction import AddAction, RemoveAction

    now, data = time.time_ns() // 1_000_000, change.data_change
    removes = [RemoveAction(file.path, data, now, file.size, {}) for file in change.removed]
    adds = [
        AddAction(part.file.path, part.file.size, {}, now, data, part.file.stats)
        for part in [*change.rewritten, *change.new]
    ]
    return [*removes, *adds]


def _properties(
    change: Change,
    info: CommitInfo,
    commit_id: str,
    only_after: int | None,
    marks: Mapping[str, int],
) -> CommitProperties:
    from deltalake import CommitProperties, Transaction

    notes: dict[str, Any] = change.written(None).as_dict()
    del notes["version"], notes["seconds"]
    notes |= {"commit_id": commit_id, "run_id": info.run_id, "asset": info.asset}
    said = dict(marks) if only_after is None else {EXCLUSIVE: only_after + 1, **marks}
    return CommitProperties(
        notes, app_transactions=[Transaction(name, number) for name, number in said.items()]
    )


def ensure(handle: TableHandle) -> None:
    """Creates the table where it is missing; raises UpgradeLake for one of an older schema."""
    snapshot = handle.snapshot()
    if snapshot is None:
        _create(handle)
    elif snapshot.schema_version < handle.table.version:
        raise UpgradeLake(
            f"table {handle.name} has schema version {snapshot.schema_version}, this DataQ writes "
            f"{handle.table.version}: run `dataq upgrade`, which keeps the old version readable"
        )


def _create(handle: TableHandle) -> None:
    from deltalake import DeltaTable
    from deltalake.exceptions import DeltaError

    private_folder(handle.folder)
    configuration = {**CONFIGURATION, SCHEMA_VERSION: str(handle.table.version)}
    if handle.table.insert_only:
        configuration["delta.appendOnly"] = "true"

    def make() -> None:
        DeltaTable.create(
            str(handle.folder),
            handle.table.schema,
            name=handle.name,
            description=handle.table.doc,
            configuration=configuration,
            storage_options=handle.options,
            raise_if_key_not_exists=False,
        )

    try:
        if isinstance(handle.folder, ObjectPath):
            patiently(handle.folder, make)
        else:
            make()
    except DeltaError:
        if handle.snapshot() is None:  # otherwise another process created it just now
            raise


def _settle(folder: Location, version: int) -> None:
    """Brings a commit to disk: its files are there already, so a power cut leaves no hole."""
    if not isinstance(folder, Path):
        return  # what a store has taken is there for good
    log = folder / "_delta_log"
    for path in (log / f"{version:020}.json", log, log.parent):
        number = os.open(path, os.O_RDONLY)
        try:
            os.fsync(number)
        finally:
            os.close(number)
