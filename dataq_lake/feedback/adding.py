"""Stores what people say, each statement once, about things that there are."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from dataq_lake.errors import FixTheCall, UnknownId
from dataq_lake.feedback.statement import Statement, statement_of
from dataq_lake.written import CommitInfo

if TYPE_CHECKING:
    from dataq_lake.lake import Lake

TABLE = "feedback"
_WHOLE = re.compile(r"[0-9a-f]{32}")
_PLACES = (("segments", "segment"), ("assets", "asset"), ("relationships", "edge"))


@dataclass(frozen=True)
class Added:
    """How many statements are new, and how many were there already."""

    new: int
    known: int
    ids: tuple[str, ...]


def add(lake: Lake, statements: Sequence[Statement], now: datetime | None = None) -> Added:
    """Stores `statements`; one whose id is there already is not stored again.

    Raises FixTheCall for a wrong one, UnknownId for what is not in the lake: then none is stored.
    """
    import pyarrow as pa

    rows = {row["id"]: row for row in rows_of(lake, statements, now)}
    handle = lake.table(TABLE)
    batch = pa.RecordBatch.from_pylist(list(rows.values()), schema=handle.table.schema)
    info = CommitInfo(asset=TABLE)
    new = handle.insert_new([batch], info).rows if rows else 0
    return Added(new, len(statements) - new, tuple(rows))


def rows_of(
    lake: Lake, statements: Sequence[Statement], now: datetime | None = None
) -> list[dict[str, Any]]:
    """The rows that `statements` would be; raises FixTheCall, UnknownId."""
    for each in statements:
        each.check()
    entities = _entities(lake, {each.entity_id for each in statements})
    at, snapshot = now or datetime.now(UTC), _current(lake)
    return [_row(each, entities[each.entity_id], snapshot, at) for each in statements]


def read_statements(lines: Iterable[str], name: str) -> list[Statement]:
    """The statements of JSON lines; raises FixTheCall with `name` and the number of the line."""
    found = []
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
            if not isinstance(row, dict):
                raise FixTheCall("write one JSON object a line")
            found.append(statement_of(row))
        except (ValueError, FixTheCall) as error:
            raise FixTheCall(f"{name}:{number}: {error}") from None
    return found


def _row(
    said: Statement, entity: tuple[str, str], snapshot: str | None, now: datetime
) -> dict[str, Any]:
    id_, kind = entity
    if (said.about == "edge") != (kind == "edge"):
        wanted = "an edge: a row of relationships" if said.about == "edge" else "no edge"
        raise FixTheCall(f"{id_} is {kind}, and this has to be about {wanted}")
    return {
        "id": said.id or said.known_as(id_),
        "kind": said.kind,
        "query": said.query,
        "entity_id": id_,
        "entity_type": kind,
        "about": said.about,
        "detail": said.detail,
        "value": said.value,
        "note": said.note,
        "by": said.by,
        "snapshot": said.snapshot or snapshot,
        "created_at": said.created_at or now,
    }


def _entities(lake: Lake, ids: set[str]) -> dict[str, tuple[str, str]]:
    """The whole id and the kind of each; whole ones are looked for all at once."""
    import polars as pl

    whole = [id_ for id_ in ids if _WHOLE.fullmatch(id_)]
    found: dict[str, tuple[str, str]] = {}
    wanted = pl.LazyFrame({"id": whole}, schema={"id": pl.String})
    for table, kind in reversed(_PLACES) if whole else ():
        rows = lake.table(table).scan(["id"]).join(wanted, on="id", how="semi")
        found.update({id_: (id_, kind) for id_ in rows.collect()["id"]})
    for id_ in ids - found.keys():
        found[id_] = _resolved(lake, id_)
    return found


def _resolved(lake: Lake, id_: str) -> tuple[str, str]:
    from dataq_lake.ancestry import resolve
    from dataq_lake.lookup import Lookup

    edges = Lookup(lake).beginning("relationships", "id", id_, 2) if len(id_) >= 8 else []
    if len(edges) == 1:
        return edges[0], "edge"
    try:
        kind, whole = resolve(lake, id_)
    except UnknownId as unknown:
        raise UnknownId(f"{unknown}, nor has an edge") from None
    if kind not in {"segment", "asset"}:
        raise UnknownId(f"{whole} is no segment and no asset: it was rejected, or is no more")
    return whole, kind


def _current(lake: Lake) -> str | None:
    from dataq_lake.indexes.folder import indexes_in

    latest = indexes_in(lake.root).latest()
    return latest.id if latest else None
