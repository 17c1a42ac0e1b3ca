"""Joins assets with their texts: segments, messages and events of every asset version."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

import polars as pl
import pyarrow as pa

from dataq_assets.stages.arrow import batch_of
from dataq_assets.stages.hashed import uncut, works
from dataq_assets.stages.hashing import hash_of
from dataq_assets.stages.messages import message_row, told_of
from dataq_assets.stages.threads import threaded
from dataq_lake.difference import Difference
from dataq_lake.ids import make_id
from dataq_lake.lake import Lake
from dataq_lake.numbered import values_of


class Owner(NamedTuple):
    """An asset that carries a text; if it is an item, the item has its id."""

    asset_id: str
    source: str


@dataclass(frozen=True)
class Segments:
    """One pass over the texts whose assets have no segments yet."""

    lake: Lake
    run_id: str

    def rounds(self) -> Iterator[dict[str, Difference]]:
        """Differences of messages, events and segments, which come last: they say it is done."""
        new = pending(self.lake)
        if new.is_empty():
            return
        owners: dict[str, list[Owner]] = {}
        for asset_id, text_id, source in new.iter_rows():
            owners.setdefault(text_id, []).append(Owner(asset_id, source))
        columns = ["id", "text", "units", "message", "mail", "events"]
        for batch in self.lake.table("texts").rows(list(owners), columns):
            yield self._round(batch, owners)

    def _round(
        self, batch: pa.RecordBatch, owners: dict[str, list[Owner]]
    ) -> dict[str, Difference]:
        segments: list[dict[str, Any]] = []
        events: list[dict[str, Any]] = []
        mails: list[tuple[Owner, dict[str, Any]]] = []
        for text in batch.to_pylist():
            for owner in owners[text["id"]]:
                segments.extend(self._segments(owner.asset_id, text))
                events.extend(self._events(owner.asset_id, text))
                if text["message"]:
                    mails.append((owner, text))
        round_ = {"segments": Difference([batch_of("segments", segments)])}
        if events:
            round_ = {"events": self._replacing("events", events), **round_}
        return {"messages": self._messages(mails), **round_}

    def _messages(self, mails: list[tuple[Owner, dict[str, Any]]]) -> Difference:
        told = told_of(self.lake, {owner.asset_id: owner.source for owner, _ in mails})
        rows = [
            message_row(owner.asset_id, text, told.get(owner.asset_id, {}), self.run_id)
            for owner, text in mails
        ]
        fresh, moved = threaded(self.lake, rows)
        return self._replacing("messages", fresh + moved)

    def _replacing(self, table: str, rows: list[dict[str, Any]]) -> Difference:
        """`rows` in the place of what an earlier version of the analyzer said of these assets."""
        handle = self.lake.table(table)
        gone: list[str] = []
        if rows and handle.version() is not None:
            assets = pl.Series("asset_id", [row["asset_id"] for row in rows], pl.String).unique()
            known = handle.scan(["asset_id"]).join(assets.to_frame().lazy(), on="asset_id")
            gone = known.unique().collect(engine="streaming")["asset_id"].to_list()
        return Difference([batch_of(table, rows)], gone, "asset_id")

    def _segments(self, asset_id: str, text: dict[str, Any]) -> Iterator[dict[str, Any]]:
        for number, unit in enumerate(text["units"]):
            part = text["text"][unit["start_marker"]["char"] : unit["end_marker"]["char"]]
            yield {
                "id": make_id("segment", asset_id, text["id"], number),
                "asset_id": asset_id,
                "text_id": text["id"],
                "sequence_number": number,
                **unit,
                "text": part,
                "text_hash": hash_of(part),
                "confidence_score": 1.0,
                "run_id": self.run_id,
            }

    def _events(self, asset_id: str, text: dict[str, Any]) -> Iterator[dict[str, Any]]:
        for number, event in enumerate(text["events"] or ()):
            yield {
                "id": make_id("event", asset_id, text["id"], number),
                "asset_id": asset_id,
                "text_id": text["id"],
                "number": number,
                **event,
                "run_id": self.run_id,
            }


def pending(lake: Lake) -> pl.DataFrame:
    """The assets whose current text has no segments yet: asset_id, text_id, source."""
    assets, analyses = lake.table("assets").numbered(), lake.table("analyses").numbered()
    found = uncut(lake, works(lake, assets, analyses))
    ids = values_of(assets, found["asset_row"], "id")
    sources = values_of(assets, found["asset_row"], "source")
    texts = values_of(analyses, found["analysis_row"], "text_id")
    return pl.DataFrame({"asset_id": ids, "text_id": texts, "source": sources})
