"""Hybrid search: the best texts and the nearest vectors of a snapshot, fused by rank, explained."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from dataq_lake.errors import BadQuery, IndexDamaged, SnapshotGone
from dataq_lake.indexes.snapshot import Snapshot
from dataq_lake.lake import Lake, open_lake
from dataq_lake.search_documents import Document, documents
from dataq_lake.search_explain import explain, fuse
from dataq_lake.search_filters import Filters
from dataq_lake.search_retrievers import Ranking, TextRetriever, VectorRetriever

if TYPE_CHECKING:
    from dataq_lake.search_query import Question

Mode = Literal["hybrid", "text", "vector"]
MODES: tuple[Mode, ...] = ("hybrid", "text", "vector")
RETRIEVERS = ("text", "vector")
DEPTH = 100  # how far down each retriever looks before fusion, or twice k if that is more
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Hit:
    """A segment that was found. `path` is the source's own id, then !/inner for a member.

    `score` is the fused one in mode hybrid, else the retriever's own: BM25 or cosine.
    """

    id: str
    score: float
    text: str
    path: str
    source: str
    snapshot: str
    title: str | None
    mime_type: str
    timestamp: str | None
    asset_id: str
    why: dict[str, Any]

    def as_dict(self) -> dict[str, Any]:
        """The hit as JSON can hold it."""
        return asdict(self)


def search(
    lake: Lake | str | Path,
    query: str,
    k: int = 10,
    filters: Filters | None = None,
    mode: Mode = "hybrid",
    snapshot: str | None = None,
) -> list[Hit]:
    """The best `k` segments for `query`, the best first; equal scores in order of id.

    `lake.at(…)` is searched as it was then, `snapshot` is the id of one published index.

    Raises BadQuery, NothingIndexed before the first snapshot, UnknownSnapshot, ModelNotInstalled.
    """
    opened = open_lake(lake) if isinstance(lake, str | Path) else lake
    return Searcher(opened.index(snapshot)).search(query, k, filters, mode)


class Searcher:
    """Answers any number of queries from one open snapshot."""

    def __init__(self, snapshot: Snapshot) -> None:
        self.snapshot = snapshot
        self._texts = TextRetriever(snapshot)
        self._vectors = VectorRetriever(snapshot)

    def search(
        self, query: str, k: int = 10, filters: Filters | None = None, mode: Mode = "hybrid"
    ) -> list[Hit]:
        """As the function `search`; raises SnapshotGone if the snapshot was retired meanwhile."""
        try:
            return self._found(query, k, filters, mode)
        except (IndexDamaged, FileNotFoundError) as error:
            if self.snapshot.is_kept:
                raise
            raise SnapshotGone(
                f"snapshot {self.snapshot.manifest.id} was retired while it was searched: search "
                "again; one with a name (`dataq snapshots create NAME`) stays"
            ) from error

    def _found(self, query: str, k: int, filters: Filters | None, mode: Mode) -> list[Hit]:
        if k < 1:
            raise BadQuery(f"k is {k}: ask for at least one hit")
        if mode not in MODES:
            raise BadQuery(f"mode {mode!r} is none of {', '.join(MODES)}")
        limits = filters or Filters()
        question = self._texts.builder.question(query)
        rankings = self._retrieve(question, k, limits, mode)
        scores = fuse(rankings) if mode == "hybrid" else rankings[mode].scores
        best = sorted(scores, key=lambda id_: (-scores[id_], id_))[:k]
        shown = documents(self.snapshot, best)
        manifest = self.snapshot.manifest
        return [
            _hit(
                shown[id_],
                scores[id_],
                manifest.id,
                explain(shown[id_], question.terms, self._texts.analyzer, rankings)
                | {"model": asdict(manifest.model), "filters": limits.as_dict()},
            )
            for id_ in best
        ]

    def _retrieve(
        self, question: Question, k: int, limits: Filters, mode: Mode
    ) -> dict[str, Ranking]:
        """The rankings by retriever."""
        depth = min(max(DEPTH, 2 * k), self.snapshot.manifest.segments)
        rankings = {name: Ranking() for name in RETRIEVERS if mode in {name, "hybrid"}}
        if not depth:  # everything that was ever indexed is gone
            return rankings
        if mode != "vector":
            rankings["text"] = self._texts.rank(question, limits, depth)
        if mode != "text":
            found = self._vectors.rank(question.words, limits, depth).scores
            good = self._texts.meeting(question, list(found))
            rankings["vector"] = Ranking({id_: found[id_] for id_ in found if id_ in good})
        return rankings


def _hit(document: Document, score: float, snapshot: str, why: dict[str, Any]) -> Hit:
    return Hit(
        id=document["id"],
        score=score,
        text=document["text"],
        path=document["path"],
        source=document["source"],
        snapshot=snapshot,
        title=document["title"] or None,
        mime_type=document["mime_type"],
        timestamp=_iso(document.get("timestamp")),
        asset_id=document["asset_id"],
        why=why,
    )


def _iso(micros: int | None) -> str | None:
    """Microseconds since 1970 as ISO 8601 in UTC."""
    return None if micros is None else (_EPOCH + timedelta(microseconds=micros)).isoformat()
