"""Who belongs to whom: each relation's edges, compared with those that are stored."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from dataq_assets.stages.arrow import batch_of
from dataq_assets.stages.edges import TABLE
from dataq_assets.stages.relation import Relating, Relation, Round, relations_named
from dataq_lake.difference import Difference


@dataclass
class Relationships:
    """One pass over the relations whose tables have changed since their last.

    `counts` has the edges of each relation that was looked at, once the rounds have ended.
    """

    relating: Relating
    now_us: int
    only: Sequence[str] = ()
    counts: dict[str, int] = field(default_factory=dict)

    def rounds(self) -> Iterator[Round]:
        """The edges that come and go, relation by relation, then how far it has come.

        Raises FixTheCall for a relation that there is not.
        """
        lake = self.relating.lake
        chosen = relations_named(self.only)
        known = dict(lake.table("relations").scan(["relation", "basis"]).collect().iter_rows())
        for relation in chosen:
            # Before anything is read: what comes meanwhile is then looked at the next time.
            basis = relation.basis(self.relating)
            if known.get(relation.name) != basis:
                yield from self._brought(relation, basis)

    def _brought(self, relation: Relation, basis: str) -> Iterator[Round]:
        yield from relation.before(self.relating)
        change = relation.change(self.relating)
        self.counts[relation.name] = change.edges
        if change.difference is not None:
            yield {TABLE: change.difference}
        yield from relation.after(self.relating)
        row = {
            "relation": relation.name,
            "basis": basis,
            "edges": change.edges,
            "related_at": datetime.fromtimestamp(self.now_us / 1e6, UTC),
            "run_id": self.relating.run_id,
        }
        yield {"relations": Difference([batch_of("relations", [row])], [relation.name])}
