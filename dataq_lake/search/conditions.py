"""What a segment can be asked to be, as each retriever takes it: a query, or rows of a part."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    import numpy as np
    import tantivy
    from numpy.typing import NDArray

    from dataq_lake.indexes.part import Part

_MEANINGFUL = re.compile(r"([\\.+*?()|\[\]{}^$#&\-~])")
_COLUMNS = {"mime_type": "mime_types", "source": "sources", "path": "paths"}


class Condition(Protocol):
    """Something that holds for some segments."""

    def query(self, schema: tantivy.Schema) -> tantivy.Query:
        """The segments for which it holds, as a query of the text index."""

    def rows(self, part: Part) -> NDArray[np.bool_]:
        """For each row of a part whether it holds."""


@dataclass(frozen=True)
class Like:
    """One of the fields matches one of its expressions as a whole."""

    fields: Mapping[str, Sequence[str]]

    def query(self, schema: tantivy.Schema) -> tantivy.Query:
        import tantivy

        return tantivy.Query.boolean_query(
            [
                (tantivy.Occur.Should, tantivy.Query.regex_query(schema, field, pattern))
                for field, patterns in self.fields.items()
                for pattern in patterns
            ]
        )

    def rows(self, part: Part) -> NDArray[np.bool_]:
        import numpy as np

        places = part.places
        found = np.zeros(len(places.times), bool)
        for field, patterns in self.fields.items():
            pattern = re.compile("|".join(f"(?:{p})" for p in patterns))
            found |= places.matching(_COLUMNS[field], pattern)
        rows: NDArray[np.bool_] = found[places.of_row]
        return rows


@dataclass(frozen=True)
class After:
    """The item's own time is known, and not before this one, in microseconds since 1970."""

    micros: int

    def query(self, schema: tantivy.Schema) -> tantivy.Query:
        import tantivy

        kind = tantivy.FieldType.Integer
        return tantivy.Query.range_query(schema, "timestamp", kind, self.micros, None)

    def rows(self, part: Part) -> NDArray[np.bool_]:
        return _timed(part, part.places.times >= self.micros)


@dataclass(frozen=True)
class Before:
    """The item's own time is known, and before this one, in microseconds since 1970."""

    micros: int

    def query(self, schema: tantivy.Schema) -> tantivy.Query:
        import tantivy

        kind = tantivy.FieldType.Integer
        return tantivy.Query.range_query(
            schema, "timestamp", kind, None, self.micros, include_upper=False
        )

    def rows(self, part: Part) -> NDArray[np.bool_]:
        return _timed(part, part.places.times < self.micros)


@dataclass(frozen=True)
class Among:
    """It is one of these segments."""

    ids: frozenset[str]

    def query(self, schema: tantivy.Schema) -> tantivy.Query:
        import tantivy

        if not self.ids:
            return tantivy.Query.empty_query()
        return tantivy.Query.term_set_query(schema, "id", sorted(self.ids))

    def rows(self, part: Part) -> NDArray[np.bool_]:
        import numpy as np

        from dataq_lake.indexes.keys import to_keys

        found = part.find(to_keys(self.ids))
        rows = np.zeros(len(part.keys), bool)
        rows[found[found >= 0]] = True
        return rows


class Limits:
    """What has to hold and what must not, for one search."""

    def __init__(self, holds: Iterable[Condition] = (), never: Iterable[Condition] = ()) -> None:
        self._holds = tuple(holds)
        self._never = tuple(never)

    def clauses(self, schema: tantivy.Schema) -> list[tuple[tantivy.Occur, tantivy.Query]]:
        """Clauses of a query of the text index that add nothing to its score."""
        import tantivy

        quiet = tantivy.Query.const_score_query
        return [
            *((tantivy.Occur.Must, quiet(each.query(schema), 0.0)) for each in self._holds),
            *((tantivy.Occur.MustNot, each.query(schema)) for each in self._never),
        ]

    def wanted(self, part: Part) -> NDArray[np.bool_] | None:
        """Which rows of a part may be found; None for all of them."""
        keep: NDArray[np.bool_] | None = None
        for each in self._holds:
            keep = each.rows(part) if keep is None else keep & each.rows(part)
        for each in self._never:
            keep = ~each.rows(part) if keep is None else keep & ~each.rows(part)
        return keep


def glob(pattern: str, prefix: bool = False) -> str:
    """An expression that Python and tantivy read alike; `prefix` lets a plain one go on."""
    anything, one = "(?s:.)*", "(?s:.)"
    quoted = _MEANINGFUL.sub(r"\\\1", pattern)
    expression = quoted.replace(r"\*", anything).replace(r"\?", one)
    return expression + anything if prefix and not re.search(r"[*?]", pattern) else expression


def _timed(part: Part, fits: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """The rows of the places that fit and whose time is known."""
    from dataq_lake.indexes.places import NO_TIME

    rows: NDArray[np.bool_] = (fits & (part.places.times != NO_TIME))[part.places.of_row]
    return rows
