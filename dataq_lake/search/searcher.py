"""Hybrid search: the best texts and the nearest vectors of a snapshot, fused by rank, explained."""

from __future__ import annotations

from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Unpack

from dataq_lake.errors import IndexDamaged, SnapshotGone
from dataq_lake.indexes.snapshot import Snapshot
from dataq_lake.lake import Lake, open_lake
from dataq_lake.search.ask import Ask, Mode, More
from dataq_lake.search.documents import assets, documents
from dataq_lake.search.explain import explain
from dataq_lake.search.filters import Filters
from dataq_lake.search.hits import Hit, hit_of
from dataq_lake.search.inquiry import Answer, Inquiry
from dataq_lake.search.likeness import Examples
from dataq_lake.search.members import Members
from dataq_lake.search.paging import Place, grouped, parse_cursor
from dataq_lake.search.rankings import Rankings
from dataq_lake.search.retrievers import TextRetriever, VectorRetriever
from dataq_lake.search.snippets import snippet

if TYPE_CHECKING:
    from dataq_lake.feedback.judged import Judged
    from dataq_lake.search.paging import Cursor

_DEEPER = 4


def search(
    lake: Lake | str | Path,
    query: str,
    k: int = 10,
    filters: Filters | None = None,
    mode: Mode = "hybrid",
    snapshot: str | None = None,
    **more: Unpack[More],
) -> list[Hit]:
    """The best `k` segments for `query`, the best first; equal scores in order of id.

    `lake.at(…)` is searched as it was then, `snapshot` is the id of one published index; a `cursor`
    names its own. `more` is told in `ask.More`.

    Raises BadQuery, NothingIndexed before the first snapshot, UnknownSnapshot, ModelNotInstalled,
    UnknownId.
    """
    opened = open_lake(lake) if isinstance(lake, str | Path) else lake
    if cursor := more.get("cursor"):
        snapshot = snapshot or parse_cursor(cursor).snapshot
    index = opened.index(snapshot)
    return Searcher(index, opened if snapshot is None else None).search(
        query, k, filters, mode, **more
    )


class Searcher:
    """Answers any number of queries from one open snapshot.

    What feedback changed is by the ranking that is in force in `lake` at the first query: by
    default the lake as it is, or was while the snapshot was the newest.
    """

    def __init__(self, snapshot: Snapshot, lake: Lake | None = None) -> None:
        self.snapshot = snapshot
        self._rankings = Rankings(snapshot, lake)
        self._texts = TextRetriever(snapshot)
        self._vectors = VectorRetriever(snapshot)
        self._members = Members(snapshot)
        self._examples = Examples(snapshot, self._members)

    def search(
        self,
        query: str,
        k: int = 10,
        filters: Filters | None = None,
        mode: Mode = "hybrid",
        **more: Unpack[More],
    ) -> list[Hit]:
        """As the function `search`; raises SnapshotGone if the snapshot was retired meanwhile."""
        ask = Ask(query, k, filters or Filters(), mode, **more)
        ask.check()
        try:
            return self._found(ask)
        except (IndexDamaged, FileNotFoundError) as error:
            if self.snapshot.is_kept:
                raise
            raise SnapshotGone(
                f"snapshot {self.snapshot.manifest.id} was retired while it was searched: search "
                "again; one with a name (`dataq snapshots create NAME`) stays"
            ) from error

    def similar(
        self, id_: str, k: int = 10, filters: Filters | None = None, **more: Unpack[More]
    ) -> list[Hit]:
        """As the function `similar`."""
        (example,) = self._examples.find([id_])
        limits = filters or Filters()
        own = limits.excluded or Filters()
        limits = replace(limits, excluded=replace(own, ids=(*own.ids, example.id)))
        more["like"] = (*more.get("like", ()), example.id)
        return self.search("", k, limits, "vector", **more)

    def inquiry(self, ask: Ask, judged: Judged | None = None) -> Inquiry:
        """A question to the snapshot, ranked by `judged` if that is given."""
        return Inquiry(ask, self._texts, self._vectors, self._members, self._examples, judged)

    def _found(self, ask: Ask) -> list[Hit]:
        judged = self._rankings.wanted(ask)
        start = ask.start(self.snapshot.manifest.id, judged.version if judged else None)
        inquiry = self.inquiry(ask, judged)
        answer, places = self._places(inquiry, start)
        page = places[start.offset : start.offset + ask.k]
        shown = documents(self.snapshot, [place.id for place in page])
        return [
            hit_of(
                shown[place.id],
                self._told(inquiry, answer, shown[place.id], place)
                | {"cursor": str(replace(start, offset=number))},
            )
            for number, place in enumerate(page, start.offset + 1)
        ]

    def _places(self, inquiry: Inquiry, start: Cursor) -> tuple[Answer, list[Place]]:
        """All that was found at the depth of the page, or further down where that goes on alike."""
        ask, segments = inquiry.ask, self.snapshot.manifest.segments
        end = start.offset + ask.k
        depth = min(start.depth, segments)
        while True:
            answer = inquiry.answer(depth)
            places = self._grouped(answer.order) if ask.group else [*map(Place, answer.order)]
            if len(places) >= end or answer.complete or not answer.final or depth >= segments:
                return answer, places
            depth = min(max(end, _DEEPER * depth), segments)

    def _grouped(self, ids: list[str]) -> list[Place]:
        return grouped(ids, assets(self.snapshot, ids))

    def _told(
        self, inquiry: Inquiry, answer: Answer, document: dict[str, Any], place: Place
    ) -> dict[str, Any]:
        """What the answer says of a document."""
        manifest = self.snapshot.manifest
        question, words = inquiry.question, self._texts.words
        why = explain(document, question, words, answer.rankings, inquiry.weights)
        if judged := inquiry.judged:
            factor = answer.factors.get(place.id)
            why["feedback"] = judged.explain(place.id, document["asset_id"], factor)
        if "vector" in answer.rankings and inquiry.direction.moved:
            vector = self.snapshot.vectors([place.id])[place.id]
            why["likeness"] = inquiry.direction.explain(vector)
        filters = inquiry.ask.filters.as_dict()
        if inquiry.typed.filters:
            filters["typed"] = inquiry.typed.filters.as_dict()
        return {
            "score": answer.scores[place.id],
            "snapshot": manifest.id,
            "others": place.others,
            "snippet": snippet(document["text"], why["terms"], inquiry.ask.snippet),
            "why": why | {"model": asdict(manifest.model), "filters": filters},
        }
