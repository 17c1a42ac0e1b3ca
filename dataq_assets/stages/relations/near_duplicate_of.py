"""Two assets whose texts share most of their runs of three words."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from dataq_assets.stages.alike import alike, stored_shingles
from dataq_assets.stages.arrow import batches_of
from dataq_assets.stages.candidates import candidates, ends, pairs_of
from dataq_assets.stages.current import current_texts
from dataq_assets.stages.edges import stored_evidence
from dataq_assets.stages.latest import latest
from dataq_assets.stages.relation import Relating, Round
from dataq_assets.stages.shingles import METHOD
from dataq_assets.stages.sketching import sketches_of
from dataq_lake.difference import Difference
from dataq_lake.lake import Lake

if TYPE_CHECKING:
    from numpy.typing import NDArray

NAME = "near_duplicate_of"
READS = ("assets", "entities", "texts", "analyses")
VERSION = METHOD
PAIR = ["source_text", "target_text"]
FOUND = "near_duplicates"


@dataclass(frozen=True)
class _Found:
    """Texts that count, the first of each, the sketches that are stored, and those that are not."""

    texts: pl.DataFrame
    first: pl.DataFrame
    known: pl.DataFrame
    new: pl.DataFrame


def before(relating: Relating) -> Iterator[Round]:
    """The sketches of texts that count no longer go, before the edges of their assets do.

    Who is compared with whom depends on all texts that share a band. Of every two whose turn it
    is now, or no longer is, one is taken for new: then what is not known to be complete is found
    again, wherever a pass is killed.
    """
    texts = _texts(relating.lake)
    first = texts.unique("text_hash", keep="first", maintain_order=True)
    have = relating.lake.table("sketches").scan(["text_hash", "method", "bands"]).collect()
    old = have.filter(pl.col("method") == METHOD).select("text_hash", "bands")
    known = old.join(first, on="text_hash", how="semi")
    made = sketches_of(relating, first.join(known, on="text_hash", how="anti"))
    forgotten = known.join(_moved(old, known, made), on="text_hash", how="semi")
    kept = known.join(forgotten, on="text_hash", how="anti")
    relating.kept[FOUND] = _Found(texts, first, kept, pl.concat([made, forgotten]))
    gone = have.join(known, on="text_hash", how="anti")["text_hash"]
    if len(gone) or forgotten.height:
        yield {"sketches": Difference(gone=[*gone, *forgotten["text_hash"]])}


def edges(relating: Relating) -> pl.LazyFrame:
    """From the larger id to the smaller: being alike has no direction.

    Assets with the very same text, but other bytes, lead to the first of them, by id; only that
    one leads to others. Copies of the same bytes have their own relation.
    """
    found: _Found = relating.kept[FOUND]
    hashes = found.first["text_hash"]
    wanted = candidates(pl.concat([found.known, found.new]), hashes)
    fresh = hashes.is_in(found.new["text_hash"].implode()).to_numpy()
    one, other = ends(wanted)
    read = stored_shingles(relating.lake, found.first)
    made = alike(wanted[fresh[one] | fresh[other]], hashes, read)
    pairs = pl.concat([_known_pairs(relating.lake, wanted, found), made])
    return pl.concat([_same(found.texts, found.first), _near(pairs, found.first)]).lazy()


def after(relating: Relating) -> Iterator[Round]:
    """The sketches of new texts: with them their edges are known to be complete."""
    made = relating.kept.pop(FOUND).new
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


def _moved(old: pl.DataFrame, known: pl.DataFrame, new: pl.DataFrame) -> pl.DataFrame:
    """One of every two known texts that were to be compared and are not now, or the reverse."""
    if old.height == known.height and new.is_empty():
        return known.select("text_hash").clear()
    hashes = pl.concat([old["text_hash"], new["text_hash"]]).sort()
    stays = hashes.is_in(known["text_hash"].implode()).to_numpy()
    changed = np.setxor1d(
        candidates(old, hashes), candidates(pl.concat([known, new]), hashes), assume_unique=True
    )
    one, other = ends(changed)
    return hashes.gather(np.unique(one[stays[one] & stays[other]])).to_frame()


def _known_pairs(lake: Lake, wanted: NDArray[np.uint64], found: _Found) -> pl.DataFrame:
    """The stored pairs of two known texts that are to be compared: PAIR, strength."""
    stored = stored_evidence(lake, NAME, PAIR).filter(pl.col("method") == "minhash")
    for side in PAIR:
        stored = stored.join(found.known, left_on=side, right_on="text_hash", how="semi")
    hashes = found.first["text_hash"]
    sides = [hashes.search_sorted(stored[side]).to_numpy().astype(np.uint64) for side in PAIR]
    kept = np.isin(pairs_of(*sides), wanted, assume_unique=True)
    return stored.filter(pl.Series(kept)).select(*PAIR, "strength")


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
