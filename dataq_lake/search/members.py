"""Which segments belong to an id, a sender, a tag or a collection, by the lake's tables."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache
from typing import TYPE_CHECKING

from dataq_lake.search.conditions import Among

if TYPE_CHECKING:
    from dataq_lake.indexes.snapshot import Snapshot
    from dataq_lake.lake import Lake

WHOLE = re.compile(r"[0-9a-f]{32}")
_SIGNS = re.compile(r"[!-)+-/:->@\[-^`{-~]")  # all of ASCII but *, ? and _
_KEPT = 64
_TAGGED = """
with told as (select distinct entity_id from tags where {alike})
select entity_id as id from told
union all select asset_id from collection_members join told on collection_id = entity_id
"""
_COLLECTED = """
select asset_id as id from collection_members
    semi join (select id from collections where {alike}) as told on collection_id = told.id
"""
_INSIDE = """
with recursive kin as (
    {chosen}
    union
    select assets.id from assets join kin on assets.parent_id = kin.id
)
select segments.id from segments semi join kin on segments.asset_id = kin.id
"""


class Members:
    """Looks segments up for one snapshot, and remembers what it found."""

    def __init__(self, snapshot: Snapshot) -> None:
        self._snapshot = snapshot
        self._inside = lru_cache(_KEPT)(self._read)

    def of(self, ids: Iterable[str]) -> Among:
        """The segments of these ids, each a segment, or an asset with all that is inside it."""
        wanted = sorted({id_ for id_ in ids if WHOLE.fullmatch(id_)})
        found = {id_ for id_ in wanted if self._snapshot.has(id_)}
        assets = ", ".join(f"'{id_}'" for id_ in wanted if id_ not in found)
        if assets:
            found |= self._inside(f"select id from assets where id in ({assets})")
        return Among(frozenset(found))

    def sent_by(self, senders: Iterable[str]) -> Among:
        """The segments of mails from these senders, with what is inside the mails."""
        sender = _plain('"from"')
        alike = " or ".join(f"regexp_matches({sender}, {_pattern(name)})" for name in senders)
        return Among(self._inside(f"select asset_id as id from messages where {alike}"))

    def tagged(self, tags: Iterable[str]) -> Among:
        """The segments of what has one of these tags, or is in a collection that has."""
        alike = " or ".join(f"regexp_matches({_plain('tag')}, {_whole(tag)})" for tag in tags)
        return Among(self._told(_TAGGED.format(alike=alike)))

    def collected(self, names: Iterable[str]) -> Among:
        """The segments of the members of these collections, by id or by words of their names."""
        alike = " or ".join(
            f"id = '{name.lower()}'"
            if WHOLE.fullmatch(name.lower())
            else f"regexp_matches({_plain('name')}, {_pattern(name)})"
            for name in names
        )
        return Among(self._told(_COLLECTED.format(alike=alike)))

    def _told(self, chosen: str) -> frozenset[str]:
        """As tags and collections are today, where nothing was published since; never remembered.

        They follow after a snapshot is published, and people change them at any time.
        """
        from dataq_lake.indexes.snapshot import open_snapshot
        from dataq_lake.lake import open_lake

        past = self._snapshot.lake
        newest = open_snapshot(past.root).manifest.folder == self._snapshot.manifest.folder
        return self._read(f"select id from ({chosen})", open_lake(past.root) if newest else past)

    def _read(self, chosen: str, lake: Lake | None = None) -> frozenset[str]:
        answer = (lake or self._snapshot.lake).sql(_INSIDE.format(chosen=chosen))
        try:
            return frozenset(row[0] for row in answer.fetchall())
        finally:
            answer.close()


def _plain(expression: str) -> str:
    """Like the words of the text index: in any case, without accents."""
    return f"strip_accents(lower({expression}))"


def _pattern(name: str) -> str:
    """An expression that finds `name` where a word begins, or is all of it if it has * or ?."""
    from dataq_lake.views import quoted

    if "*" in name or "?" in name:
        return _whole(name)
    text = _SIGNS.sub(r"\\\g<0>", name)
    begins = r"(^|[^\p{L}\p{N}])" if name[:1].isalnum() else ""
    return f"'{begins}' || {_plain(quoted(text))}"


def _whole(name: str) -> str:
    """An expression for all of a text, in which * and ? stand for any characters."""
    from dataq_lake.views import quoted

    text = _SIGNS.sub(r"\\\g<0>", name).replace("*", ".*").replace("?", ".")
    return f"'^(?s:' || {_plain(quoted(text))} || ')$'"
