"""What people say of tags and of the names of collections: a person's decision, no result."""

from __future__ import annotations

import getpass
import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from dataq_lake.difference import Difference
from dataq_lake.errors import FixTheCall, UnknownId
from dataq_lake.ids import make_id
from dataq_lake.schemas.groups import MANUAL
from dataq_lake.written import CommitInfo

if TYPE_CHECKING:
    from dataq_lake.lake import Lake

TABLE = "tags"
WORDS = "manual_tags"
NAMES = "collection_names"
LONGEST = 100
"""Characters of a tag or of a name."""
_BEGINNING = re.compile(r"[0-9a-f]{1,32}")
_ENTITY = """
select id, version_of as thing from entities
    where starts_with(id, '{id}') and entity_type in ('asset', 'collection')
    order by id limit 2
"""
_LATEST = "select id from entities where version_of = '{thing}' and is_latest and {assets} limit 1"
_KINDS = "entity_type in ('asset', 'collection')"


def tag_id(entity_id: str, tag: str, method: str) -> str:
    """The id of a row of `tags`."""
    return make_id("tag", entity_id, tag, method)


def checked(text: str, what: str) -> str:
    """`text` as a tag or a name, on one line; raises FixTheCall for one that cannot be."""
    found = " ".join(text.split())
    if not found or len(found) > LONGEST or not found.isprintable():
        raise FixTheCall(
            f"{what} has 1 to {LONGEST} characters that can be printed, on one line: "
            f"{text[:LONGEST]!r} is none"
        )
    return found


def entity_and_thing(lake: Lake, id_: str) -> tuple[str, str]:
    """The current version of what `id_` (or its first digits) names, and the first of them all.

    Raises UnknownId for no asset or collection, or one that is deleted, FixTheCall for several.
    """
    rows = lake.sql(_ENTITY.format(id=id_)).fetchall() if _BEGINNING.fullmatch(id_) else []
    if not rows:
        raise UnknownId(
            f"no asset or collection {id_!r}: `dataq search` and `dataq collections` tell ids"
        )
    if len(rows) > 1:
        raise FixTheCall(f"{id_!r} is the beginning of several ids: give more of it")
    thing = str(rows[0][1])
    latest = lake.sql(_LATEST.format(thing=thing, assets=_KINDS)).fetchall()
    if not latest:
        raise UnknownId(f"{rows[0][0]} is deleted: only what is current has tags")
    return str(latest[0][0]), thing


def add(lake: Lake, id_: str, tags: Sequence[str], by: str | None = None) -> dict[str, Any]:
    """Gives an asset or a collection these tags, for all of its versions: entity_id, added.

    Raises FixTheCall for what cannot be a tag, UnknownId.
    """
    entity, thing = entity_and_thing(lake, id_)
    names = [checked(tag, "a tag") for tag in tags]
    said = [_word(thing, tag, "added", by) for tag in names]
    _write(lake, WORDS, said, [row["id"] for row in said])
    rows = [
        {
            "id": tag_id(entity, row["tag"], MANUAL),
            "entity_id": entity,
            "tag": row["tag"],
            "confidence": 1.0,
            "method": MANUAL,
            "tagged_by": row["tagged_by"],
            "created_at": row["tagged_at"],
        }
        for row in said
    ]
    _write(lake, TABLE, rows)
    return {"entity_id": entity, "added": names}


def remove(lake: Lake, id_: str, tags: Sequence[str], by: str | None = None) -> dict[str, Any]:
    """Takes tags away, whoever gave them, so that no tagger gives them back: entity_id, removed.

    Raises FixTheCall for a tag that it has not, UnknownId.
    """
    entity, thing = entity_and_thing(lake, id_)
    names = [checked(tag, "a tag") for tag in tags]
    have = _rows(lake, TABLE, "entity_id", entity)
    held = sorted({row["tag"] for row in have})
    for tag in names:
        if tag not in held:
            raise FixTheCall(f"{entity} has no tag {tag!r}: it has {', '.join(held) or 'none'}")
    said = [_word(thing, tag, "removed", by) for tag in names]
    _write(lake, WORDS, said, [row["id"] for row in said])
    _write(lake, TABLE, [], [row["id"] for row in have if row["tag"] in names])
    return {"entity_id": entity, "removed": names}


def rename(lake: Lake, id_: str, name: str, by: str | None = None) -> dict[str, Any]:
    """Calls a collection so, whatever its members become: collection_id, name.

    Raises FixTheCall for what cannot be a name, UnknownId.
    """
    found = collection(lake, id_)
    now = datetime.now(UTC)
    given = {
        "collection_id": found["id"],
        "name": checked(name, "a name"),
        "named_by": by or whoever(),
        "named_at": now,
    }
    _write(lake, NAMES, [given], [found["id"]])
    row = {**found, "name": given["name"], "name_method": MANUAL, "updated_at": now}
    _write(lake, "collections", [row], [found["id"]])
    return {"collection_id": found["id"], "name": given["name"]}


def collection(lake: Lake, id_: str) -> dict[str, Any]:
    """The row of a collection, given its id, its first digits or its name; raises UnknownId."""
    found = _rows(lake, "collections", "name", id_)
    if not found and _BEGINNING.fullmatch(id_):
        found = _rows(lake, "collections", "id", id_)
    if not found:
        raise UnknownId(f"no collection {id_!r}: `dataq collections list` tells them")
    if len(found) > 1:
        raise FixTheCall(f"{id_!r} means several collections: give more of the id")
    return found[0]


def whoever() -> str | None:
    """The name of the user of this machine, None where there is none."""
    try:
        return getpass.getuser()
    except (OSError, KeyError):
        return None


def _word(thing: str, tag: str, state: str, by: str | None) -> dict[str, Any]:
    return {
        "id": make_id("said", thing, tag),
        "thing_id": thing,
        "tag": tag,
        "state": state,
        "tagged_by": by or whoever(),
        "tagged_at": datetime.now(UTC),
    }


def _rows(lake: Lake, table: str, column: str, begins: str) -> list[dict[str, Any]]:
    """The rows of this value; of an `id`, those that begin with it."""
    import polars as pl

    value = pl.col(column)
    mine = value.str.starts_with(begins) if column == "id" else value == begins
    with lake.reading():
        return lake.table(table).scan().filter(mine).collect().to_dicts()


def _write(
    lake: Lake, table: str, rows: Sequence[Mapping[str, Any]], gone: Sequence[str] = ()
) -> None:
    import pyarrow as pa

    handle = lake.table(table)
    batch = pa.RecordBatch.from_pylist([dict(row) for row in rows], schema=handle.table.schema)
    handle.apply(Difference([batch] if rows else (), gone), CommitInfo(asset=f"dataq {table}"))
