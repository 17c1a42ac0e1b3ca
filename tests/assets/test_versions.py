"""Version chains: numbers, what is latest, and the fate of members."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import polars as pl

from dataq_assets.stages.versions import entity_change
from dataq_lake.ids import make_id
from dataq_lake.schemas import TABLES

START = datetime(2026, 1, 1, tzinfo=UTC)
ENTITIES = TABLES["entities"].schema


def empty(schema: Any) -> pl.DataFrame:
    return pl.DataFrame(pl.from_arrow(schema.empty_table()))


@dataclass
class World:
    """Raw rows and their assets, and the entities that follow from them."""

    raw: list[dict[str, Any]] = field(default_factory=list)
    assets: list[dict[str, Any]] = field(default_factory=list)
    entities: pl.DataFrame = field(default_factory=lambda: empty(ENTITIES))

    def observe(self, op: str, *paths: str, source_id: str = "x", passed: bool = True) -> list[str]:
        sequence = len(self.raw)
        item_id = make_id("item", sequence)
        row = {"source": "s", "source_id": source_id, "sequence": sequence, "item_id": item_id}
        self.raw.append({**row, "op": op, "observed_at": START + timedelta(days=sequence)})
        if op == "delete" or not passed:
            return []
        outer = make_id(item_id)
        ids = [outer, *(make_id(item_id, path) for path in paths)]
        for asset_id, path in zip(ids, (source_id, *paths), strict=True):
            parent = None if asset_id == outer else outer
            self.assets.append({**row, "id": asset_id, "parent_id": parent, "path": path})
        return ids

    def settle(self) -> int:
        """Apply what must change; return how many rows that were."""
        change = entity_change(
            pl.LazyFrame(self.assets, schema_overrides={"parent_id": pl.String}),
            pl.LazyFrame(self.raw),
            self.entities.lazy(),
        )
        kept = self.entities.filter(~pl.col("id").is_in(change.gone.implode()))
        self.entities = pl.concat([kept, change.new])
        return change.new.height

    def told(self, *columns: str) -> dict[str, Any]:
        return {row["id"]: tuple(row[c] for c in columns) for row in self.entities.to_dicts()}


def test_rows_have_the_schema_of_the_table() -> None:
    world = World()
    world.observe("upsert")
    world.settle()
    assert world.entities.schema == empty(ENTITIES).schema


def test_a_b_a() -> None:
    world = World()
    ids = [world.observe("upsert")[0] for _ in range(3)]
    assert world.settle() == 3
    told = world.told("version", "version_of", "is_latest")
    assert [told[i] for i in ids] == [(1, ids[0], False), (2, ids[0], False), (3, ids[0], True)]
    assert world.settle() == 0


def test_one_by_one_is_all_at_once() -> None:
    together, apart = World(), World()
    for world in (together, apart):
        for op in ("upsert", "upsert", "delete", "upsert"):
            world.observe(op)
            if world is apart:
                world.settle()
    together.settle()
    assert together.entities.sort("id").equals(apart.entities.sort("id"))


def test_delete_and_restore() -> None:
    world = World()
    first = world.observe("upsert")[0]
    world.settle()
    world.observe("delete")
    assert world.settle() == 1
    assert world.told("is_latest", "updated_at")[first] == (False, START + timedelta(days=1))
    second = world.observe("upsert")[0]
    world.settle()
    assert world.told("version", "is_latest") == {first: (1, False), second: (2, True)}


def test_members_share_the_fate_of_what_holds_them() -> None:
    world = World()
    old = world.observe("upsert", "x!/a", "x!/b")
    new = world.observe("upsert", "x!/a")
    world.settle()
    told = world.told("version", "is_latest")
    assert [told[i] for i in old] == [(1, False)] * 3
    assert [told[i] for i in new] == [(2, True)] * 2
    world.observe("delete")
    world.settle()
    assert not any(latest for (latest,) in world.told("is_latest").values())


def test_a_newer_version_that_the_gate_rejects_does_not_end_the_good_one() -> None:
    world = World()
    good = world.observe("upsert")[0]
    world.observe("upsert", passed=False)
    world.settle()
    assert world.told("is_latest")[good] == (True,)
    world.observe("delete")
    world.settle()
    assert world.told("is_latest")[good] == (False,)


def test_sources_and_things_do_not_mix() -> None:
    world = World()
    one = world.observe("upsert", source_id="one")[0]
    two = world.observe("upsert", source_id="two")[0]
    world.observe("delete", source_id="one")
    world.settle()
    assert world.told("version", "is_latest") == {one: (1, False), two: (1, True)}
