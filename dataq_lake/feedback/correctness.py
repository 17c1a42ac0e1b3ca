"""What people think is correct, joined in SQL with what it is about: that itself stays as it is."""

from __future__ import annotations

from collections.abc import Iterable

PREFIX = "feedback_"
TABLES = frozenset({"ranking_confidences", "rankings", "ranking_uses", "relationships"})
STATED = 2
"""What is stated counts like so many people."""

# In force is the version of the last use; null is none, and joins nothing.
_MACROS = (
    """
create or replace macro feedback_correctness() as table
select found.entity_id, found.about, found.detail, found.correct, found.incorrect
from {at}ranking_confidences as found
    join {at}rankings as made on made.id = found.ranking_id
where made.version = (
    select version from {at}ranking_uses order by sequence desc, used_at desc, id desc limit 1
)
""",
    """
create or replace macro feedback_edges() as table
select edges.*,
    (edges.strength * {stated} + coalesce(said.correct, 0))
        / ({stated} + coalesce(said.correct + said.incorrect, 0)) as confidence
from {at}relationships as edges
    left join {at}feedback_correctness() as said
        on said.entity_id = edges.id and said.about = 'edge'
""",
)


def macros(at: str = "") -> list[str]:
    """The statements that make the macros; `at` goes before the names of tables."""
    return [each.format(at=at, stated=STATED) for each in _MACROS]


def needed(words: Iterable[str]) -> set[str]:
    """The tables that must have a view where these words are asked."""
    return set(TABLES) if any(word.startswith(PREFIX) for word in words) else set()
