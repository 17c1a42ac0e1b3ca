"""Reads what a hit shows of a segment: from the parts of its snapshot, or as older ones kept it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pyarrow as pa

    from dataq_lake.indexes.snapshot import Snapshot

Document = dict[str, Any]
"""A segment's id and what it shows; its `timestamp`, if any, in microseconds since 1970."""


def documents(snapshot: Snapshot, ids: Sequence[str]) -> dict[str, Document]:
    """The documents of those `ids` that are in the snapshot; raises IndexDamaged."""
    if not ids:
        return {}
    read = _shown if snapshot.manifest.shows_from_parts else _stored
    return {document["id"]: document for document in read(snapshot, ids)}


def assets(snapshot: Snapshot, ids: Sequence[str]) -> dict[str, str]:
    """The asset of each of those `ids` that are in the snapshot; raises IndexDamaged."""
    if not snapshot.manifest.shows_from_parts:
        return {id_: each["asset_id"] for id_, each in documents(snapshot, ids).items()}
    from dataq_lake.indexes.keys import to_keys

    found: dict[str, str] = {}
    keys = to_keys(ids)
    for part in snapshot.parts if ids else ():
        rows = part.find(keys)
        here = [id_ for id_, row in zip(ids, rows.tolist(), strict=True) if row >= 0]
        found.update(zip(here, part.shown.asset_ids(rows[rows >= 0]), strict=True))
    return found


def _shown(snapshot: Snapshot, ids: Sequence[str]) -> list[Document]:
    from dataq_lake.indexes.keys import to_ids, to_keys

    found: list[Document] = []
    keys = to_keys(ids)
    for part in snapshot.parts:
        rows = part.find(keys)
        there = rows >= 0
        if there.any():
            shown = _plain(part.shown.rows(rows[there]))
            found += [
                {"id": id_, **row} for id_, row in zip(to_ids(keys[there]), shown, strict=True)
            ]
    return found


def _plain(shown: pa.Table) -> list[Document]:
    """The rows as Python's own types; a time may be one that Python has no object for.

    Times are read one by one: to cast them together loads 30 ms of functions with the first search.
    """
    rows = shown.drop_columns(["timestamp"]).to_pylist()
    times = [time.value for time in shown["timestamp"]]
    return [
        {name: value or "" for name, value in row.items()} | {"timestamp": time}
        for row, time in zip(rows, times, strict=True)
    ]


def _stored(snapshot: Snapshot, ids: Sequence[str]) -> list[Document]:
    """As text indexes kept them up to index format 1."""
    import tantivy

    index = snapshot.text
    searcher = index.searcher()
    known = tantivy.Query.term_set_query(index.schema, "id", list(ids))
    hits = searcher.search(known, len(ids), count=False).hits
    stored = (searcher.doc(address).to_dict() for _, address in hits)
    return [{name: values[0] for name, values in document.items()} for document in stored]
