"""What the catalogue still tells of the changes to one table."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from dataq_lake.ducklake.catalogue import Catalogue
from dataq_lake.ducklake.session import Session
from dataq_lake.ducklake.state import TABLES, last_change
from dataq_lake.errors import NotYet, VersionGone
from dataq_lake.log_entries import Commit

CHANGES = """
    select snapshot.snapshot_id, snapshot.snapshot_time, changes.changes_made,
        changes.commit_extra_info
    from {meta}.ducklake_snapshot as snapshot
    join {meta}.ducklake_snapshot_changes as changes using (snapshot_id)
    where regexp_matches(changes.changes_made, ':($any)(,|$end)') or snapshot.snapshot_id in ($made)
    order by snapshot_id desc
"""
WRITTEN = """
    select begin_snapshot, sum(file_size_bytes), count(*) from {meta}.ducklake_data_file
    where table_id in ($ids) group by begin_snapshot
"""
# Where the clock went back, a version counts as no older than the one before it.
COUNTED = """
    select snapshot_id, max(snapshot_time) over (order by snapshot_id) as counted
    from {meta}.ducklake_snapshot order by snapshot_id
"""
BEFORE = f"select max(snapshot_id) from ({COUNTED}) where counted <= $time"
OLDEST = "select min(snapshot_id) from {meta}.ducklake_snapshot"


class History:
    """The versions of the table `name`, as far back as they are kept."""

    def __init__(self, catalogue: Catalogue, name: str) -> None:
        self._catalogue = catalogue
        self._name = name

    def history(self) -> Iterator[Commit]:
        """The commits to this table, the newest first."""
        with self._catalogue.session() as session:
            found = _commits(session, self._name) if session else []
        return iter(found)

    def version_at(self, time: datetime) -> int:
        """The newest version committed at or before `time`; raises NotYet, VersionGone."""
        with self._catalogue.session() as session:
            tables = session.rows(TABLES, {"name": self._name}) if session else []
            if session is None or not tables:
                raise NotYet(f"{self._name} had no version yet at {time.isoformat()}")
            at = session.rows(BEFORE, {"time": time})[0][0]
            oldest = session.rows(OLDEST)[0][0]
            if at is not None and at >= tables[0][1]:
                return last_change(session, self._name, tables, at)
        if at is None and oldest > tables[0][1]:
            raise VersionGone(
                f"the versions of {self._name} before {oldest} were cleaned up, so nobody can tell "
                f"how it was at {time.isoformat()}: `dataq snapshots list` shows what is kept"
            )
        raise NotYet(f"{self._name} had no version yet at {time.isoformat()}")


def _commits(session: Session, name: str) -> list[Commit]:
    tables = session.rows(TABLES, {"name": name})
    if not tables:
        return []
    ids = [str(row[0]) for row in tables]
    made = ",".join(str(row[1]) for row in tables)
    text = CHANGES.replace("$any", "|".join(ids)).replace("$made", made).replace("$end", "$")
    sizes = {
        begin: (int(size), count)
        for begin, size, count in session.rows(WRITTEN.replace("$ids", ",".join(ids)))
    }
    return [_commit(row, sizes.get(row[0], (0, 0))) for row in session.rows(text)]


def _commit(row: tuple[Any, ...], size: tuple[int, int]) -> Commit:
    version, time, changes, extra = row
    told = _told(extra)
    return Commit(
        version,
        time.astimezone(UTC),
        str(changes),
        str(told.get("run_id", "")),
        str(told.get("asset", "")),
        int(told.get("rows", 0)),
        int(told.get("deleted", 0)),
        size[0],
        size[1],
        str(told.get("commit_id", "")),
    )


def _told(extra: str | None) -> dict[str, Any]:
    try:
        found = json.loads(extra or "{}")
    except ValueError:  # somebody else's commit
        return {}
    return found if isinstance(found, dict) else {}
