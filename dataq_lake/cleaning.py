"""Takes away what nothing can read any more: old versions' files, log entries, blobs.

What stays: the lake as it is, every moment within the retention, and every snapshot that is not
retired, however old. What is younger than `FRESH` stays too: a writer may be about to name it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import accumulate
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dataq_lake.indexes.manifest import Manifest
    from dataq_lake.interface import LakeTable, TableLog
    from dataq_lake.lake import Lake
    from dataq_lake.location import Location
    from dataq_lake.log_entries import Commit
    from dataq_lake.table import TableHandle

RETENTION = timedelta(days=90)
FRESH = timedelta(days=7)
BLOB_COLUMNS = ("blob_uri", "storage_path")


@dataclass(frozen=True)
class Freed:
    """What a clean-up took away; `bytes` on disk."""

    files: int = 0
    bytes: int = 0

    def __add__(self, other: Freed) -> Freed:
        return Freed(self.files + other.files, self.bytes + other.bytes)


def needed_versions(
    commits: Iterable[Commit], pinned: Iterable[int], horizon: datetime
) -> set[int]:
    """The versions of a table that have to stay readable.

    `commits` are all that its log tells of, newest first; `pinned` those that live snapshots name.
    Needed are these, the newest, all since `horizon`, and the one before: so it was at the horizon.
    Where the clock went back, a version counts as no older than the one before it.
    """
    told = list(commits)
    times = [*accumulate((commit.time for commit in reversed(told)), max)][::-1]
    needed = set(pinned)
    for commit, at in zip(told, times, strict=True):
        needed.add(commit.version)
        if at < horizon:
            break
    return needed


def pinned_versions(lake: Lake, name: str, log: TableLog) -> set[int]:
    """The versions of a table that live snapshots need."""
    from dataq_lake.indexes.folder import indexes_in
    from dataq_lake.past import PastLake

    found = set()
    for manifest in indexes_in(lake.root).manifests():
        made = datetime.fromisoformat(manifest.created_at)
        version = PastLake(lake.root, made, manifest).version_of(name, log)
        if version is not None:
            found.add(version)
    return found


def needed_files(handle: TableHandle, horizon: datetime) -> set[str]:
    """The files, relative to the table's folder, of every version that has to stay readable.

    Raises VersionGone if somebody else's clean-up took the log of one: no guess is made then.
    """
    return handle.log.files_of(needed_versions(handle.log.history(), handle.pinned(), horizon))


def needed_blobs(lake: Lake) -> set[str]:
    """The blobs (blob:<sha256>) that any row on disk names, whatever version it belongs to.

    Table files that nothing needs are removed first (`vacuum`), so these are the blobs of every
    version that has to stay. Raises ContentDamaged for a file that cannot be read.
    """
    found: set[str] = set()
    for name in lake.stored():
        for uris in lake.table(name).stored_values(BLOB_COLUMNS):
            found.update(uri for uri in uris if uri and uri.startswith("blob:"))
    return found


def needed_parts(manifests: Iterable[Manifest]) -> set[str]:
    """The parts of the search index that any of these snapshots is made of."""
    return {part.id for manifest in manifests for part in manifest.parts}


def vacuum(
    handle: LakeTable,
    retention: timedelta = RETENTION,
    fresh: timedelta = FRESH,
    now: datetime | None = None,
) -> Freed:
    """Removes what no version of the table needs that has to stay: data files and old log.

    Nobody has to stop meanwhile. Raises VersionGone, with nothing removed, as `needed_files`.
    """
    return handle.vacuum(retention, fresh, now or datetime.now(UTC))


def unneeded(
    handle: TableHandle,
    retention: timedelta = RETENTION,
    fresh: timedelta = FRESH,
    now: datetime | None = None,
) -> list[Location]:
    """What `vacuum` removes, in an order in which it may be ended after any of them."""
    now = now or datetime.now(UTC)
    if not handle.exists:
        return []
    # listed first: whatever is committed from here on is younger than `fresh`
    old = [path for path in handle.stored_files() if _age(path, now) > fresh]
    versions = needed_versions(handle.log.history(), handle.pinned(), now - retention)
    needed = handle.log.files_of(versions)
    return [*(path for path in old if path.name not in needed), *handle.log.unneeded(versions)]


def vacuum_all(
    lake: Lake, retention: timedelta = RETENTION, fresh: timedelta = FRESH
) -> dict[str, Freed]:
    """`vacuum` for every table; what was freed, by table."""
    return {name: vacuum(lake.table(name), retention, fresh) for name in lake.stored()}


def collect_blobs(
    lake: Lake, fresh: timedelta = FRESH, go_on: Callable[[Freed, str], bool] = lambda *_: True
) -> Freed:
    """Removes the blobs that no row names and that nobody has stored for `fresh`.

    After `vacuum_all`: a blob is needed as long as a file that names it is there. `go_on` hears
    what was freed so far and which blob is next, and may end it there.
    """
    freed = Freed()
    with lake.blobs.collecting():
        for uri in unneeded_blobs(lake, fresh):
            if not go_on(freed, uri):
                break
            size = lake.blobs.collect(uri, fresh)
            freed += Freed(int(size is not None), size or 0)
    return freed


def unneeded_blobs(lake: Lake, fresh: timedelta = FRESH) -> list[str]:
    """The blobs that `collect_blobs` looks at."""
    old = lake.blobs.older_than(fresh)
    needed = needed_blobs(lake) if old else set()
    return [uri for uri in old if uri not in needed]


def _age(path: Location, now: datetime) -> timedelta:
    try:
        return now - datetime.fromtimestamp(path.stat().st_mtime, UTC)
    except FileNotFoundError:  # somebody else removed it just now
        return timedelta(0)


def remove(paths: Iterable[Location]) -> Freed:
    """Removes files; those that are gone already do not count."""
    freed = Freed()
    for path in paths:
        try:
            size = path.stat().st_size
            path.unlink()
        except FileNotFoundError:
            continue
        freed += Freed(1, size)
    return freed
