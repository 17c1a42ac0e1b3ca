"""Keeps a DuckLake quick to read and no larger than it need be."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from dataq_lake import compacting
from dataq_lake.ducklake.catalogue import Catalogue
from dataq_lake.ducklake.history import COUNTED, History
from dataq_lake.ducklake.session import LAKE, Session
from dataq_lake.ducklake.state import TABLES, last_change

if TYPE_CHECKING:
    from dataq_lake.cleaning import Freed
    from dataq_lake.ducklake.table import DuckLakeTable


def tidy(handle: DuckLakeTable) -> bool:
    """Merges the table's small files once there are many; says whether it did.

    The catalogue's own way of merging keeps every version readable. A merge that loses against
    another writer is given up: the next write tries again.
    """
    import duckdb

    found = handle.snapshot()
    if not found or sum(file.size < compacting.SMALL for file in found.files) < compacting.MANY:
        return False
    with handle.catalogue.writing, handle.catalogue.making() as session:
        handle.catalogue.expect_writable()
        text = f"call ducklake_merge_adjacent_files('{LAKE}', '{handle.name}')"
        try:
            session.connection.execute(text)
        except duckdb.TransactionException:
            return False
    return True


def vacuum(catalogue: Catalogue, retention: timedelta, fresh: timedelta, now: datetime) -> Freed:
    """Forgets the versions that need not stay, and removes the files that only they needed.

    What stays: every version since the retention and the one before, those that live snapshots of
    the lake name, and the last change of every table. Files that a version let go of within
    `fresh` stay as well: somebody may be reading them.
    """
    from dataq_lake.cleaning import Freed

    with catalogue.session() as session:
        if session is None:
            return Freed()
        catalogue.expect_writable()
        gone = _unneeded(session, catalogue, now - retention)
        if gone:
            listed = ", ".join(map(str, gone))
            text = f"call ducklake_expire_snapshots('{LAKE}', versions => [{listed}])"
            session.connection.execute(text)
        before = _on_disk(catalogue)
        text = f"call ducklake_cleanup_old_files('{LAKE}', older_than => $limit)"
        session.connection.execute(text, {"limit": datetime.now(UTC) - fresh})
        text = f"call ducklake_delete_orphaned_files('{LAKE}', older_than => $limit)"
        session.connection.execute(text, {"limit": datetime.now(UTC) - fresh})
        left = _on_disk(catalogue)
    lost = [size for path, size in before.items() if path not in left]
    return Freed(len(lost), sum(lost))


def _unneeded(session: Session, catalogue: Catalogue, horizon: datetime) -> list[int]:
    found = [(int(number), counted) for number, counted in session.rows(COUNTED)]
    before = [number for number, time in found if time < horizon]
    newest = found[-1][0]
    needed = {newest, *before[-1:], *_named(catalogue)}
    for name in catalogue.tables():
        tables = session.rows(TABLES, {"name": name})
        needed.add(last_change(session, name, tables, newest))
    return [number for number in before if number not in needed]


def _named(catalogue: Catalogue) -> set[int]:
    """The versions that live snapshots of the lake name, of any table."""
    from dataq_lake.cleaning import pinned_versions
    from dataq_lake.lake import Lake

    lake = Lake(catalogue.root)
    return {
        version
        for name in catalogue.tables()
        for version in pinned_versions(lake, name, History(catalogue, name))
    }


def _on_disk(catalogue: Catalogue) -> dict[str, int]:
    tables = catalogue.root / "tables"
    files = tables.rglob("*.parquet") if isinstance(tables, Path) else tables.below()
    return {str(path): path.stat().st_size for path in files}
