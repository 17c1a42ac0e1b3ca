"""Two assets whose texts share most of their runs of three words."""

from __future__ import annotations

from collections.abc import Iterator

import polars as pl

from dataq_assets.stages.alike import alike
from dataq_assets.stages.arrow import batches_of
from dataq_assets.stages.current import current_texts
from dataq_assets.stages.edges import stored_evidence
from dataq_assets.stages.latest import latest
from dataq_assets.stages.relation import Relating, Round
from dataq_assets.stages.shingles import METHOD
from dataq_assets.stages.sketching import sketches_of
from dataq_lake.difference import Difference
from dataq_lake.lake import Lake

NAME = "near_duplicate_of"
READS = ("assets", "entities", "texts", "analyses")
VERSION = METHOD
PAIR = ["source_text", "target_text"]
TEXTS, SKETCHES = "near_duplicate_texts", "near_duplicate_sketches"


def before(relating: Relating) -> Iterator[Round]:
    """The sketches of texts that count no longer go, before the edges of their assets do."""
    texts = _texts(relating.lake)
    relating.kept[TEXTS] = texts
    have = relating.lake.table("sketches").scan(["text_hash", "method"])
    counts = have.filter(pl.col("method") == METHOD).join(texts.lazy(), on="text_hash", how="semi")
    gone = have.join(counts, on="text_hash", how="anti").collect()["text_hash"]
    if len(gone):
        yield {"sketches": Difference(gone=gone.to_list())}


def edges(relating: Relating) -> pl.LazyFrame:
    """From the larger id to the smaller: being alike has no direction.

    Assets with the very same text, but other bytes, lead to the first of them, by id; only that
    one leads to others. Copies of the same bytes have their own relation.
    """
    texts = relating.kept[TEXTS]
    first = texts.unique("text_hash", keep="first", maintain_order=True)
    old = relating.lake.table("sketches").scan().filter(pl.col("method") == METHOD)
    known = old.select("text_hash", "bands").collect()
    new = first.join(known, on="text_hash", how="anti")
    made = sketches_of(relating, new)
    relating.kept[SKETCHES] = made
    found = alike(relating.lake, made, known, first)
    pairs = pl.concat([_known_pairs(relating.lake, known), found])
    return pl.concat([_same(texts, first), _near(pairs, first)]).lazy()


def after(relating: Relating) -> Iterator[Round]:
    """The sketches of new texts: with them their edges are known to be complete."""
    made = relating.kept.pop(SKETCHES)
    if made.height:
        rows = made.with_columns(
            pl.lit(METHOD).alias("method"), pl.lit(relating.run_id).alias("run_id")
        )
        yield {"sketches": Difference(batches_of("sketches", rows))}


def _texts(lake: Lake) -> pl.DataFrame:
    """The texts that count, one row a content: text_hash, text_id, asset_id; by text and asset."""
    current = latest(lake, ["id", "file_hash"]).rename({"id": "asset_id"})
    hashes = lake.table("texts").scan(["id", "text_hash"])
    found = (
        current_texts(lake)
        .join(current, on="asset_id")
        .join(hashes, left_on="text_id", right_on="id")
        .collect()
    )
    return (
        found.sort("text_hash", "asset_id")
        .unique(["text_hash", "file_hash"], keep="first", maintain_order=True)
        .select("text_hash", "text_id", "asset_id")
    )


def _known_pairs(lake: Lake, known: pl.DataFrame) -> pl.DataFrame:
    """The stored pairs whose texts both still count: PAIR, strength."""
    stored = stored_evidence(lake, NAME, PAIR).filter(pl.col("method") == "minhash")
    for side in PAIR:
        stored = stored.join(known, left_on=side, right_on="text_hash", how="semi")
    return stored.select(*PAIR, "strength")


def _near(pairs: pl.DataFrame, first: pl.DataFrame) -> pl.DataFrame:
    asset = first.select("text_hash", "asset_id")
    ends = (
        pairs.join(asset.rename({"asset_id": "one"}), left_on="source_text", right_on="text_hash")
        .join(asset.rename({"asset_id": "other"}), left_on="target_text", right_on="text_hash")
        .with_columns(pl.lit("minhash").alias("method"))
    )
    return ends.select(
        pl.max_horizontal("one", "other").alias("source_id"),
        pl.min_horizontal("one", "other").alias("target_id"),
        "strength",
        "method",
        *PAIR,
    )


def _same(texts: pl.DataFrame, first: pl.DataFrame) -> pl.DataFrame:
    target = first.select("text_hash", pl.col("asset_id").alias("target_id"))
    copies = texts.join(target, on="text_hash").filter(pl.col("asset_id") != pl.col("target_id"))
    return copies.select(
        pl.col("asset_id").alias("source_id"),
        "target_id",
        pl.lit(1.0).alias("strength"),
        pl.lit("same_text").alias("method"),
        *(pl.col("text_hash").alias(side) for side in PAIR),
    )
