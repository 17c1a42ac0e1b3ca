"""Two assets that are near to each other in meaning."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import numpy as np
import polars as pl

from dataq_assets.stages.arrow import batch_of
from dataq_assets.stages.likeness import kinship, placing
from dataq_assets.stages.likeness.comparing import compare
from dataq_assets.stages.likeness.kinship import Edges
from dataq_assets.stages.likeness.nearest import NOBODY, Nearest
from dataq_assets.stages.likeness.placing import Standing
from dataq_assets.stages.likeness.regions import members
from dataq_assets.stages.likeness.settings import likeness_settings
from dataq_assets.stages.relation import Change, Relating, Round
from dataq_lake.difference import Difference

NAME = "similar_to"
READS = ("assets", "entities", "texts", "analyses", "segments", "embeddings")
METHOD = "mean-int8-1"
STANDING, SETTLED = "similar_standing", "similar_settled"


def version(relating: Relating) -> str:
    """By what vectors, how many, how near."""
    settings = likeness_settings()
    return f"{_method(relating)} {settings.count} {settings.least:g}"


def before(relating: Relating) -> Iterator[Round]:
    """Positions of what is new; first a note that edges are about to be others.

    Who is among whose nearest is known by the edges, so after a pass that was killed half-way they
    are found again; positions are not.
    """
    method = _method(relating)
    settled = _settled(relating)
    found = placing.gap(relating.lake, method)
    relating.kept[SETTLED] = settled
    if settled is not None and not found:
        return
    if settled is not None:
        note = {"relation": NAME, "run_id": relating.run_id}
        yield {"relations": Difference([batch_of("relations", [note])], [NAME])}
    standing = placing.place(relating, found, method, settled is not None)
    yield from placing.rounds(relating, found, standing, method)
    relating.kept[STANDING] = standing


def change(relating: Relating) -> Change:
    """From the larger id to the smaller: being alike has no direction.

    There is an edge where either is among the nearest of the other.
    """
    settled = relating.kept.pop(SETTLED)
    standing = relating.kept.pop(STANDING, None)
    if standing is None:
        return Change(settled, None)
    assets = standing.positions.who["asset_id"]
    method = relating.model.name
    have, past = kinship.stored(relating.lake, NAME, method, assets)
    stay, new = changed(standing, have, settled == len(have) and not standing.moved)
    gone = have.take(have.known & ~stay)
    edges = int(stay.sum()) + len(new)
    if not (len(new) or len(gone) or past):
        return Change(edges, None)
    rows = kinship.rows_of(NAME, method, new, assets, relating.run_id)
    return Change(edges, Difference(rows, [*past, *kinship.ids_of(NAME, gone, assets)]))


def changed(standing: Standing, have: Edges, settled: bool) -> tuple[Any, Edges]:
    """Which of the edges there are stay (a mask), and those that come.

    If it is `settled`, they are those among all that are not new, and of what has gone meanwhile.
    """
    sure = have.known & settled
    sure[sure] &= ~(standing.new[have.source[sure]] | standing.new[have.target[sure]])
    nearest = _nearest(standing, have, sure, whole=not settled)
    stay = _staying(nearest, standing, have, sure)
    return stay, _new(nearest, have.take(stay), len(standing.new))


def _nearest(standing: Standing, have: Edges, sure: Any, whole: bool) -> Nearest:
    """The nearest of those to whom anybody new came, or of all where `whole` is true.

    With the stored edges only what is new and what has lost are compared.
    """
    settings = likeness_settings()
    size = len(standing.new)
    nearest = Nearest(size, settings.count, settings.least)
    regions = members(standing.positions.regions)
    if whole:
        compare(nearest, standing.vectors, regions, np.ones(size, np.bool_))
        return nearest
    known = have.take(sure)
    nearest.expect(known.source, known.target, known.strength)
    lost = _lost(nearest, standing, have, sure)
    nearest.forget(lost)
    asked = standing.new.copy()
    asked[lost] = True
    compare(nearest, standing.vectors, regions, asked)
    _remember(nearest, known)
    return nearest


def _remember(nearest: Nearest, known: Edges) -> None:
    """Makes whole the lists of those who have changed, and of those whom these have dropped."""
    whose = nearest.changed
    nearest.remember(known.source, known.target, known.strength, whose)
    near = known.take(_touched(nearest, known))
    dropped = near.take(~nearest.has(near.source, near.target))
    ends = np.zeros_like(whose)
    ends[dropped.source] = ends[dropped.target] = True
    nearest.remember(known.source, known.target, known.strength, ends & ~whose)


def _lost(nearest: Nearest, standing: Standing, have: Edges, sure: Any) -> Any:
    """Who had as many neighbours as may be, and has lost one: another may take its place."""
    ends = [have.source, have.target]
    every = np.concatenate(ends)
    degree = np.bincount(every[every != NOBODY], minlength=len(standing.new))
    past = np.concatenate([each[~sure] for each in ends])
    strength = np.concatenate([have.strength[~sure]] * 2)
    there = past != NOBODY
    past, strength = past[there], strength[there]
    near = strength >= nearest.bar[past]
    lost = past[(degree[past] >= nearest.count) & near & ~standing.new[past]]
    return np.unique(lost).astype(np.int32)


def _staying(nearest: Nearest, standing: Standing, have: Edges, sure: Any) -> Any:
    stay = have.known
    asked = stay & (_touched(nearest, have) | ~sure)
    stay[asked] = nearest.has(have.source[asked], have.target[asked])
    unsure = stay & ~sure
    cosines = standing.vectors.cosines(have.source[unsure], have.target[unsure])
    stay[unsure] = cosines == have.strength[unsure]
    return stay


def _new(nearest: Nearest, have: Edges, size: int) -> Edges:
    found = Edges(*nearest.pairs())
    keys, first = np.unique(found.keys(size), return_index=True)
    known = have.take(_touched(nearest, have)).keys(size)
    return found.take(first[~np.isin(keys, known)])


def _touched(nearest: Nearest, edges: Edges) -> Any:
    """Those at an end of which something has changed."""
    return nearest.changed[edges.source] | nearest.changed[edges.target]


def _method(relating: Relating) -> str:
    return f"{METHOD} {relating.model.name} {relating.model.version}"


def _settled(relating: Relating) -> int | None:
    """How many edges the last pass left, None where it did not end or was another relation's."""
    rows = relating.lake.table("relations").scan().filter(pl.col("relation") == NAME).collect()
    basis = rows["basis"][0] if rows.height else None
    if basis is None or json.loads(basis)["relation"] != version(relating):
        return None
    return int(rows["edges"][0])
