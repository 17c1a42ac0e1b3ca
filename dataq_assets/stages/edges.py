"""Edges as they are wanted and as they are stored, and what makes the one the other."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import polars as pl
import pyarrow as pa

from dataq_lake.difference import Difference
from dataq_lake.ids import make_id
from dataq_lake.lake import Lake
from dataq_lake.schemas import TABLES

TABLE = "relationships"
ROUND_ROWS = 10_000
ENDS = ["source_id", "target_id"]
NAME_END, ENTRY_END = "\x1f", "\x1e"
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
    """These columns as one text that can be compared, and taken apart by `_metadata`."""
    parts = [pl.lit("")]
    for name in names:
        told = pl.col(name).cast(pl.String).str.replace_all(f"[{ENTRY_END}{NAME_END}]", "\ufffd")
        value = pl.concat_str(pl.lit(f"{name}{NAME_END}"), told, pl.lit(ENTRY_END))
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
    entry = pl.element().struct
    parts = [entry[0], pl.lit(NAME_END), entry[1], pl.lit(ENTRY_END)]
    entries = rows["metadata"].map.entries().list.eval(pl.concat_str(parts))
    return rows.drop("metadata").with_columns(
        entries.list.sort().list.join("").fill_null("").alias("evidence")
    )


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
            "metadata": _metadata(some["evidence"]),
            "run_id": pa.repeat(run_id, some.height),
            **{name: some[name].to_arrow() for name in (*ENDS, "strength", "method")},
        }
        arrays = [_as(columns[field.name], field.type) for field in schema]
        yield pa.RecordBatch.from_arrays(arrays, schema=schema)


def _as(column: Any, type_: pa.DataType) -> pa.Array:
    return column.cast(type_) if isinstance(column, pa.Array) else pa.array(column, type_)


def _metadata(evidence: pl.Series) -> pa.Array:
    """What `evidence` has put into each text, as a map."""
    entries = evidence.str.extract_all(f"[^{ENTRY_END}]+")
    counts = entries.list.len().to_numpy().astype(np.int32)
    told = entries.filter(entries.list.len() > 0).explode().str.splitn(NAME_END, 2).struct
    keys, values = (told.field(name).to_arrow() for name in ("field_0", "field_1"))
    return pa.MapArray.from_arrays(np.concatenate([[0], np.cumsum(counts)]), keys, values)
