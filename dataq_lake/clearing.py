"""Empties a table whose rows will be derived again."""

from __future__ import annotations

import time

from dataq_lake.committing import Change, commit
from dataq_lake.errors import FixTheCall, Retry
from dataq_lake.table import TableHandle
from dataq_lake.written import CommitInfo, Written

ATTEMPTS = 40


def clear(handle: TableHandle, info: CommitInfo) -> Written:
    """Takes all files out of the table in one commit; none of them has to be readable."""
    if handle.table.insert_only:
        raise FixTheCall(f"table {handle.name} is insert-only: its rows do not go")
    for attempt in range(ATTEMPTS):
        snapshot = handle.snapshot()
        if snapshot is None or not snapshot.files:
            return Written(version=snapshot.version if snapshot else None)
        rows = sum(file.rows or 0 for file in snapshot.files)
        change = Change(removed=snapshot.files, deleted=max(1, rows))
        written = commit(handle, change, info, only_after=snapshot.version)
        if written is not None:
            handle.borrow_keys()  # what was learnt of the keys no longer holds
            return written
        time.sleep(0.005 * attempt)
    raise Retry(f"table {handle.name}: other writers were faster too often, run again")
