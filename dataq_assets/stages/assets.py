"""Every item becomes an asset, every container's members too; then the chains of versions."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import polars as pl

from dataq_analyzers.members import is_container
from dataq_assets.stages.arrow import batches_of
from dataq_assets.stages.opening import Opened, Opening
from dataq_assets.stages.quarantine import replaced, rows_of
from dataq_assets.stages.reprocessing import unfinished
from dataq_assets.stages.telling import Tell, silent
from dataq_assets.stages.versions import entity_change
from dataq_lake.difference import Difference
from dataq_lake.lake import Lake
from dataq_lake.slice import Slice

STAGE = "assets"
ROUND_ROWS = 10_000
ROUND_BYTES = 32 << 20
ITEM_COLUMNS = (
    "item_id", "source", "source_id", "sequence", "timestamp", "detected_type", "size",
    "content_hash", "transform",
)  # fmt: skip


@dataclass
class Assets:
    """One pass over the items that have no asset yet, or whose container is to be tried again."""

    lake: Lake
    opening: Opening
    run_id: str
    tell: Tell = silent
    stored: Callable[[], object] = bool
    """Hears that all assets are durable: whoever reads them may begin."""
    _done: int = field(default=0, init=False)
    _total: int = field(default=0, init=False)

    def rounds(self) -> Iterator[dict[str, Difference]]:
        """Differences of assets and quarantine, then of entities, which tell of all committed."""
        yield from self._new()
        if unfinished(self.lake, "taken"):
            yield from _parted(self.lake)
        self.stored()
        yield from self._versions()

    def _new(self) -> Iterator[dict[str, Difference]]:
        new = pending(self.lake)
        self._total = new.height
        closed = new.filter(~pl.col("is_container"))
        for items in closed.iter_slices(ROUND_ROWS):
            yield self._round(self._tops(items), [], items.height)
        containers = new.filter(pl.col("is_container"))
        if containers.is_empty():
            return
        tops = {row["id"]: row for row in self._tops(containers).to_dicts()}
        for gathered in _gathered(self.opening.opened(self._tops(containers), self._again())):
            yield self._round_of(gathered, tops)

    def _round_of(
        self, gathered: list[Opened], tops: dict[str, dict[str, Any]]
    ) -> dict[str, Difference]:
        # Members before the asset they came in: whose row is there is known to be complete.
        rows = [row for each in gathered for row in each.members]
        rows += [{**tops[each.asset_id], "processing_status": each.status} for each in gathered]
        schema = pl.DataFrame(schema=pl.Schema(Slice(self.lake, "assets").scan().collect_schema()))
        frame = pl.DataFrame(rows, schema=schema.schema, orient="row")
        return self._round(
            frame, [row for each in gathered for row in each.rejected], len(gathered)
        )

    def _round(
        self, assets: pl.DataFrame, rejected: list[dict[str, Any]], items: int
    ) -> dict[str, Difference]:
        known = self.lake.table("assets").scan(["id", "file_hash", "duplicate_of"])
        frame = with_duplicates(assets, known)
        self._done += items
        self.tell(STAGE, self._done, self._total)
        round_ = {"quarantine": replaced(rejected)} if rejected else {}
        return {**round_, "assets": Difference(batches_of("assets", frame))}

    def _tops(self, items: pl.DataFrame) -> pl.DataFrame:
        """The assets of items themselves; an item and its asset have one id."""
        place = (
            pl.when(pl.col("transform").is_null()).then(pl.lit("raw:")).otherwise(pl.lit("item:"))
        )
        return items.select(
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
            pl.concat_str(place, "item_id").alias("storage_path"),
            pl.lit("stored").alias("processing_status"),
            pl.lit(self.run_id).alias("run_id"),
        )

    def _again(self) -> dict[str, dict[str, Any]]:
        rows = rows_of(self.lake, STAGE).filter(pl.col("state") == "replay").collect()
        return {row["id"]: row for row in rows.to_dicts()}

    def _versions(self) -> Iterator[dict[str, Difference]]:
        raw = Slice(self.lake, "raw").scan()
        assets = self.lake.table("assets").scan()
        change = entity_change(assets, raw, self.lake.table("entities").scan())
        if change.new.height or len(change.gone):
            gone = change.gone.to_list()
            yield {"entities": Difference(batches_of("entities", change.new), gone)}


def pending(lake: Lake) -> pl.DataFrame:
    """The items without an asset, or to be opened again: ITEM_COLUMNS and is_container."""
    tops = lake.table("assets").scan(["item_id", "depth"]).filter(pl.col("depth") == 0)
    again = rows_of(lake, STAGE).filter(pl.col("state") == "replay").select("item_id").unique()
    items = lake.table("items").scan(ITEM_COLUMNS)
    new = pl.concat(
        [
            items.join(tops, on="item_id", how="anti"),
            items.join(tops, on="item_id", how="semi").join(again, on="item_id", how="semi"),
        ]
    ).collect()
    types = [name for name in new["detected_type"].unique().drop_nulls() if is_container(name)]
    opened = pl.col("detected_type").is_in(types).fill_null(False)
    return new.sort("source", "sequence").with_columns(opened.alias("is_container"))


def with_duplicates(new: pl.DataFrame, known: pl.LazyFrame) -> pl.DataFrame:
    """`new` with duplicate_of: the asset that had the same bytes first, null for that one."""
    first = (
        known.filter(pl.col("duplicate_of").is_null())
        .join(new.lazy().select("file_hash").unique(), on="file_hash", how="semi")
        .select("file_hash", pl.col("id").alias("first"))
        .unique("file_hash", keep="first", maintain_order=True)
        .collect()
    )
    return (
        new.drop("duplicate_of", strict=False)
        .join(first, on="file_hash", how="left", maintain_order="left")
        .with_columns(pl.col("first").fill_null(pl.col("id").first().over("file_hash")))
        .with_columns(pl.when(pl.col("first") != pl.col("id")).then("first").alias("duplicate_of"))
        .drop("first")
    )


def _parted(lake: Lake) -> Iterator[dict[str, Difference]]:
    """Replaces assets that are no longer the same as what they are called duplicates of.

    So it is where what was derived again has other bytes than before.
    """
    assets = lake.table("assets").scan(["id", "file_hash", "duplicate_of"])
    same = assets.select(pl.col("id").alias("duplicate_of"), "file_hash")
    claims = assets.filter(pl.col("duplicate_of").is_not_null())
    wrong = claims.join(same, on=["duplicate_of", "file_hash"], how="anti").select("id").collect()
    if wrong.is_empty():
        return
    rows = lake.table("assets").scan().join(wrong.lazy(), on="id", how="semi").collect()
    known = assets.join(wrong.lazy(), on="id", how="anti")
    frame = with_duplicates(rows.sort("source", "sequence", "id"), known)
    yield {"assets": Difference(batches_of("assets", frame), wrong["id"].to_list())}


def _gathered(stream: Iterator[Opened]) -> Iterator[list[Opened]]:
    """Groups that are worth a commit, bounded by the bytes their members carry."""
    group: list[Opened] = []
    rows = size = 0
    for each in stream:
        group.append(each)
        rows += 1 + len(each.members)
        size += sum(len(row["payload"] or b"") for row in each.members)
        if rows >= ROUND_ROWS or size >= ROUND_BYTES:
            yield group
            group, rows, size = [], 0, 0
    if group:
        yield group
