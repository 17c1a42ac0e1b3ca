"""Which conversation a mail belongs to: mails that name each other, whatever came first."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import polars as pl

from dataq_lake.lake import Lake

COLUMNS = ["asset_id", "message_id", "in_reply_to", "references", "thread_id"]
# The first and so many of the last ids of References count: more would tie together what one
# sender chose to name.
MOST_NAMED = 100


def chain(message: Mapping[str, Any]) -> list[str]:
    """The ids that a mail names, the oldest first, then its own."""
    named = message["references"] or []
    if len(named) > MOST_NAMED:
        named = [named[0], *named[1 - MOST_NAMED :]]
    ids = (*named, message["in_reply_to"], message["message_id"])
    return list(dict.fromkeys(each for each in ids if each))


def threads(messages: Iterable[Mapping[str, Any]]) -> dict[str, str]:
    """The thread of each id that these mails name.

    Mails are of one thread if a line of mails leads from one to the other in which each names an
    id of the next. A thread is called by the id that answers no other, the smallest if there are
    several: it is the same in whatever order the mails came.
    """
    parents: dict[str, str] = {}
    answers: set[str] = set()
    for message in messages:
        ids = chain(message)
        for each in ids:
            parents.setdefault(each, each)
        for each in ids[1:]:
            parents[_root(parents, each)] = _root(parents, ids[0])
        answers.update(ids[1:])
    names: dict[str, str] = {}
    for each in sorted(parents, key=lambda id_: (id_ in answers, id_)):
        names.setdefault(_root(parents, each), each)
    return {each: names[_root(parents, each)] for each in parents}


def _root(parents: dict[str, str], id_: str) -> str:
    while parents[id_] != id_:
        parents[id_] = parents[parents[id_]]
        id_ = parents[id_]
    return id_


def threaded(
    lake: Lake, new: Sequence[Mapping[str, Any]]
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """The new messages with their threads, and the stored ones that are now of another thread."""
    if not new:
        return [], []
    stored = _kin(lake, new)
    known = threads([*new, *stored])
    fresh = [{**each, "thread_id": _thread(known, each)} for each in new]
    moved = {
        each["asset_id"]: thread
        for each in stored
        if (thread := _thread(known, each)) != each["thread_id"]
    }
    return fresh, list(_moved(lake, moved))


def _thread(known: Mapping[str, str], message: Mapping[str, Any]) -> str | None:
    ids = chain(message)
    return known[ids[0]] if ids else None


def _kin(lake: Lake, new: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The other stored mails of every thread that one of `new` names an id of: COLUMNS."""
    table = lake.table("messages")
    if table.version() is None:
        return []
    names = pl.Series(sorted({each for message in new for each in chain(message)}), dtype=pl.String)
    mine = pl.Series([each["asset_id"] for each in new], dtype=pl.String)
    ids = pl.concat_list(
        pl.col("references").fill_null([]), "in_reply_to", "message_id"
    ).list.drop_nulls()
    rows = table.scan(COLUMNS)
    named = (
        rows.select("thread_id", ids.alias("id"))
        .filter(pl.col("id").list.len() > 0)
        .explode("id")
        .join(names.alias("id").to_frame().lazy(), on="id", how="semi")
    )
    found = named.select("thread_id").unique().collect(engine="streaming")
    others = rows.join(found.lazy(), on="thread_id", how="semi").filter(
        ~pl.col("asset_id").is_in(mine.implode())
    )
    return others.collect(engine="streaming").to_dicts()


def _moved(lake: Lake, threads_of: Mapping[str, str | None]) -> Iterator[dict[str, Any]]:
    """The whole rows of these assets, each with its thread."""
    if threads_of:
        for batch in lake.table("messages").rows(list(threads_of)):
            for row in batch.to_pylist():
                yield {**row, "thread_id": threads_of[row["asset_id"]]}
