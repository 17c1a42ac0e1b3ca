"""Snapshots of the whole lake: named, listed, kept and retired.

A snapshot is a published manifest: the version of every table, and the parts of the search index.
Each run that changes the index publishes one; `create` publishes one of the lake as it stands.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from dataq_lake.errors import NameTaken, UnknownSnapshot
from dataq_lake.ids import make_id
from dataq_lake.indexes.folder import IndexFolder, indexes_in
from dataq_lake.indexes.manifest import INDEX_FORMAT, NO_MODEL, Manifest
from dataq_lake.indexes.marks import Mark, checked_name
from dataq_lake.written import CommitInfo

if TYPE_CHECKING:
    from dataq_lake.lake import Lake


@dataclass(frozen=True)
class SnapshotFacts:
    """A snapshot as people see it; `kept` ones are retired only by hand."""

    id: str
    name: str | None
    kept: bool
    current: bool
    created_at: datetime
    segments: int
    tables: Mapping[str, int]
    run_id: str

    def as_dict(self) -> dict[str, Any]:
        """The facts by name."""
        return asdict(self)


def snapshots(lake: Lake) -> list[SnapshotFacts]:
    """Every snapshot that is not retired, the newest first."""
    folder = indexes_in(lake.root)
    manifests, marks = folder.manifests(), folder.marks.all()
    return [
        _facts(manifest, marks.get(manifest.id), manifest == manifests[-1])
        for manifest in reversed(manifests)
    ]


def create(lake: Lake, name: str | None = None, run_id: str = "") -> SnapshotFacts:
    """Publishes the lake as it stands now as a snapshot, which is kept until it is retired.

    Where nothing changed since the last one, that one is taken. Raises InvalidName, NameTaken.
    """
    folder = indexes_in(lake.root)
    with folder.writing():
        latest, versions = folder.latest(), lake.versions()
        mark = folder.marks.all().get(latest.id, Mark(latest.id)) if latest else None
        if name is not None:
            _free(folder, checked_name(name), unless=mark)
        if latest is None or mark is None or not _fits(latest, versions, mark, name):
            latest = _publish(folder, latest, versions, run_id)
            mark = Mark(latest.id)
        mark = replace(mark, name=name or mark.name)
        folder.marks.write(mark)
        _record(lake, folder, run_id)
    return _facts(latest, mark, current=True)


def keep(lake: Lake, snapshot: str, name: str | None = None) -> SnapshotFacts:
    """Keeps a snapshot, given by name or id, until somebody retires it; `name` is its new name.

    Raises UnknownSnapshot, InvalidName, NameTaken.
    """
    folder = indexes_in(lake.root)
    with folder.writing():
        manifest = find(folder, snapshot)
        old = folder.marks.all().get(manifest.id, Mark(manifest.id))
        if name is not None and name != old.name:
            _free(folder, checked_name(name), unless=old)
            old = replace(old, name=name)
        folder.marks.write(old)
        current = manifest == folder.latest()
    return _facts(manifest, old, current)


def retire(lake: Lake, snapshot: str, run_id: str = "") -> SnapshotFacts:
    """Forgets a snapshot, kept or not, and the parts of the index that only it used.

    Tables and blobs that only it needed go with the next clean-up. The current one loses its name
    and its mark but stays, `current` tells so, for it is what is searched. Raises UnknownSnapshot.
    """
    from dataq_lake.upgrading import expect_upgraded

    folder = indexes_in(lake.root)
    manifest = find(folder, snapshot)
    mark = folder.marks.all().get(manifest.id)
    current = manifest == folder.latest()
    expect_upgraded(lake)
    if current:
        folder.marks.remove(manifest.id)
    else:
        folder.retire(manifest.id)
        if mark is not None and mark.name is None:
            folder.marks.remove(manifest.id)
    _record_retired(lake, folder, run_id)
    return _facts(manifest, mark, current)


def retire_all(lake: Lake, ids: Iterable[str], run_id: str = "") -> int:
    """Forgets the snapshots of these whole ids, less those that are kept by now or current.

    Costs one look at the parts for all of them. Returns how many went.
    """
    from dataq_lake.upgrading import expect_upgraded

    expect_upgraded(lake)
    folder = indexes_in(lake.root)
    wanted = set(ids) - folder.marks.all().keys()
    names = [name for name in folder.names()[:-1] if name.partition("-")[2] in wanted]
    folder.remove(names)
    _record_retired(lake, folder, run_id)
    return len(names)


def _record_retired(lake: Lake, folder: IndexFolder, run_id: str) -> None:
    """Says in the table which of its snapshots are no longer there, also those of a killed call."""
    import polars as pl

    from dataq_lake.difference import Difference

    handle = lake.table("snapshots")
    listed = handle.scan().filter(pl.col("retired_at").is_null()).collect()
    # looked at after the table: who is in it and not there was there once
    there = [name.partition("-")[2] for name in folder.names()]
    gone = listed.filter(~pl.col("id").is_in(there))
    if gone.height:
        now = pl.lit(datetime.now(UTC)).cast(pl.Datetime("us", "UTC"))
        rows = gone.with_columns(now.alias("retired_at")).to_arrow().cast(handle.table.schema)
        info = CommitInfo(run_id, "snapshots")
        handle.apply(Difference(rows.to_batches(), gone["id"].to_list(), "id"), info)


def expired(
    found: Iterable[SnapshotFacts], older_than: timedelta, now: datetime
) -> list[SnapshotFacts]:
    """Those that are neither kept nor current, and older than `older_than`."""
    return [
        each
        for each in found
        if not each.kept and not each.current and now - each.created_at > older_than
    ]


def find(folder: IndexFolder, snapshot: str) -> Manifest:
    """The snapshot with this name or beginning of an id; raises UnknownSnapshot."""
    found = folder.resolve(snapshot)
    if found is None:
        raise UnknownSnapshot(f"{snapshot} is a time: give the name or the id of a snapshot")
    return found


def _publish(
    folder: IndexFolder, latest: Manifest | None, versions: Mapping[str, int], run_id: str
) -> Manifest:
    """A snapshot with the index of `latest`, by hard links, and these versions of the tables."""
    now = datetime.now(UTC).isoformat()
    id_ = make_id("snapshot", latest.id if latest else None, run_id, now)
    manifest = Manifest(
        id=id_,
        sequence=latest.sequence + 1 if latest else 1,
        parent=latest.id if latest else None,
        created_at=now,
        run_id=run_id,
        model=latest.model if latest else NO_MODEL,
        segments=latest.segments if latest else 0,
        parts=latest.parts if latest else (),
        tables=dict(versions),
        index_format=latest.index_format if latest else INDEX_FORMAT,
    )
    draft = folder.draft(folder.snapshots, id_)
    if latest is not None:
        folder.link(latest, draft)
    (draft / "manifest.json").write_text(manifest.to_json(), encoding="utf-8")
    folder.publish(draft, manifest.folder)
    return manifest


def _record(lake: Lake, folder: IndexFolder, run_id: str) -> None:
    from dataq_lake.indexes.publish import record

    record(lake, folder, CommitInfo(run_id, "snapshots"))


def _free(folder: IndexFolder, name: str, unless: Mark | None = None) -> None:
    """Makes sure that no other snapshot has this name; that of a retired one is free again."""
    mark = folder.marks.named(name)
    if mark is None or mark == unless:
        return
    if mark.snapshot in {manifest.id for manifest in folder.manifests()}:
        raise NameTaken(
            f"snapshot {mark.snapshot} is called {name}: choose another name, or retire it first"
        )
    folder.marks.remove(mark.snapshot)


def _fits(latest: Manifest, versions: Mapping[str, int], mark: Mark, name: str | None) -> bool:
    """Whether `latest` is the lake as it stands, and may have this name.

    The table `snapshots` changes with each of them, so it does not count.
    """
    same = {**latest.tables, "snapshots": 0} == {**versions, "snapshots": 0}
    return same and (name is None or mark.name in {None, name})


def _facts(manifest: Manifest, mark: Mark | None, current: bool) -> SnapshotFacts:
    return SnapshotFacts(
        id=manifest.id,
        name=mark.name if mark else None,
        kept=mark is not None,
        current=current,
        created_at=datetime.fromisoformat(manifest.created_at),
        segments=manifest.segments,
        tables=manifest.tables,
        run_id=manifest.run_id,
    )
