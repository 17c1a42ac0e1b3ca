"""Every distinct content that an analyzer reads is analyzed once per version of the analyzer."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING, Any

import polars as pl

from dataq_analyzers.registry import analyzer_for
from dataq_assets.stages.arrow import batch_of
from dataq_lake.content import read_contents
from dataq_lake.difference import Difference
from dataq_lake.ids import make_id
from dataq_lake.lake import Lake

if TYPE_CHECKING:
    from dataq_analyzers.pool import Done, Failed, Pool

STAGE = "texts"
ROUND_BYTES = 32 << 20
ROUND_ROWS = 10_000


def readers(lake: Lake) -> pl.DataFrame:
    """Which analyzer reads which of the media types in the lake: mime_type, analyzer, version."""
    types = lake.table("assets").scan(["mime_type"]).unique().collect()["mime_type"].drop_nulls()
    found = [(name, analyzer_for(name)) for name in types]
    rows = [(name, each.name, each.version) for name, each in found if each is not None]
    schema = {"mime_type": pl.String, "analyzer": pl.String, "analyzer_version": pl.String}
    return pl.DataFrame(rows, schema=schema, orient="row")


def current_texts(lake: Lake) -> pl.LazyFrame:
    """The texts that count now: asset_id, text_id and the asset's mime_type, by today's analyzers."""
    done = lake.table("analyses").scan(
        ["content_hash", "analyzer", "analyzer_version", "outcome", "text_id"]
    )
    assets = lake.table("assets").scan(["id", "file_hash", "mime_type"])
    return (
        assets.join(readers(lake).lazy(), on="mime_type")
        .join(
            done.filter(pl.col("outcome") == "text"),
            left_on=["file_hash", "analyzer", "analyzer_version"],
            right_on=["content_hash", "analyzer", "analyzer_version"],
        )
        .select(pl.col("id").alias("asset_id"), "text_id", "mime_type")
    )


@dataclass
class Texts:
    """One pass over the contents that no current analyzer has seen."""

    lake: Lake
    pool: Pool
    run_id: str
    now_us: int

    def rounds(self) -> Iterator[dict[str, Difference]]:
        """Differences of texts and analyses; analyses last, for they say that it is done."""
        from dataq_analyzers.analysis import analyze, size_of

        new = pending(self.lake)
        if new.is_empty():
            return
        rows = {row["id"]: row for row in new.to_dicts()}
        order: list[dict[str, Any]] = []
        round_ = _Round(self.run_id, self.now_us)
        for outcome in self.pool.map(analyze, self._contents(new, rows, order), size=size_of):
            round_.add(order[outcome.index], outcome)
            if round_.is_full():
                yield round_.differences()
                round_ = _Round(self.run_id, self.now_us)
        yield round_.differences()

    def _contents(
        self, new: pl.DataFrame, rows: Mapping[str, dict[str, Any]], order: list[dict[str, Any]]
    ) -> Iterator[Any]:
        from dataq_analyzers.interface import Content

        for id_, data in read_contents(self.lake, new):
            order.append(rows[id_])
            yield Content(data, rows[id_]["mime_type"], rows[id_]["filename"])


def pending(lake: Lake) -> pl.DataFrame:
    """One asset for each content that its analyzer has not seen in its current version."""
    assets = lake.table("assets").scan(
        ["id", "item_id", "source", "source_id", "filename", "file_hash", "file_size", "mime_type",
         "storage_path"]
    )  # fmt: skip
    done = lake.table("analyses").scan(["content_hash", "analyzer", "analyzer_version"])
    keys = ["file_hash", "analyzer", "analyzer_version"]
    return (
        assets.join(readers(lake).lazy(), on="mime_type")
        .join(done, left_on=keys, right_on=["content_hash", *keys[1:]], how="anti")
        .unique(keys, keep="first")
        .sort("file_size")
        .collect()
    )


class _Round:
    """What is committed together."""

    def __init__(self, run_id: str, now_us: int) -> None:
        self._run_id = run_id
        self._now_us = now_us
        self._texts: list[dict[str, Any]] = []
        self._analyses: list[dict[str, Any]] = []
        self._bytes = 0

    def add(self, asset: Mapping[str, Any], outcome: Done[Any] | Failed) -> None:
        """Takes the outcome of one content."""
        from dataq_analyzers.outcome import Done

        done = {
            "content_hash": asset["file_hash"],
            "analyzer": asset["analyzer"],
            "analyzer_version": asset["analyzer_version"],
            "analyzed_at": self._now_us,
            "run_id": self._run_id,
        }
        if isinstance(outcome, Done):
            text = self._text(asset, outcome.value)
            self._texts.append(text)
            kind = "text" if outcome.value.units else "empty"
            self._analyses.append({**done, "outcome": kind, "text_id": text["id"]})
            self._bytes += len(outcome.value.text)
        elif outcome.error != "ToolMissing":
            failed = {"outcome": outcome.error or outcome.kind, "reason": outcome.reason}
            self._analyses.append({**done, **failed})

    def is_full(self) -> bool:
        """Whether a commit pays."""
        return self._bytes >= ROUND_BYTES or len(self._analyses) >= ROUND_ROWS

    def differences(self) -> dict[str, Difference]:
        """What to commit, in order."""
        return {
            "texts": Difference([batch_of("texts", self._texts)]),
            "analyses": Difference([batch_of("analyses", self._analyses)]),
        }

    def _text(self, asset: Mapping[str, Any], analysis: Any) -> dict[str, Any]:
        key = (asset["file_hash"], asset["analyzer"], asset["analyzer_version"])
        return {
            "id": make_id("text", *key),
            "content_hash": key[0],
            "extractor": key[1],
            "extractor_version": key[2],
            "text_hash": sha256(analysis.text.encode("utf-8", "surrogatepass")).hexdigest(),
            "text": analysis.text,
            "title": analysis.title,
            "language": analysis.language,
            "units": [_unit(unit) for unit in analysis.units],
            "message": analysis.message.row() if analysis.message else None,
            "run_id": self._run_id,
        }


def _unit(unit: Any) -> dict[str, Any]:
    return {
        "segment_type": unit.kind,
        "start_marker": {"char": unit.start, **unit.start_place._asdict()},
        "end_marker": {"char": unit.end, **unit.end_place._asdict()},
    }
