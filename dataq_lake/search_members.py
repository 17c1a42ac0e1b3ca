"""Which segments belong to an id or to a sender, by the lake's tables as the snapshot has them."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache
from typing import TYPE_CHECKING

from dataq_lake.search_conditions import Among

if TYPE_CHECKING:
    from dataq_lake.indexes.snapshot import Snapshot

WHOLE = re.compile(r"[0-9a-f]{32}")
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
        alike = " or ".join(f"{sender} like {_pattern(name)}" for name in senders)
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
    """A pattern of SQL, part of the value unless `name` has * or ?."""
    from dataq_lake.views import quoted

    text = re.sub(r"([\\%_])", r"\\\1", name)
    whole = re.sub(r"[*?]", lambda each: {"*": "%", "?": "_"}[each[0]], text)
    return f"{_plain(quoted(whole if whole != text else f'%{text}%'))} escape '\\'"
