"""Edges as they are wanted and as they are stored, and what makes the one the other."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import polars as pl
import pyarrow as pa

from dataq_assets.stages.evidence import evidence, maps_of, texts_of
from dataq_lake.difference import Difference
from dataq_lake.ids import make_id
from dataq_lake.lake import Lake
from dataq_lake.schemas import TABLES

TABLE = "relationships"
ROUND_ROWS = 10_000
ENDS = ["source_id", "target_id"]
TOLD = [*ENDS, "strength", "method", "evidence"]


def wanted_edges(edges: pl.LazyFrame) -> pl.DataFrame:
    """The strongest edge between each two that are not the same: TOLD."""
    names = sorted(set(edges.collect_schema().names()) - set(TOLD))
    found = edges.select(
        *ENDS, pl.col("strength").cast(pl.Float64), "method", evidence(names).alias("evidence")
    )
    between = found.filter(pl.col("source_id") != pl.col("target_id")).collect()
    ordered = between.sort(
        [*ENDS, "strength", "method", "evidence"], descending=[False, False, True, False, False]
    )
    return ordered.unique(ENDS, keep="first", maintain_order=True)


def difference(lake: Lake, relation: str, wanted: pl.DataFrame, run_id: str) -> Difference | None:
    """What makes the stored edges of a relation those that are `wanted`; None if they are."""
    have = stored_edges(lake, relation)
    new = wanted.join(have, on=TOLD, how="anti", nulls_equal=True)
    gone = have.join(wanted, on=TOLD, how="anti", nulls_equal=True)["id"]
    if new.is_empty() and gone.is_empty():
        return None
    return Difference(_rows(relation, new, run_id), gone.to_list())


def stored_edges(lake: Lake, relation: str) -> pl.DataFrame:
    """The edges of a relation as they are stored: id and TOLD."""
    mine = lake.table(TABLE).scan().filter(pl.col("relationship_type") == relation)
    rows = mine.select("id", *ENDS, "strength", "method", "metadata").collect()
    return rows.drop("metadata").with_columns(texts_of(rows["metadata"]).alias("evidence"))


def stored_evidence(lake: Lake, relation: str, names: Sequence[str]) -> pl.DataFrame:
    """Strength and method of the stored edges of a relation, and these names of their evidence."""
    mine = lake.table(TABLE).scan().filter(pl.col("relationship_type") == relation)
    rows = mine.select("strength", "method", "metadata").collect()
    found = [rows["metadata"].map.get(name).alias(name) for name in names]
    return rows.select("strength", "method").with_columns(found)


def _rows(relation: str, edges: pl.DataFrame, run_id: str) -> Iterator[pa.RecordBatch]:
    schema = TABLES[TABLE].schema
    for some in edges.iter_slices(ROUND_ROWS):
        pairs = some.select(ENDS).iter_rows()
        columns = {
            "id": [make_id(relation, source, target) for source, target in pairs],
            "relationship_type": pa.repeat(relation, some.height),
            "metadata": maps_of(some["evidence"]),
            "run_id": pa.repeat(run_id, some.height),
            **{name: some[name].to_arrow() for name in (*ENDS, "strength", "method")},
        }
        arrays = [_as(columns[field.name], field.type) for field in schema]
        yield pa.RecordBatch.from_arrays(arrays, schema=schema)


def _as(column: Any, type_: pa.DataType) -> pa.Array:
    return column.cast(type_) if isinstance(column, pa.Array) else pa.array(column, type_)
