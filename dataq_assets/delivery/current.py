"""The rows of a table that count now: what a receiver has that keeps a true copy of it."""

from __future__ import annotations

from collections.abc import Iterator

import polars as pl
import pyarrow as pa

from dataq_assets.delivery.selection import BATCH_BYTES, OfTable
from dataq_lake.lake import Lake

ASSET_OF = {"items": "item_id", "assets": "id", "messages": "asset_id", "events": "asset_id"}
"""Tables whose rows hang on a version of a thing, and the column that names it."""


class OfCurrent(OfTable):
    """A table's rows without those of earlier versions and of things that are gone.

    Tables whose rows hang on no version are delivered as they stand.
    """

    def version(self) -> int | None:
        """The versions of all tables that decide, added up: each of them only grows."""
        name = self.config.table
        if name == "segments":  # today's analyzers decide as well
            return None
        tables = [name, "entities"] if name in ASSET_OF else [name]
        versions = [self.lake.table(each).version() for each in tables]
        return None if None in versions else sum(each or 0 for each in versions)

    def rows(self, keys: pl.Series) -> Iterator[pa.RecordBatch]:
        table = self.lake.table(self.config.table)
        if len(table.table.key) > 1:
            yield from super().rows(keys)
            return
        wanted = keys.cast(pl.String).alias("wanted").to_frame().lazy()
        text = pl.col(self.config.key_column).cast(pl.String)
        chosen = self._current().join(wanted, left_on=text, right_on="wanted", how="semi")
        ids = chosen.select(table.table.key[0]).collect().to_series()
        yield from table.rows(ids, self.columns(), BATCH_BYTES)

    def everything(self) -> Iterator[pa.RecordBatch]:
        table = self.lake.table(self.config.table)
        if len(table.table.key) > 1:
            yield from super().everything()
            return
        ids = self._current().select(table.table.key[0]).collect().to_series()
        yield from table.rows(ids, self.columns(), BATCH_BYTES)

    def _current(self) -> pl.LazyFrame:
        table = self.lake.table(self.config.table).table
        columns = [table.key[0], self.config.key_column]
        return current(self.lake, table.name, list(dict.fromkeys(columns)))


def current(lake: Lake, name: str, columns: list[str]) -> pl.LazyFrame:
    """These columns of the table's rows that count now."""
    table = lake.table(name)
    if name.startswith("raw_"):
        needed = table.scan(list({*columns, "source_id", "sequence", "op"}))
        newest = pl.col("sequence") == pl.col("sequence").max().over("source_id")
        return needed.filter(newest).filter(pl.col("op") != "delete").select(columns)
    if name == "entities":
        ended = ~pl.col("is_latest").fill_null(True)
        return table.scan(list({*columns, "is_latest"})).filter(~ended).select(columns)
    if name == "segments":
        from dataq_assets.stages.current import current_segments

        needed = table.scan(list({*columns, "asset_id", "text_id"}))
        return current_segments(lake, needed).select(columns)
    if name in ASSET_OF:
        asset = ASSET_OF[name]
        latest = lake.table("entities").scan(["id", "is_latest"]).filter(pl.col("is_latest"))
        rows = table.scan(list({*columns, asset}))
        return rows.join(latest, left_on=asset, right_on="id", how="semi").select(columns)
    return table.scan(columns)
