"""Brings a DuckLake table to the schema of this DataQ: one transaction, made or not made."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import pyarrow as pa

from dataq_lake.declared_table import BATCH_BYTES
from dataq_lake.ducklake.reading import Reader
from dataq_lake.ducklake.staging import Staging
from dataq_lake.ducklake.writing import Change, commit
from dataq_lake.errors import Retry
from dataq_lake.migrating import Migration, migrated
from dataq_lake.reading import conform
from dataq_lake.storage import writable
from dataq_lake.written import CommitInfo

if TYPE_CHECKING:
    from dataq_lake.ducklake.state import State
    from dataq_lake.ducklake.table import DuckLakeTable

ATTEMPTS = 10


def upgrade(handle: DuckLakeTable, steps: Sequence[Migration], info: CommitInfo) -> None:
    """Adds the columns that are new, and puts migrated rows in the place of all that are there.

    Rows are left alone where no step migrates them. Raises Retry if other writers never stop.
    """
    for _ in range(ATTEMPTS):
        state = handle.snapshot()
        if state is None or state.schema_version >= handle.table.version:
            return
        migrates = any(step.migrate for step in steps)
        with writable(handle.root), Staging(handle.catalogue, handle.table) as staging:
            for batch in _rows(handle, state, steps) if migrates else ():
                staging.add(batch)
            change = Change(info, clear=staging.rows > 0, instead_of=state.version)
            if commit(handle, staging, change) is not None:
                return
    raise Retry(f"table {handle.name}: other writers were faster too often, run again")


def _rows(
    handle: DuckLakeTable, state: State, steps: Sequence[Migration]
) -> Iterator[pa.RecordBatch]:
    """The rows, of the columns that they were written with, as the steps leave them."""
    schema = handle.table.schema
    columns = [name for name in state.columns if name in schema.names]
    for batch in Reader(handle.catalogue, handle.table, state).batches(columns, BATCH_BYTES):
        rows = pa.Table.from_batches([migrated(steps, batch)])
        yield from conform(rows, schema).combine_chunks().to_batches()
