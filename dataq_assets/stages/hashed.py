"""What counts today by hashes of eight bytes: for questions that only want to know how many.

They take less memory and time than ids. Two of a million fall together once in ten million runs;
what differs is looked at again by the ids.
"""

from __future__ import annotations

import polars as pl

from dataq_assets.stages.current import readers
from dataq_lake.lake import Lake

BY = ["analyzer", "analyzer_version"]


def works(lake: Lake) -> pl.LazyFrame:
    """Each asset that an analyzer reads today: asset, read (null: not yet), pair with its text."""
    assets = lake.table("assets").scan(["id", "file_hash", "mime_type"])
    by = readers(lake).select("mime_type", pl.concat_str(BY).hash().alias("by"))
    wanted = assets.join(by.lazy(), on="mime_type").select(
        pl.col("id").hash().alias("asset"),
        (pl.col("file_hash").hash() ^ pl.col("by")).alias("work"),
    )
    analyses = lake.table("analyses").scan(["content_hash", *BY, "outcome", "text_id"])
    text = pl.when(pl.col("outcome") == "text").then(pl.col("text_id").hash())
    done = analyses.select(
        (pl.col("content_hash").hash() ^ pl.concat_str(BY).hash()).alias("work"),
        text.alias("text"),
        pl.lit(value=True).alias("read"),
    )
    pair = (pl.col("asset") ^ pl.col("text")).alias("pair")
    return wanted.join(done, on="work", how="left").select("asset", "read", pair)


def segment_pairs(lake: Lake) -> pl.LazyFrame:
    """The pair of asset and text of each segment: pair."""
    segments = lake.table("segments").scan(["asset_id", "text_id"])
    return segments.select((pl.col("asset_id").hash() ^ pl.col("text_id").hash()).alias("pair"))


def count_current(lake: Lake) -> int:
    """How many segments are of the latest assets and their texts."""
    latest = lake.table("entities").scan(["id", "is_latest"]).filter(pl.col("is_latest"))
    ids = latest.select(pl.col("id").hash().alias("asset"))
    pairs = works(lake).filter(pl.col("pair").is_not_null()).join(ids, on="asset", how="semi")
    counted = segment_pairs(lake).join(pairs, on="pair", how="semi").select(pl.len())
    return int(counted.collect(engine="streaming").item())


def is_pending(lake: Lake) -> bool:
    """Whether an analyzer has not read something yet, or a text that counts has no segments."""
    found = works(lake)
    unread = found.filter(pl.col("read").is_null())
    texts = found.filter(pl.col("pair").is_not_null())
    uncut = texts.join(segment_pairs(lake), on="pair", how="anti")
    frames = [unread.select(pl.len()), uncut.select(pl.len())]
    return any(each.item() for each in pl.collect_all(frames, engine="streaming"))


def all_in(keys: pl.LazyFrame, known: pl.LazyFrame) -> bool:
    """Whether each of `keys` is among `known`; both have one column, of the same name."""
    name = keys.collect_schema().names()[0]
    hashes = [frame.select(pl.col(name).hash()) for frame in (keys, known)]
    strange = hashes[0].join(hashes[1], on=name, how="anti").select(pl.len())
    return not strange.collect(engine="streaming").item()
