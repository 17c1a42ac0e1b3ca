"""Who belongs to whom: each relation's edges, compared with those that are stored."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import polars as pl
import pyarrow as pa

from dataq_assets.stages.arrow import batch_of
from dataq_assets.stages.relation import Relating, Relation, Round, relations_named
from dataq_lake.difference import Difference
from dataq_lake.ids import make_id
from dataq_lake.lake import Lake

TABLE = "relationships"
ROUND_ROWS = 10_000
ENDS = ["source_id", "target_id"]
TOLD = [*ENDS, "strength", "method", "evidence"]


@dataclass
class Relationships:
    """One pass over the relations whose tables have changed since their last.

    `counts` has the edges of each relation that was looked at, once the rounds have ended.
    """

    relating: Relating
    now_us: int
    only: Sequence[str] = ()
    counts: dict[str, int] = field(default_factory=dict)

    def rounds(self) -> Iterator[Round]:
        """The edges that come and go, relation by relation, then how far it has come.

        Raises FixTheCall for a relation that there is not.
        """
        lake = self.relating.lake
        chosen = relations_named(self.only)
        known = dict(lake.table("relations").scan(["relation", "basis"]).collect().iter_rows())
        for relation in chosen:
            # Before anything is read: what comes meanwhile is then looked at the next time.
            basis = relation.basis(lake)
            if known.get(relation.name) != basis:
                yield from self._brought(relation, basis)

    def _brought(self, relation: Relation, basis: str) -> Iterator[Round]:
        yield from relation.before(self.relating)
        wanted = wanted_edges(relation.edges(self.relating))
        self.counts[relation.name] = wanted.height
        change = difference(self.relating.lake, relation.name, wanted, self.relating.run_id)
        if change is not None:
            yield {TABLE: change}
        yield from relation.after(self.relating)
        row = {
            "relation": relation.name,
            "basis": basis,
            "edges": wanted.height,
            "related_at": datetime.fromtimestamp(self.now_us / 1e6, UTC),
            "run_id": self.relating.run_id,
        }
        yield {"relations": Difference([batch_of("relations", [row])], [relation.name])}


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
    """These columns as one text that can be compared, and taken apart by `_pairs`."""
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
    texts = ["".join(f"{k}\x1f{v}\x1e" for k, v in sorted(_items(m))) for m in rows["metadata"]]
    told = pl.Series("evidence", texts, dtype=pl.String)
    return rows.drop("metadata").with_columns(told)


def _items(metadata: Any) -> list[tuple[str, str]]:
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
                    "metadata": _pairs(row["evidence"]),
                    "run_id": run_id,
                    **row,
                }
                for row in some.iter_rows(named=True)
            ],
        )


def _pairs(text: str) -> list[tuple[str, str]]:
    parts = [each.partition("\x1f") for each in text.split("\x1e")[:-1]]
    return [(name, value) for name, _, value in parts]
