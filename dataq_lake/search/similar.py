"""What is nearest in meaning to a segment or an asset."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Unpack

from dataq_lake.lake import Lake, open_lake
from dataq_lake.search.paging import parse_cursor
from dataq_lake.search.searcher import Searcher

if TYPE_CHECKING:
    from dataq_lake.search.ask import More
    from dataq_lake.search.filters import Filters
    from dataq_lake.search.hits import Hit


def similar(
    lake: Lake | str | Path,
    id_: str,
    k: int = 10,
    filters: Filters | None = None,
    **more: Unpack[More],
) -> list[Hit]:
    """The `k` segments nearest to a segment or asset, without its own; `id_` from 8 digits on.

    An asset stands where its segments are in the mean, with what is inside it.
    Raises UnknownId, also for what has no passage in the index, NothingIndexed, BadQuery.
    """
    opened = open_lake(lake) if isinstance(lake, str | Path) else lake
    cursor = more.get("cursor")
    snapshot = parse_cursor(cursor).snapshot if cursor else None
    return Searcher(opened.index(snapshot)).similar(id_, k, filters, **more)
