"""Brings every table of a lake to the schema of this DataQ, or changes nothing.

A table's old version stays readable by `--as-of` like any other. Three commits make an upgrade:
columns are added (null so far), all rows are replaced by migrated ones, the new version is
written down. Each leaves a table that reads well, and the one that replaces the rows says so in
itself; so who is killed between two of them goes on where it ended, and does nothing twice.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from dataq_lake import reading
from dataq_lake.committing import Change, commit
from dataq_lake.declared_table import BATCH_BYTES
from dataq_lake.errors import CannotUpgrade, LakeError, Retry, UpgradeLake
from dataq_lake.indexes.folder import indexes_in
from dataq_lake.indexes.manifest import FORMAT
from dataq_lake.log_entries import SCHEMA_VERSION, Snapshot
from dataq_lake.migrating import Migration, migrated, way
from dataq_lake.parts import PartWriter, discard
from dataq_lake.table import TableHandle
from dataq_lake.written import CommitInfo

if TYPE_CHECKING:
    from dataq_lake.interface import LakeTable
    from dataq_lake.lake import Lake

ATTEMPTS = 10
MARK = "dataq.schema"
"""Delta's transaction that says to which version the rows were migrated."""
INFO = CommitInfo(asset="upgrade")


@dataclass(frozen=True)
class Upgrade:
    """What has to be done to one table: from its version to ours, by these migrations."""

    table: str
    before: int
    after: int
    migrations: tuple[str, ...]
    rows: int

    def as_dict(self) -> dict[str, Any]:
        """The upgrade as JSON can hold it."""
        return asdict(self)


def plan(lake: Lake) -> list[Upgrade]:
    """What `upgrade` would do, in order of the tables' names; nothing is changed.

    Raises UpgradeDataq for a table or an index that a newer DataQ has written, CannotUpgrade for
    a version that nobody knows or that no migration leads from, UnknownTable.
    """
    found = []
    for name in lake.stored():
        handle = lake.table(name)
        snapshot = handle.snapshot()
        before = snapshot.schema_version if snapshot else handle.table.version
        steps = way(name, before, handle.table.version)
        if snapshot is not None and steps:
            names = tuple(step.name for step in steps)
            found.append(Upgrade(name, before, handle.table.version, names, handle.count()))
    for manifest in indexes_in(lake.root).manifests():  # each refuses what is newer
        if manifest.format < 1:
            raise CannotUpgrade(
                f"snapshot {manifest.id} has format {manifest.format}, this DataQ knows 1 to "
                f"{FORMAT}: nothing was changed"
            )
    return found


def upgrade(lake: Lake, told: Callable[[Upgrade], object] = lambda _: None) -> list[Upgrade]:
    """Does what `plan` says, a table after the other; doing it again does what is left.

    `told` hears of each table that is done. Raises what `plan` raises, before anything is changed,
    and Retry if other writers are at work.
    """
    planned = plan(lake)
    for each in planned:
        handle = lake.table(each.table)
        if isinstance(handle, TableHandle):
            _upgrade(handle, each)
        elif lake.catalogue is not None:
            from dataq_lake.ducklake import upgrading
            from dataq_lake.ducklake.table import DuckLakeTable

            steps = way(each.table, each.before, each.after)
            upgrading.upgrade(DuckLakeTable(lake.catalogue, each.table, lake.settle), steps, INFO)
        told(each)
    return planned


def expect_upgraded(lake: Lake) -> None:
    """Raises UpgradeLake, in one line, if a table of the lake has to be upgraded before a write."""
    old = [name for name in lake.stored() if _is_old(lake.table(name))]
    if old:
        raise UpgradeLake(
            f"the lake was written by an older DataQ ({', '.join(old)}): run `dataq upgrade`, "
            "which keeps the old versions readable"
        )


def _is_old(handle: LakeTable) -> bool:
    try:
        snapshot = handle.snapshot()
    except LakeError:  # told by whoever needs that table; the others can be written to
        return False
    return snapshot is not None and snapshot.schema_version < handle.table.version


def _upgrade(handle: TableHandle, asked: Upgrade) -> None:
    steps = way(handle.name, asked.before, asked.after)
    _add_columns(handle)
    if any(step.migrate for step in steps):
        _replace_rows(handle, asked, steps)
    with handle.lock:
        version = {SCHEMA_VERSION: str(asked.after)}
        handle.delta().alter.set_table_properties(version, raise_if_not_exists=False)


def _add_columns(handle: TableHandle) -> None:
    from deltalake import Schema

    snapshot = handle.snapshot()
    there = set(snapshot.columns) if snapshot else set()
    fields = [
        field for field in Schema.from_arrow(handle.table.schema).fields if field.name not in there
    ]
    if fields:
        with handle.lock:
            handle.delta().alter.add_columns(fields)


def _replace_rows(handle: TableHandle, asked: Upgrade, steps: tuple[Migration, ...]) -> None:
    """One commit, unless the table says that it was made already."""
    for _ in range(ATTEMPTS):
        with handle.lock:
            done = handle.delta().transaction_version(MARK)
        if done is not None and done >= asked.after:
            return
        snapshot = handle.snapshot()
        if snapshot is None:
            return
        writer = PartWriter(handle.table, handle.folder)
        try:
            for batch in _stored(handle, snapshot):
                writer.write(_conformed(handle, migrated(steps, batch)))
            new = tuple(writer.finish())
        except BaseException:
            writer.abort()
            raise
        change = Change(rewritten=new, removed=snapshot.files)
        if commit(handle, change, INFO, snapshot.version, {MARK: asked.after}) is not None:
            return
        discard(handle.folder, new)
    raise Retry(f"table {handle.name}: other writers were faster too often, run again")


def _stored(handle: TableHandle, snapshot: Snapshot) -> Iterator[pa.RecordBatch]:
    """The rows as they lie in their files, with the columns that these have."""
    return reading.stored([handle.folder / file.path for file in snapshot.files], BATCH_BYTES)


def _conformed(handle: TableHandle, batch: pa.RecordBatch) -> pa.RecordBatch:
    """`batch`, which has rows, in the columns and types of the table."""
    whole = reading.conform(pa.Table.from_batches([batch]), handle.table.schema)
    return whole.combine_chunks().to_batches()[0]
