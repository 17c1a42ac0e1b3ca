"""Takes away what was derived of some items or contents, so that it is derived again.

Nothing of raw goes, and earlier versions of the tables stay readable. What is asked for is a row of
`reprocessings` first: whatever is interrupted after that goes on at the next run.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any

import polars as pl

from dataq_assets.stages.arrow import batch_of
from dataq_assets.stages.quarantine import rows_of
from dataq_assets.stages.reading import STAGE
from dataq_assets.stages.scope import Scope, Selection
from dataq_lake.difference import Difference
from dataq_lake.ids import make_id
from dataq_lake.lake import Lake

TABLE = "reprocessings"
Round = dict[str, Difference]


@dataclass(frozen=True)
class Request:
    """What is to be derived again, and who asked when; times in microseconds."""

    scope: Scope
    run_id: str
    now_us: int

    def rounds(self, lake: Lake) -> Iterator[Round]:
        """Writes the request down, then takes away what it and unfinished ones are about."""
        counts = Selection(lake, self.scope).counts()
        row = {
            "id": make_id("reprocessing", self.run_id, *map(str, asdict(self.scope).values())),
            **asdict(self.scope),
            **counts,
            "state": "open",
            "requested_at": self.now_us,
            "run_id": self.run_id,
        }
        yield {TABLE: Difference([batch_of(TABLE, [row])])}
        yield from taken_away(lake)


def unfinished(lake: Lake, state: str) -> list[dict[str, Any]]:
    """The requests in this state, the oldest first; costs nothing where nobody asked for any."""
    table = lake.table(TABLE)
    if not table.exists:
        return []
    found = table.scan().filter(pl.col("state") == state).sort("requested_at", "id")
    return found.with_columns(pl.col("requested_at").dt.epoch("us")).collect().to_dicts()


def taken_away(lake: Lake) -> Iterator[Round]:
    """Differences that take away all that open requests are about.

    From the end of the flow to its beginning: what says which rows are to go, goes last.
    """
    for row in unfinished(lake, "open"):
        chosen = Selection(lake, Scope(**{name: row[name] for name in Scope.__dataclass_fields__}))
        yield from _of_contents(lake, chosen)
        if chosen.scope.is_of_raw:
            yield from _of_items(lake, chosen)
        yield _moved([row], "taken")


def outlived(lake: Lake) -> Iterator[Round]:
    """Takes away vectors whose segment is no more, or has another text, and ends the requests."""
    taken = unfinished(lake, "taken")
    if not taken:
        return
    segments = lake.table("segments").scan(["id", "text_hash"])
    vectors = lake.table("embeddings").scan(["entity_id", "text_hash"])
    past = vectors.join(
        segments, left_on=["entity_id", "text_hash"], right_on=["id", "text_hash"], how="anti"
    )
    ids = past.select("entity_id").unique().collect(engine="streaming")["entity_id"]
    yield {"embeddings": Difference((), ids), **_moved(taken, "done")}


def _of_contents(lake: Lake, chosen: Selection) -> Iterator[Round]:
    hashes, owners = _column(chosen.contents()), _column(chosen.owners())
    rejected = rows_of(lake, STAGE).filter(pl.col("asset_id").is_in(owners.implode()))
    yield {
        "messages": Difference((), owners, "asset_id"),
        "events": Difference((), owners, "asset_id"),
        "segments": Difference((), owners, "asset_id"),
        "texts": Difference((), hashes, "content_hash"),
        "quarantine": Difference((), _column(rejected.select("id"))),
        "analyses": Difference((), hashes, "content_hash"),
    }


def _of_items(lake: Lake, chosen: Selection) -> Iterator[Round]:
    items, assets = _column(chosen.items()), _column(chosen.assets())
    rejected = lake.table("quarantine").scan(["id", "item_id"])
    mine = rejected.filter(pl.col("item_id").is_in(items.implode()))
    yield {
        "entities": Difference((), assets),
        "assets": Difference((), items, "item_id"),
        "quarantine": Difference((), _column(mine.select("id"))),
        "items": Difference((), items),
    }


def _moved(rows: list[dict[str, Any]], state: str) -> Round:
    moved: list[Mapping[str, Any]] = [{**row, "state": state} for row in rows]
    return {TABLE: Difference([batch_of(TABLE, moved)], [row["id"] for row in rows])}


def _column(frame: pl.LazyFrame) -> pl.Series:
    return frame.collect(engine="streaming").to_series()
