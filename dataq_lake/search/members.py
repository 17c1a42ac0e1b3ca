"""Which segments belong to an id or to a sender, by the lake's tables as the snapshot has them."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache
from typing import TYPE_CHECKING

from dataq_lake.search.conditions import Among

if TYPE_CHECKING:
    from dataq_lake.indexes.snapshot import Snapshot

WHOLE = re.compile(r"[0-9a-f]{32}")
_SIGNS = re.compile(r"[!-)+-/:->@\[-^`{-~]")  # all of ASCII but *, ? and _
_KEPT = 64
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

    def _read(self, chosen: str) -> frozenset[str]:
        answer = self._snapshot.lake.sql(_INSIDE.format(chosen=chosen))
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

    text = _SIGNS.sub(r"\\\g<0>", name)
    whole = text.replace("*", ".*").replace("?", ".")
    if whole != text:
        return f"'^(?s:' || {_plain(quoted(whole))} || ')$'"
    begins = r"(^|[^\p{L}\p{N}])" if name[:1].isalnum() else ""
    return f"'{begins}' || {_plain(quoted(text))}"
