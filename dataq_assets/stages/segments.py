"""Joins assets with their texts: the segments and messages of every asset version."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import polars as pl
import pyarrow as pa

from dataq_assets.stages.arrow import batch_of
from dataq_assets.stages.hashed import uncut, works
from dataq_assets.stages.hashing import hash_of
from dataq_lake.difference import Difference
from dataq_lake.ids import make_id
from dataq_lake.lake import Lake
from dataq_lake.numbered import values_of


@dataclass(frozen=True)
class Segments:
    """One pass over the texts whose assets have no segments yet."""

    lake: Lake
    run_id: str

    def rounds(self) -> Iterator[dict[str, Difference]]:
        """Differences of messages and segments; segments last, for they say that it is done."""
        new = pending(self.lake)
        if new.is_empty():
            return
        owners: dict[str, list[str]] = {}
        for asset_id, text_id in new.select("asset_id", "text_id").iter_rows():
            owners.setdefault(text_id, []).append(asset_id)
        columns = ["id", "text", "units", "message"]
        for batch in self.lake.table("texts").rows(list(owners), columns):
            yield self._round(batch, owners)

    def _round(self, batch: pa.RecordBatch, owners: dict[str, list[str]]) -> dict[str, Difference]:
        segments: list[dict[str, Any]] = []
        messages: list[dict[str, Any]] = []
        for text in batch.to_pylist():
            for asset_id in owners[text["id"]]:
                segments.extend(self._segments(asset_id, text))
                if text["message"]:
                    messages.append(self._message(asset_id, text["message"]))
        return {
            "messages": Difference([batch_of("messages", messages)]),
            "segments": Difference([batch_of("segments", segments)]),
        }

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

    def _message(self, asset_id: str, message: dict[str, Any]) -> dict[str, Any]:
        chain = [*message["references"], message["in_reply_to"], message["message_id"]]
        thread = next((each for each in chain if each), None)
        return {"asset_id": asset_id, **message, "thread_id": thread, "run_id": self.run_id}


def pending(lake: Lake) -> pl.DataFrame:
    """The assets whose current text has no segments yet: asset_id, text_id."""
    assets, analyses = lake.table("assets").numbered(), lake.table("analyses").numbered()
    found = uncut(lake, works(lake, assets, analyses))
    ids = values_of(assets, found["asset_row"], "id")
    texts = values_of(analyses, found["analysis_row"], "text_id")
    return pl.DataFrame({"asset_id": ids, "text_id": texts})
