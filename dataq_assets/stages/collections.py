"""Who belongs to which collection: groups of what is alike, compared with those that are stored."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime

import polars as pl

from dataq_assets.stages.arrow import batch_of, batches_of
from dataq_assets.stages.current import current_texts
from dataq_assets.stages.grouping import METHOD, continued, grouped
from dataq_assets.stages.latest import latest
from dataq_assets.stages.naming import names
from dataq_assets.stages.relation import Round
from dataq_lake.difference import Difference
from dataq_lake.ids import make_id
from dataq_lake.lake import Lake

NAME = "collections"
MEMBERS = "collection_members"
EDGE = "similar_to"
READS = ("relationships", "entities", "analyses", "collection_names")
TOLD = ["id", "name", "name_method", "size", "center_id", "method"]
TOLD_OF_MEMBER = ["id", "collection_id", "asset_id", "strength", "is_core"]


@dataclass
class Collections:
    """One pass; nothing is read where no table that it reads has changed.

    `counts` has the collections that there are, once the rounds have ended with something done.
    """

    lake: Lake
    run_id: str
    now_us: int
    counts: dict[str, int] = field(default_factory=dict)

    def rounds(self) -> Iterator[Round]:
        """The collections that come and go, their members, then how far it has come."""
        # Before anything is read: what comes meanwhile is then looked at the next time.
        basis = basis_of(self.lake, METHOD, READS)
        if known_bases(self.lake).get(NAME) == basis:
            return
        stored = self.lake.table(MEMBERS).scan().collect()
        had = self.lake.table(NAME).scan().collect()
        members = self._members(stored, had)
        wanted = self._named(members, stored, had)
        # Members last: by those that are stored it is told which groups have others, and new names.
        yield from self._changes(wanted, had, NAME, TOLD, "created_at")
        yield from self._changes(members, stored, MEMBERS, TOLD_OF_MEMBER, "since")
        self.counts[NAME] = wanted.height
        yield done(NAME, basis, wanted.height, self.now, self.run_id)

    @property
    def now(self) -> datetime:
        """The time of this pass."""
        return datetime.fromtimestamp(self.now_us / 1e6, UTC)

    def _members(self, stored: pl.DataFrame, had: pl.DataFrame) -> pl.DataFrame:
        """The members that there are to be: TOLD_OF_MEMBER, center_id, thing_id."""
        things = self.lake.table("entities").scan(["id", "version_of"])
        groups = _with_things(_with_copies(self.lake, grouped(_edges(self.lake))), things)
        cores = _with_things(stored.filter(pl.col("is_core")), things)
        created = had.select(pl.col("id").alias("collection_id"), "created_at")
        cores = cores.join(created, on="collection_id", how="left")
        ids = continued(cores.select("collection_id", "thing_id", "created_at"), groups)
        found = groups.join(ids.rename({"id": "collection_id"}), on="center_id")
        pairs = found.select("collection_id", "asset_id").iter_rows()
        return found.with_columns(pl.Series("id", [make_id(*pair) for pair in pairs], pl.String))

    def _named(
        self, members: pl.DataFrame, stored: pl.DataFrame, had: pl.DataFrame
    ) -> pl.DataFrame:
        """The collections that there are to be: TOLD.

        One whose members are the same keeps its name, for words are rare or not by what else is
        there. One that somebody has named is called so.
        """
        groups = members.group_by("collection_id", "center_id").agg(pl.len().alias("size"))
        changed = _changed(members, stored)
        same = had.filter(pl.col("name_method") == "members").join(
            changed, left_on="id", right_on="collection_id", how="anti"
        )
        new = groups.join(same, left_on="collection_id", right_on="id", how="anti")
        told = members.select("center_id", "asset_id", "is_core")
        made = names(self.lake, told, new.select("center_id")).join(groups, on="center_id")
        given = self.lake.table("collection_names").scan(["collection_id", "name"]).collect()
        automatic = pl.concat(
            [
                same.select(pl.col("id").alias("collection_id"), "name"),
                made.select("collection_id", "name"),
            ]
        )
        return (
            groups.rename({"size": "members"})
            .join(automatic, on="collection_id")
            .join(given.rename({"name": "given"}), on="collection_id", how="left")
            .select(
                pl.col("collection_id").alias("id"),
                pl.coalesce("given", "name").alias("name"),
                pl.when(pl.col("given").is_null())
                .then(pl.lit("members"))
                .otherwise(pl.lit("manual"))
                .alias("name_method"),
                pl.col("members").cast(pl.Int64).alias("size"),
                "center_id",
                pl.lit(METHOD).alias("method"),
            )
        )

    def _changes(
        self, wanted: pl.DataFrame, have: pl.DataFrame, table: str, told: list[str], first: str
    ) -> Iterator[Round]:
        """What makes the stored rows the wanted ones; nothing where they are."""
        new = wanted.join(have, on=told, how="anti", nulls_equal=True)
        gone = have.join(wanted, on=told, how="anti", nulls_equal=True)["id"]
        if new.is_empty() and gone.is_empty():
            return
        now = pl.lit(self.now).dt.cast_time_unit("us")
        rows = (
            new.select(told)
            .join(have.select("id", first), on="id", how="left")
            .with_columns(
                pl.col(first).fill_null(now),
                now.alias("updated_at"),
                pl.lit(self.run_id).alias("run_id"),
            )
        )
        yield {table: Difference(batches_of(table, rows.sort("id")), gone.sort().to_list())}


def basis_of(lake: Lake, version: str, reads: tuple[str, ...]) -> str:
    """What a result stands on: it is the same as long as this is."""
    return json.dumps({"relation": version, **{name: lake.table(name).version() for name in reads}})


def is_up_to_date(lake: Lake, name: str, version: str, reads: tuple[str, ...]) -> bool:
    """Whether nothing that a result stands on has changed since it was brought up to date."""
    return known_bases(lake).get(name) == basis_of(lake, version, reads)


def known_bases(lake: Lake) -> dict[str, str]:
    """What each result stood on when it was brought up to date."""
    return dict(lake.table("relations").scan(["relation", "basis"]).collect().iter_rows())


def done(name: str, basis: str, rows: int, now: datetime, run_id: str) -> Round:
    """The round that says that a result stands on `basis`."""
    row = {"relation": name, "basis": basis, "edges": rows, "related_at": now, "run_id": run_id}
    return {"relations": Difference([batch_of("relations", [row])], [name])}


def _edges(lake: Lake) -> pl.DataFrame:
    """The edges between what is alike and current, the strongest of every two."""
    edges = lake.table("relationships").scan(
        ["source_id", "target_id", "relationship_type", "strength"]
    )
    found = edges.filter(pl.col("relationship_type") == EDGE)
    current = latest(lake, ["id"])
    for end in ("source_id", "target_id"):
        found = found.join(current, left_on=end, right_on="id", how="semi")
    return found.select("source_id", "target_id", "strength").collect()


def _with_copies(lake: Lake, groups: pl.DataFrame) -> pl.DataFrame:
    """With all that has the very text of a member, of which only one has edges; not in the core."""
    if groups.is_empty():
        return groups
    current = latest(lake, ["id"]).rename({"id": "asset_id"})
    texts = current_texts(lake).join(current, on="asset_id", how="semi").collect()
    told = groups.join(texts, on="asset_id").unique("text_id", keep="first", maintain_order=True)
    copies = (
        texts.join(told.drop("asset_id"), on="text_id")
        .join(groups, on="asset_id", how="anti")
        .with_columns(pl.lit(value=False).alias("is_core"))
    )
    order = ["center_id", "strength", "asset_id"]
    return pl.concat([groups, copies.select(groups.columns)]).sort(
        order, descending=[False, True, False]
    )


def _with_things(members: pl.DataFrame, entities: pl.LazyFrame) -> pl.DataFrame:
    """With thing_id, which is the same for all versions of an asset."""
    things = entities.rename({"id": "asset_id", "version_of": "thing_id"})
    known = things.join(members.lazy(), on="asset_id", how="semi").unique("asset_id").collect()
    found = members.join(known, on="asset_id", how="left", maintain_order="left")
    return found.with_columns(pl.coalesce("thing_id", "asset_id").alias("thing_id"))


def _changed(members: pl.DataFrame, stored: pl.DataFrame) -> pl.DataFrame:
    """The collections that have other members than they had: collection_id."""
    pair = ["collection_id", "asset_id"]
    come = members.join(stored, on=pair, how="anti").select("collection_id")
    left = stored.join(members, on=pair, how="anti").select("collection_id")
    return pl.concat([come, left]).unique()
