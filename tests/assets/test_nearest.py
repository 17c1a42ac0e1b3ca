"""Edges after some assets have come and gone: as if all had been compared, also where many tie."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl
import pytest

from dataq_assets.stages.likeness.kinship import Edges
from dataq_assets.stages.likeness.nearest import NOBODY, Nearest
from dataq_assets.stages.likeness.placing import Standing
from dataq_assets.stages.likeness.positions import Positions
from dataq_assets.stages.likeness.regions import Regions
from dataq_assets.stages.likeness.vectors import EXACT_DIMENSIONS, Vectors
from dataq_assets.stages.relations.similar_to import changed

if TYPE_CHECKING:
    from numpy.typing import NDArray

COUNT = 3
NO_EDGES = Edges(np.zeros(0, np.int32), np.zeros(0, np.int32), np.zeros(0))
Pairs = dict[tuple[int, int], float]


@pytest.fixture(autouse=True)
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    """Three neighbours, so that some drop out."""
    monkeypatch.setenv("DATAQ_SIMILAR_COUNT", str(COUNT))
    monkeypatch.setenv("DATAQ_SIMILAR_LEAST", "0.6")


def standing(vectors: NDArray[np.int8], new: NDArray[np.bool_]) -> Standing:
    """Assets at these places, all in one region."""
    size = len(vectors)
    positions = Positions(pl.DataFrame(), vectors, np.zeros((size, 1), np.int32))
    return Standing(
        positions, new, Regions(np.zeros((0, vectors.shape[1]), np.float32), size), False
    )


def by_hand(vectors: NDArray[np.int8], names: NDArray[np.int64]) -> Pairs:
    """Each one's nearest by exact cosines; of equal ones that which comes first."""
    whole = vectors.astype(np.int64)
    squares = np.maximum((whole * whole).sum(axis=1), 1)
    found = {}
    for one in range(len(whole)):
        cosines = np.minimum(whole @ whole[one] / np.sqrt(squares * float(squares[one])), 1)
        others = sorted((-cosines[n], n) for n in range(len(whole)) if n != one)
        for cosine, other in others[:COUNT]:
            if -cosine >= 0.6:
                pair = sorted((names[one], names[other]), reverse=True)
                found[pair[0], pair[1]] = -cosine
    return found


def edges(pairs: Pairs, names: NDArray[np.int64]) -> Edges:
    """Edges by their places among `names`, NOBODY for who is not there."""
    place = {name: number for number, name in enumerate(names.tolist())}
    ends = [np.array([place.get(pair[n], NOBODY) for pair in pairs], np.int32) for n in (0, 1)]
    return Edges(ends[0], ends[1], np.array(list(pairs.values())))


@pytest.mark.parametrize("dimensions", [3, 16, 2 * EXACT_DIMENSIONS])
@pytest.mark.parametrize("seed", range(12))
def test_step_by_step_is_as_all_compared(dimensions: int, seed: int) -> None:
    draw = np.random.default_rng(seed)
    # Of three numbers most cosines are equal, and so many large ones have products beyond 2 ** 24.
    least, largest = {3: (-1, 2), 16: (-40, 127)}.get(dimensions, (100, 127))
    everybody = draw.integers(least, largest + 1, (80, dimensions)).astype(np.int8)
    names = np.sort(draw.choice(80, 50, replace=False))
    found: Pairs = {}
    new = np.ones(len(names), np.bool_)
    for step in range(6):
        have = edges(found, names)
        stay, more = changed(standing(everybody[names], new), have, settled=step > 0)
        kept = {pair: found[pair] for pair, stays in zip(found, stay, strict=True) if stays}
        ends = zip(names[more.source].tolist(), names[more.target].tolist(), strict=True)
        came = dict(zip(ends, more.strength.tolist(), strict=True))
        assert not kept.keys() & came.keys()
        found = kept | came
        assert found == by_hand(everybody[names], names)
        came_names = draw.choice(np.setdiff1d(np.arange(80), names), step % 3 + 1, replace=False)
        stays_here = draw.random(len(names)) > (0.1 if step % 2 else 0)
        before = names[stays_here]
        names = np.sort(np.concatenate([before, came_names]))
        new = ~np.isin(names, before)


def test_bars_that_are_expected_are_those_of_what_came_and_no_higher() -> None:
    draw = np.random.default_rng(1)
    pairs = np.array([(a, b) for a in range(200) for b in range(a)], np.int32)
    some = pairs[draw.random(len(pairs)) > 0.9]
    cosines = 0.6 + 0.4 * draw.random(len(some))
    come, expected = Nearest(200, COUNT, 0.6), Nearest(200, COUNT, 0.6)
    come.offer(some[:, 0], some[:, 1], cosines)
    expected.expect(some[:, 0], some[:, 1], cosines)
    assert (expected.bar <= come.bar).all()
    assert np.allclose(expected.bar, come.bar, rtol=0, atol=1e-6)
    expected.remember(some[:, 0], some[:, 1], cosines, np.arange(200) % 2 == 0)
    assert (expected.others[::2] == come.others[::2]).all()
    assert (expected.others[1::2] == NOBODY).all()
    assert not expected.changed.any()


def test_a_vector_of_zeros_is_near_to_none() -> None:
    vectors = Vectors(np.array([[0, 0], [1, 1], [2, 2]], np.int8))
    everyone = np.array([0, 1, 2], np.int32)
    assert vectors.cosines(everyone, everyone[::-1].copy()).tolist() == [0, 1, 0]
    stay, more = changed(standing(vectors.bytes, np.ones(3, np.bool_)), NO_EDGES, settled=False)
    assert not len(stay)
    assert (more.source.tolist(), more.target.tolist()) == ([2], [1])
