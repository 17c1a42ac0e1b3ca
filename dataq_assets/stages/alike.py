"""Which texts are alike: candidates by their bands, each compared word by word."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import polars as pl

from dataq_assets.stages.shingles import jaccard, shingle_sets
from dataq_lake.lake import Lake

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

LEAST = 0.7
AT_ONCE = 2_000
SCHEMA = {"source_text": pl.String, "target_text": pl.String, "strength": pl.Float64}


def alike(lake: Lake, new: pl.DataFrame, known: pl.DataFrame, texts: pl.DataFrame) -> pl.DataFrame:
    """The pairs with a new text in it whose Jaccard of shingles is .7 or more: SCHEMA.

    `new` and `known` have text_hash and bands, `texts` has the text_id of each text_hash.
    """
    found = _candidates(new, known)
    ids = dict(texts.select("text_hash", "text_id").iter_rows())
    rows = [row for some in found.iter_slices(AT_ONCE) for row in _compared(lake, some, ids)]
    return pl.DataFrame(rows, schema=SCHEMA, orient="row")


def _candidates(new: pl.DataFrame, known: pl.DataFrame) -> pl.DataFrame:
    """Pairs that share a band, one of them new: one (the smaller hash), other; in order."""
    mine = _exploded(new)
    both = pl.concat([mine, _exploded(known)]).rename({"text_hash": "there"})
    pairs = mine.join(both, on="bands").filter(pl.col("text_hash") != pl.col("there"))
    ends = pairs.select(
        pl.min_horizontal("text_hash", "there").alias("one"),
        pl.max_horizontal("text_hash", "there").alias("other"),
    )
    return ends.unique().sort("one", "other").collect()


def _exploded(sketches: pl.DataFrame) -> pl.LazyFrame:
    rows = sketches.lazy().select("text_hash", "bands").filter(pl.col("bands").list.len() > 0)
    return rows.explode("bands")


def _compared(
    lake: Lake, pairs: pl.DataFrame, ids: dict[str, str]
) -> Iterator[tuple[str, str, float]]:
    wanted = pl.concat([pairs["one"], pairs["other"].alias("one")]).unique()
    rows = lake.table("texts").rows([ids[each] for each in wanted], ["text_hash", "text"])
    sets: dict[str, NDArray[np.uint64]] = {}
    for batch in rows:
        hashes, texts = (batch.column(name).to_pylist() for name in ("text_hash", "text"))
        sets.update(zip(hashes, shingle_sets(texts), strict=True))
    for one, other in pairs.iter_rows():
        strength = jaccard(sets[one], sets[other])
        if strength >= LEAST:
            yield one, other, strength
