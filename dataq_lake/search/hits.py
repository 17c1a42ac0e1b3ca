"""What is told of a segment that was found."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from dataq_lake.search.documents import Document

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Hit:
    """A segment that was found. `path` is the source's own id, then !/inner for a member.

    `score` is the fused one in mode hybrid, else the retriever's own: BM25 or cosine. `snippet` is
    the part of `text` that shows best why, with the places of matches. Where hits are grouped,
    `others` counts the further ones of its asset. `cursor` is where the answer goes on after it.
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
    others: int | None
    cursor: str
    snippet: dict[str, Any]
    why: dict[str, Any]

    def as_dict(self) -> dict[str, Any]:
        """The hit as JSON can hold it."""
        return asdict(self)


def hit_of(document: Document, told: Mapping[str, Any]) -> Hit:
    """The hit of a document, with what else is `told` of it: the other fields by their names."""
    return Hit(
        id=document["id"],
        text=document["text"],
        path=document["path"],
        source=document["source"],
        title=document["title"] or None,
        mime_type=document["mime_type"],
        timestamp=_iso(document.get("timestamp")),
        asset_id=document["asset_id"],
        **told,
    )


def _iso(micros: int | None) -> str | None:
    """Microseconds since 1970 as ISO 8601 in UTC."""
    return None if micros is None else (_EPOCH + timedelta(microseconds=micros)).isoformat()
