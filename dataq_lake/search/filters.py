"""What a search is limited to, applied inside both retrievers so that neither wastes a place."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from dataq_lake.moment import moment
from dataq_lake.search.conditions import After, Before, Condition, Like, glob

if TYPE_CHECKING:
    from dataq_lake.search.members import Members

_LISTS = ("types", "sources", "paths", "within", "senders", "ids", "tags", "collections")


@dataclass(frozen=True)
class Filters:
    """Limits of a search; several values of one kind are alternatives, the kinds all have to hold.

    `types` and `sources` are exact or with * and ?, as text/*. `paths` likewise, and one without *
    or ? also stands for all that begins with it; `within` is a source or a path, read so. `after`
    (inclusive) and `before` (exclusive) compare the item's own time; what has none is left out by
    either. `senders` are in a mail's sender, in any case and from where a word begins, or all of it
    with * and ?; `ids` are whole ids of segments or assets; `tags` are whole, in any case, or with
    * and ?; `collections` are ids or what their names contain as senders do. All of these keep what
    is inside, too.

    What meets any kind of `excluded` is left out.
    """

    types: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()
    paths: tuple[str, ...] = ()
    after: datetime | str | None = None
    before: datetime | str | None = None
    within: tuple[str, ...] = ()
    senders: tuple[str, ...] = ()
    ids: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    collections: tuple[str, ...] = ()
    excluded: Filters | None = None

    def __bool__(self) -> bool:
        return bool(self.as_dict())

    def as_dict(self) -> dict[str, Any]:
        """The limits that are set, as JSON can hold them; raises FixTheCall for a bad time."""
        limits: dict[str, Any] = {
            **{name: list(getattr(self, name)) for name in _LISTS},
            "after": self.after and moment(self.after).isoformat(),
            "before": self.before and moment(self.before).isoformat(),
            "excluded": self.excluded and self.excluded.as_dict(),
        }
        return {name: value for name, value in limits.items() if value}

    def conditions(self, members: Members) -> Iterator[Condition]:
        """Each kind that is set, but for what is excluded; `members` finds whose segments.

        Raises FixTheCall for a bad time.
        """
        likes = [
            {"mime_type": [glob(value) for value in self.types]},
            {"source": [glob(value) for value in self.sources]},
            {"path": [glob(value, prefix=True) for value in self.paths]},
            {
                "source": [glob(value) for value in self.within],
                "path": [glob(value, prefix=True) for value in self.within],
            },
        ]
        yield from (Like(fields) for fields in likes if any(fields.values()))
        if self.after:
            yield After(_micros(self.after))
        if self.before:
            yield Before(_micros(self.before))
        if self.senders:
            yield members.sent_by(self.senders)
        if self.ids:
            yield members.of(self.ids)
        if self.tags:
            yield members.tagged(self.tags)
        if self.collections:
            yield members.collected(self.collections)


def _micros(time: datetime | str) -> int:
    return round(moment(time).timestamp() * 1_000_000)
