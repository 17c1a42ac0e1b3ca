"""Edges as they are wanted and as they are stored, and what makes the one the other."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import polars as pl
import pyarrow as pa

from dataq_assets.stages.arrow import batch_of
from dataq_lake.difference import Difference
from dataq_lake.ids import make_id
from dataq_lake.lake import Lake

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


def evidence(names: Sequence[str]) -> pl.Expr:
    """These columns as one text that can be compared, and taken apart by `pairs_of`."""
    parts = [pl.lit("")]
    for name in names:
        value = pl.concat_str(pl.lit(f"{name}\x1f"), pl.col(name).cast(pl.String), pl.lit("\x1e"))
        parts.append(value.fill_null(""))
    return pl.concat_str(parts)


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
    texts = ["".join(f"{k}\x1f{v}\x1e" for k, v in sorted(items_of(m))) for m in rows["metadata"]]
    told = pl.Series("evidence", texts, dtype=pl.String)
    return rows.drop("metadata").with_columns(told)


def stored_evidence(lake: Lake, relation: str, names: Sequence[str]) -> pl.DataFrame:
    """Strength and method of the stored edges of a relation, and these names of their evidence."""
    stored = stored_edges(lake, relation)
    found = [dict(pairs_of(each)) for each in stored["evidence"]]
    columns = [pl.Series(name, [each.get(name) for each in found], pl.String) for name in names]
    return stored.select("strength", "method").with_columns(columns)


def items_of(metadata: Any) -> list[tuple[str, str]]:
    """The names and values of a map as Polars reads it."""
    if metadata is None:
        return []
    if isinstance(metadata, Mapping):
        return list(metadata.items())
    return [(each["key"], each["value"]) for each in metadata]


def _rows(relation: str, edges: pl.DataFrame, run_id: str) -> Iterator[pa.RecordBatch]:
    for some in edges.iter_slices(ROUND_ROWS):
        yield batch_of(
            TABLE,
            [
                {
                    "id": make_id(relation, row["source_id"], row["target_id"]),
                    "relationship_type": relation,
                    "metadata": pairs_of(row["evidence"]),
                    "run_id": run_id,
                    **row,
                }
                for row in some.iter_rows(named=True)
            ],
        )


def pairs_of(text: str) -> list[tuple[str, str]]:
    """The names and values that `evidence` has put into one text."""
    parts = [each.partition("\x1f") for each in text.split("\x1e")[:-1]]
    return [(name, value) for name, _, value in parts]
