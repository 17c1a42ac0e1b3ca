"""Which assets stand somewhere in meaning, and where those do that nobody has placed yet."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from dataq_assets.stages.embedding import embed_all
from dataq_assets.stages.hashed import PAIR, works
from dataq_assets.stages.likeness.vectors import in_bytes
from dataq_assets.stages.relation import Relating
from dataq_lake.hashes import hash64
from dataq_lake.indexes.titles import titled
from dataq_lake.lake import Lake
from dataq_lake.numbered import ROW, values_of
from dataq_lake.table import BATCH_BYTES

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from dataq_lake.interface import RowsByNumber

WHO = ["asset_id", "text_id", "text_run"]
AT_ONCE = 16_384
VECTOR = "vector_row"
ASSET_ROW, TEXT_ROW = "asset_row", "text_row"

Placed = tuple[pl.DataFrame, "NDArray[np.int8]"]
"""Some assets (WHO), and the vector of each."""


def standing(lake: Lake) -> pl.DataFrame:
    """The current assets with a text, the first by id of those with the same one.

    Columns: hashes of WHO, and ASSET_ROW and TEXT_ROW, their places in `assets` and `texts`.
    """
    assets, texts = lake.table("assets").numbered(), lake.table("texts").numbered()
    entities = lake.table("entities").numbered().hashes(["id", "is_latest"])
    latest = entities.filter(pl.col("is_latest") == hash64(True))
    found = (
        works(lake, assets, lake.table("analyses").numbered())
        .drop_nulls("pair")
        .join(latest, left_on="asset", right_on="id", how="semi")
        .with_columns(text_id=pl.col("asset") ^ pl.col("pair"))
        .join(texts.hashes(["id", "text_hash", "run_id"]), left_on="text_id", right_on="id")
        .rename({"asset": "asset_id", "run_id": "text_run", "asset_row": ASSET_ROW, ROW: TEXT_ROW})
        .select(*WHO, ASSET_ROW, TEXT_ROW, "text_hash")
    )
    several = found.filter(pl.col("text_hash").is_duplicated())
    ids = values_of(assets, several[ASSET_ROW], "id")
    first = several.with_columns(ids).sort("id").unique("text_hash", keep="first").drop("id")
    single = found.filter(pl.col("text_hash").is_unique())
    return pl.concat([single, first]).drop("text_hash")


def who_of(lake: Lake, some: pl.DataFrame) -> pl.DataFrame:
    """WHO some of those that are `standing` are, in order of id."""
    texts = lake.table("texts").numbered()
    assets = values_of(lake.table("assets").numbered(), some[ASSET_ROW], "id")
    found = [
        assets.alias("asset_id"),
        values_of(texts, some[TEXT_ROW], "id").alias("text_id"),
        values_of(texts, some[TEXT_ROW], "run_id").alias("text_run"),
    ]
    return pl.DataFrame(found).sort("asset_id")


def placed(relating: Relating, assets: pl.DataFrame) -> Iterator[Placed]:
    """Those of `assets` (WHO) whose segments all have vectors: the mean of these, some at a time.

    As in the index, each has its title's share; what an asset contains has a place of its own.
    """
    if assets.is_empty():
        return
    lake = relating.lake
    embeddings = lake.table("embeddings").numbered()
    rows = _rows(relating, assets, embeddings)
    titles = lake.table("texts").scan(["id", "title"])
    titled_assets = (
        assets.lazy()
        .join(titles, left_on="text_id", right_on="id", how="left", maintain_order="left")
        .collect()
    )
    for some in _cut(rows):
        numbers = some["number"].unique(maintain_order=True)
        mine = titled_assets[numbers]
        shown = some.select("number").join(
            mine.select(numbers, "title"), on="number", how="left", maintain_order="left"
        )
        vectors = titled(
            _vectors(embeddings, some[VECTOR].to_numpy()),
            shown["title"].to_list(),
            partial(embed_all, relating.pool, relating.model.name),
        )
        begins = np.flatnonzero(np.diff(some["number"].to_numpy().astype(np.int64), prepend=-1))
        yield mine.select(WHO), in_bytes(np.add.reduceat(vectors, begins, axis=0))


def _rows(relating: Relating, assets: pl.DataFrame, embeddings: RowsByNumber) -> pl.DataFrame:
    """The rows of each asset's vectors, one a segment: number, VECTOR; in order of the vectors."""
    model = relating.model
    wanted = assets.select(
        (pl.col("asset_id").hash() ^ pl.col("text_id").hash()).alias("pair"),
    ).with_row_index("number")
    segments = relating.lake.table("segments").numbered()
    mine = (
        segments.hashes(["asset_id", "text_id", "text_hash"])
        .select(ROW, PAIR.alias("pair"), "text_hash")
        .join(wanted, on="pair")
    )
    vectors = embeddings.hashes(["text_hash", "model_name", "model_version"]).filter(
        pl.col("model_name") == hash64(model.name), pl.col("model_version") == hash64(model.version)
    )
    vectors = vectors.join(mine, on="text_hash", how="semi").unique("text_hash", keep="first")
    found = mine.join(
        vectors.select("text_hash", pl.col(ROW).alias(VECTOR)), on="text_hash", how="left"
    )
    whole = pl.col(VECTOR).is_not_null().all().over("number")
    first = pl.col(VECTOR).min().over("number")
    ordered = found.filter(whole).sort(first, "number", ROW)
    return ordered.select("number", VECTOR)


def _cut(rows: pl.DataFrame) -> Iterator[pl.DataFrame]:
    """Slices of at least AT_ONCE rows that part no asset."""
    begins = np.flatnonzero(np.diff(rows["number"].to_numpy().astype(np.int64), prepend=-1))
    start = 0
    while start < rows.height:
        place = np.searchsorted(begins, start + AT_ONCE)
        end = int(begins[place]) if place < len(begins) else rows.height
        yield rows[start:end]
        start = end


def _vectors(embeddings: RowsByNumber, numbers: NDArray[np.uint32]) -> NDArray[np.float32]:
    rows, places = np.unique(numbers, return_inverse=True)
    taken = [found["vector"] for found in embeddings.take(rows, ["vector"], BATCH_BYTES)]
    flat = np.concatenate([vectors.flatten().to_numpy() for vectors in taken])
    found: NDArray[np.float32] = flat.reshape(len(rows), -1)[places]
    return found
