"""Every item becomes an asset, every container's members too; then the chains of versions."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import polars as pl

from dataq_assets.stages.arrow import batches_of
from dataq_assets.stages.quarantine import rejected
from dataq_assets.stages.versions import entity_change
from dataq_lake.difference import Difference
from dataq_lake.lake import Lake
from dataq_lake.slice import Slice

STAGE = "assets"
ROUND_ITEMS = 10_000
ITEM_COLUMNS = (
    "item_id", "source", "source_id", "sequence", "timestamp", "detected_type", "size",
    "content_hash", "transform", "title",
)  # fmt: skip


@dataclass(frozen=True)
class Assets:
    """One pass over the items that have no asset yet."""

    lake: Lake
    run_id: str
    now_us: int

    def rounds(self) -> Iterator[dict[str, Difference]]:
        """Differences of assets, then of entities, which tell of all that was committed."""
        for items in pending(self.lake).iter_slices(ROUND_ITEMS):
            yield {"assets": Difference(batches_of("assets", self._top(items)))}
        yield from self._versions()

    def _top(self, items: pl.DataFrame) -> pl.DataFrame:
        """The assets of items themselves; an item and its asset have one id."""
        known = self.lake.table("assets").scan(["id", "file_hash", "duplicate_of"])
        return with_duplicates(
            items.select(
                pl.col("item_id").alias("id"),
                "item_id",
                "source",
                "source_id",
                "sequence",
                "timestamp",
                pl.col("source_id").str.split("/").list.last().alias("filename"),
                pl.col("source_id").alias("path"),
                pl.lit(0, pl.Int32).alias("depth"),
                pl.col("content_hash").alias("file_hash"),
                pl.col("size").alias("file_size"),
                pl.col("detected_type").alias("mime_type"),
                pl.concat_str(
                    pl.when(pl.col("transform").is_null()).then(pl.lit("raw:")).otherwise(pl.lit("item:")),
                    "item_id",
                ).alias("storage_path"),
                pl.lit("stored").alias("processing_status"),
                pl.lit(self.run_id).alias("run_id"),
            ),
            known,
        )

    def _versions(self) -> Iterator[dict[str, Difference]]:
        raw = Slice(self.lake, "raw").scan()
        change = entity_change(
            self.lake.table("assets").scan(), raw, self.lake.table("entities").scan()
        )
        if change.new.height or len(change.gone):
            yield {"entities": Difference(batches_of("entities", change.new), change.gone.to_list())}


def pending(lake: Lake) -> pl.DataFrame:
    """The items that have no asset yet, in order of observation."""
    have = lake.table("assets").scan(["item_id", "depth"]).filter(pl.col("depth") == 0)
    items = lake.table("items").scan(ITEM_COLUMNS)
    return items.join(have, on="item_id", how="anti").collect().sort("source", "sequence")


def with_duplicates(new: pl.DataFrame, known: pl.LazyFrame) -> pl.DataFrame:
    """`new` with duplicate_of: the asset that had the same bytes first, null for that one itself."""
    first = (
        known.filter(pl.col("duplicate_of").is_null())
        .join(new.lazy().select("file_hash").unique(), on="file_hash", how="semi")
        .select("file_hash", pl.col("id").alias("first"))
        .unique("file_hash", keep="first", maintain_order=True)
        .collect()
    )
    return (
        new.join(first, on="file_hash", how="left", maintain_order="left")
        .with_columns(pl.col("first").fill_null(pl.col("id").first().over("file_hash")))
        .with_columns(
            pl.when(pl.col("first") != pl.col("id")).then("first").alias("duplicate_of")
        )
        .drop("first")
    )
