"""What a search is limited to, applied inside both retrievers so that neither wastes a place."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from dataq_lake.moment import moment

if TYPE_CHECKING:
    import numpy as np
    import tantivy
    from numpy.typing import NDArray

    from dataq_lake.indexes.places import Places

_MEANINGFUL = re.compile(r"([\\.+*?()|\[\]{}^$#&\-~])")


@dataclass(frozen=True)
class Filters:
    """Limits of a search; several values of one kind are alternatives, the kinds all have to hold.

    `types` and `sources` are exact or with * and ?, as text/*. `paths` likewise, and one without *
    or ? also stands for all that begins with it. `after` (inclusive) and `before` (exclusive)
    compare the item's own time; what has none is left out by either.
    """

    types: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()
    paths: tuple[str, ...] = ()
    after: datetime | str | None = None
    before: datetime | str | None = None

    def __bool__(self) -> bool:
        return bool(self.as_dict())

    def as_dict(self) -> dict[str, Any]:
        """The limits that are set, as JSON can hold them; raises FixTheCall for a bad time."""
        limits: dict[str, Any] = {
            "types": list(self.types),
            "sources": list(self.sources),
            "paths": list(self.paths),
            "after": self.after and moment(self.after).isoformat(),
            "before": self.before and moment(self.before).isoformat(),
        }
        return {name: value for name, value in limits.items() if value}

    def clauses(self, schema: tantivy.Schema) -> list[tantivy.Query]:
        """Queries of the text index, all of which have to match."""
        import tantivy

        made = [
            tantivy.Query.boolean_query(
                [
                    (tantivy.Occur.Should, tantivy.Query.regex_query(schema, field, pattern))
                    for pattern in patterns
                ]
            )
            for field, patterns in self._patterns()
        ]
        if self.after or self.before:
            made.append(
                tantivy.Query.range_query(
                    schema,
                    "timestamp",
                    tantivy.FieldType.Integer,
                    _micros(self.after),
                    _micros(self.before),
                    include_upper=self.before is None,
                )
            )
        return made

    def wanted(self, places: Places) -> NDArray[np.bool_] | None:
        """Which rows of a part may be found; None for all of them."""
        import numpy as np

        from dataq_lake.indexes.places import NO_TIME

        if not self:
            return None
        keep = np.ones(len(places.times), bool)
        columns = {"mime_type": "mime_types", "source": "sources", "path": "paths"}
        for field, patterns in self._patterns():
            values = getattr(places, columns[field])
            keep &= _matching(values, re.compile("|".join(f"(?:{p})" for p in patterns)))
        if self.after or self.before:
            keep &= places.times != NO_TIME
        if (start := _micros(self.after)) is not None:
            keep &= places.times >= start
        if (end := _micros(self.before)) is not None:
            keep &= places.times < end
        found: NDArray[np.bool_] = keep[places.of_row]
        return found

    def _patterns(self) -> list[tuple[str, list[str]]]:
        """Each filtered field with the expressions that its value may match as a whole."""
        made = [
            ("mime_type", [_glob(pattern) for pattern in self.types]),
            ("source", [_glob(pattern) for pattern in self.sources]),
            ("path", [_glob(pattern, prefix=True) for pattern in self.paths]),
        ]
        return [(field, patterns) for field, patterns in made if patterns]


def _glob(pattern: str, prefix: bool = False) -> str:
    """An expression that Python and tantivy read alike; `prefix` lets a plain one go on."""
    anything, one = "(?s:.)*", "(?s:.)"
    quoted = _MEANINGFUL.sub(r"\\\1", pattern)
    expression = quoted.replace(r"\*", anything).replace(r"\?", one)
    return expression + anything if prefix and not re.search(r"[*?]", pattern) else expression


def _matching(values: list[str], pattern: re.Pattern[str]) -> NDArray[np.bool_]:
    """Whether each value matches as a whole; equal ones are tried once."""
    import numpy as np

    good = {value for value in set(values) if pattern.fullmatch(value)}
    return np.fromiter((value in good for value in values), bool, len(values))


def _micros(time: datetime | str | None) -> int | None:
    if time is None:
        return None
    return round(moment(time).timestamp() * 1_000_000)
