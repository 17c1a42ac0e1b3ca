"""Publishes a difference to the search index as a new, immutable snapshot."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from itertools import islice
from typing import TYPE_CHECKING

import pyarrow as pa

from dataq_lake.ids import make_id
from dataq_lake.indexes.documents import Publication, Published, checked, rows_of, text_documents
from dataq_lake.indexes.draft import Draft
from dataq_lake.indexes.folder import IndexFolder, indexes_in
from dataq_lake.indexes.keys import to_keys
from dataq_lake.memory import give_back
from dataq_lake.storage import writable
from dataq_lake.written import CommitInfo

if TYPE_CHECKING:
    from dataq_lake.indexes.manifest import Manifest, Model
    from dataq_lake.lake import Lake

_IDS = 10_000
_ROWS = 4_096


def publish(lake: Lake, publication: Publication, commit: CommitInfo | None = None) -> Published:
    """Applies `publication` and returns what it did; without changes there is no new snapshot.

    A crash at any moment leaves the current snapshot as it was, and the next call removes what the
    crash left over. Publishers wait for each other. Raises WrongSchema and IndexDamaged.
    """
    began = time.perf_counter()
    info = commit or CommitInfo(asset="indexes")
    folder = indexes_in(lake.root)
    give_back()  # the text index maps what it merges
    with writable(lake.root), folder.writing():
        latest = folder.latest()
        now = datetime.now(UTC)
        tables = {**lake.versions(), **publication.tables}
        base = latest if latest and latest.extends_to(publication.model) else None
        id_ = make_id("snapshot", latest.id if latest else None, info.run_id, now.isoformat())
        draft = Draft(folder, base, publication.model, id_)
        _apply(draft, publication)
        if draft.changed:
            latest = draft.finish(info.run_id, tables)
        record(lake, folder, info)
    return Published(
        snapshot=latest.id if latest else None,
        added=draft.added,
        removed=draft.removed,
        segments=latest.segments if latest else 0,
        parts=len(latest.parts) if latest else 0,
        bytes=draft.bytes,
        seconds=time.perf_counter() - began,
    )


def indexed_segments(lake: Lake, model: Model) -> pa.ChunkedArray:
    """The ids of the segments in the current snapshot, none if it is of another model.

    What is not in it is new to the index, what is in it but no longer current is gone.
    """
    from dataq_lake.indexes.snapshot import Snapshot

    folder = indexes_in(lake.root)
    latest = folder.latest()
    if latest is None or not latest.extends_to(model):
        return pa.chunked_array([], pa.string())
    return Snapshot(folder, latest).segment_ids()


def _apply(draft: Draft, publication: Publication) -> None:
    for ids in _chunks(publication.gone, _IDS):
        draft.remove(ids)
    for batch in publication.new:
        new = draft.unknown(to_keys(checked(batch).column("segment_id").to_pylist()))
        if len(new) == batch.num_rows:
            _add(draft, publication, batch)
        elif len(new):
            _add(draft, publication, batch.take(pa.array(new)))


def _add(draft: Draft, publication: Publication, batch: pa.RecordBatch) -> None:
    """Texts first: they are indexed beside what follows."""
    documents = checked(batch)
    starts = range(0, batch.num_rows, _ROWS)
    for start in starts:
        draft.add_texts(text_documents(documents.slice(start, _ROWS)))
    vectors = publication.vectors_of(batch)
    for start in starts:
        some = documents.slice(start, _ROWS)
        draft.add(rows_of(some, vectors[start : start + _ROWS], publication))


def record(lake: Lake, folder: IndexFolder, info: CommitInfo) -> None:
    """Gives every snapshot its row, also one whose publisher died between the two."""
    handle = lake.table("snapshots")
    known = set(handle.scan(["id"]).collect().to_series())
    names = [name for name in folder.names() if name.partition("-")[2] not in known]
    fresh = [_row(folder.read(name)) for name in names]
    if fresh:
        handle.insert_new([pa.RecordBatch.from_pylist(fresh, schema=handle.table.schema)], info)


def _row(manifest: Manifest) -> dict[str, object]:
    return {
        "id": manifest.id,
        "created_at": datetime.fromisoformat(manifest.created_at),
        "manifest": manifest.to_json(),
        "segments": manifest.segments,
        "run_id": manifest.run_id,
        "sequence": manifest.sequence,
        "retired_at": None,
    }


def _chunks(ids: Iterable[str], size: int) -> Iterator[list[str]]:
    rest = iter(ids)
    while chunk := list(islice(rest, size)):
        yield chunk
