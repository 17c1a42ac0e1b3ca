"""What holds of what is archived: each tagger's tags, compared with those that are stored."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import polars as pl
import pyarrow as pa

from dataq_assets.stages.arrow import ROUND_ROWS, batch_of
from dataq_assets.stages.collections import basis_of, done, is_up_to_date, known_bases
from dataq_assets.stages.evidence import evidence, maps_of, texts_of
from dataq_assets.stages.naming import plain
from dataq_assets.stages.relation import Round
from dataq_assets.stages.tagger import Tagger, all_taggers
from dataq_lake.difference import Difference
from dataq_lake.lake import Lake
from dataq_lake.tagging import LONGEST, TABLE, WORDS, tag_id

LEAST = 0.8
"""What a tagger is less sure of, or just so sure, is no tag."""
TOLD = ["entity_id", "tag", "confidence", "tagged_by", "evidence"]


@dataclass
class Tags:
    """One pass over the taggers whose tables have changed since their last.

    `counts` has the tags of each that was looked at, once the rounds have ended.
    """

    lake: Lake
    run_id: str
    now_us: int
    counts: dict[str, int] = field(default_factory=dict)

    def rounds(self) -> Iterator[Round]:
        """The tags that come and go, tagger by tagger, each with how far it has come."""
        known = known_bases(self.lake)
        for tagger in all_taggers():
            basis = basis_of(self.lake, tagger.version, _reads(tagger))
            if known.get(_result(tagger)) != basis:
                yield from self._brought(tagger, basis)

    def _brought(self, tagger: Tagger, basis: str) -> Iterator[Round]:
        # In this order: what somebody says meanwhile is not among what is taken for stale.
        have = stored_tags(self.lake, tagger.name)
        wanted = wanted_tags(self.lake, tagger)
        self.counts[tagger.name] = wanted.height
        new = wanted.join(have, on=TOLD, how="anti", nulls_equal=True)
        gone = have.join(wanted, on=TOLD, how="anti", nulls_equal=True)
        if not (new.is_empty() and gone.is_empty()):
            since = gone.select("entity_id", "tag", "created_at")
            rows = new.join(since, on=["entity_id", "tag"], how="left").sort("entity_id", "tag")
            yield {TABLE: Difference(self._rows(tagger.name, rows), gone["id"].sort().to_list())}
        now = datetime.fromtimestamp(self.now_us / 1e6, UTC)
        yield done(_result(tagger), basis, wanted.height, now, self.run_id)

    def _rows(self, method: str, rows: pl.DataFrame) -> Iterator[pa.RecordBatch]:
        for some in rows.iter_slices(ROUND_ROWS):
            told = zip(
                some.iter_rows(named=True), maps_of(some["evidence"]).to_pylist(), strict=True
            )
            yield batch_of(TABLE, [self._row(method, row, each) for row, each in told])

    def _row(self, method: str, row: dict[str, Any], told: list[tuple[str, str]]) -> dict[str, Any]:
        return {
            **row,
            "id": tag_id(row["entity_id"], row["tag"], method),
            "method": method,
            "metadata": told,
            "created_at": row["created_at"] or datetime.fromtimestamp(self.now_us / 1e6, UTC),
            "run_id": self.run_id,
        }


def is_told(lake: Lake, tagger: Tagger) -> bool:
    """Whether nothing that a tagger's tags stand on has changed since they were stored."""
    return is_up_to_date(lake, _result(tagger), tagger.version, _reads(tagger))


def wanted_tags(lake: Lake, tagger: Tagger) -> pl.DataFrame:
    """The tags that a tagger is sure of, but for those that people have taken away: TOLD.

    A tag is one line of at most LONGEST characters that can be printed.
    """
    found = tagger.tags(lake)
    names = sorted(set(found.collect_schema().names()) - set(TOLD))
    if "tagged_by" not in found.collect_schema().names():
        found = found.with_columns(pl.lit(None, pl.String).alias("tagged_by"))
    told = [plain(pl.col(name).cast(pl.String)).str.slice(0, 2 * LONGEST) for name in names]
    sure = found.filter(pl.col("confidence") > LEAST).with_columns(told)
    tags = sure.select(
        "entity_id",
        plain(pl.col("tag")).str.slice(0, LONGEST).str.strip_chars(" ").alias("tag"),
        pl.col("confidence").cast(pl.Float64),
        "tagged_by",
        evidence(names).alias("evidence"),
    )
    order = ["entity_id", "tag", "confidence", "evidence"]
    kept = _but_for_removed(lake, tags).filter(pl.col("tag") != "").collect()
    strongest = kept.sort(order, descending=[False, False, True, False])
    return strongest.unique(["entity_id", "tag"], keep="first", maintain_order=True)


def stored_tags(lake: Lake, method: str) -> pl.DataFrame:
    """The tags of a tagger as they are stored: id, created_at and TOLD."""
    mine = lake.table(TABLE).scan().filter(pl.col("method") == method)
    rows = mine.drop("method", "run_id").collect()
    return rows.drop("metadata").with_columns(texts_of(rows["metadata"]).alias("evidence"))


def _result(tagger: Tagger) -> str:
    return f"tags/{tagger.name}"


def _reads(tagger: Tagger) -> tuple[str, ...]:
    """Its tables, and what people have said: what they have taken away is gone from each."""
    return (*tagger.reads, WORDS)


def _but_for_removed(lake: Lake, tags: pl.LazyFrame) -> pl.LazyFrame:
    removed = lake.table(WORDS).scan(["thing_id", "tag", "state"])
    removed = removed.filter(pl.col("state") == "removed").select("thing_id", "tag")
    versions = lake.table("entities").scan(["id", "version_of"])
    things = versions.select(pl.col("id").alias("entity_id"), pl.col("version_of").alias("thing"))
    with_things = tags.join(things.unique("entity_id"), on="entity_id", how="left")
    thing = pl.coalesce("thing", "entity_id").alias("thing_id")
    return with_things.with_columns(thing).join(removed, on=["thing_id", "tag"], how="anti")
