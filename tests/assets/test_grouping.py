"""Groups from edges: near their middle, never a chain, the same in any order, and continued."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dataq_assets.stages.grouping import LEAST, SMALLEST, continued, grouped

Edge = tuple[str, str, float]
BEGAN = datetime(2026, 3, 1, tzinfo=UTC)


def frame(edges: list[Edge]) -> pl.DataFrame:
    schema = {"source_id": pl.String, "target_id": pl.String, "strength": pl.Float64}
    return pl.DataFrame(edges, schema=schema, orient="row")


def groups(edges: list[Edge]) -> list[set[str]]:
    found = grouped(frame(edges)).group_by("center_id", maintain_order=True).agg("asset_id")
    return [set(ids) for ids in found["asset_id"]]


def test_three_that_are_alike_are_a_group_and_two_are_none() -> None:
    assert groups([]) == []
    assert groups([("a", "b", 0.99)]) == []
    assert groups([("a", "b", 0.9), ("b", "c", 0.75)]) == [{"a", "b", "c"}]
    assert groups([("a", "b", 0.9), ("b", "c", 0.7499)]) == []
    assert groups([("a", "a", 1.0), ("a", "b", 0.9), ("b", "a", 0.9)]) == []


def test_a_chain_of_what_is_just_alike_is_no_blob() -> None:
    nodes = [f"{number:02}" for number in range(31)]
    chain = [(a, b, 0.76) for a, b in pairwise(nodes)]
    assert {len(each) for each in groups(chain)} == {3}
    assert groups([(a, b, 0.999) for a, b, _ in chain[:4]]) == [set(nodes[:5])]


def test_what_is_certain_to_be_alike_needs_no_edge() -> None:
    """.95 and .95 are at most 36.4 degrees apart, .95 and .9 up to 44."""
    (near,) = groups([("m", "a", 0.95), ("m", "b", 0.95), ("a", "c", 0.95)])
    assert near == {"a", "b", "c", "m"}
    (left,) = groups([("m", "a", 0.95), ("m", "b", 0.95), ("m", "d", 0.95), ("a", "c", 0.9)])
    assert left == {"a", "b", "d", "m"}


def test_each_belongs_to_the_nearest_middle() -> None:
    stars = [("m", each, 0.8) for each in "abc"] + [("n", each, 0.8) for each in "xyz"]
    assert groups([*stars, ("m", "t", 0.8), ("n", "t", 0.9)]) == [
        {"m", "a", "b", "c"},
        {"n", "x", "y", "z", "t"},
    ]


def test_what_too_small_a_group_loses_joins_the_next() -> None:
    """The middle q reaches only p and r, and r is nearer to m: q and p alone are no group."""
    edges = [("m", each, 0.9) for each in "abcr"] + [("q", "r", 0.8), ("q", "p", 0.95)]
    assert groups([*edges, ("p", "m", 0.75)]) == [{"m", "a", "b", "c", "r", "p"}]


def test_the_core_is_the_nearer_half_and_three_at_least() -> None:
    edges = [("m", each, 0.99 - number / 50) for number, each in enumerate("abcdefg")]
    members = grouped(frame(edges))
    assert members.filter("is_core")["asset_id"].to_list() == ["m", "a", "b", "c"]
    assert members["strength"].is_sorted(descending=True)
    assert grouped(frame(edges[:2]))["is_core"].to_list() == [True] * 3


@given(seed=st.integers(0, 2**32), spread=st.sampled_from([0.1, 0.35, 0.6]))
def test_every_member_is_near_its_middle_whatever_the_order(seed: int, spread: float) -> None:
    """With true cosines, of which only the nearest three are known as edges."""
    chance = np.random.default_rng(seed)
    vectors = chance.normal(size=(4, 6))[chance.integers(0, 4, 40)]
    vectors = vectors + spread * chance.normal(size=vectors.shape)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    cosines = vectors @ vectors.T
    nearest = np.argsort(-cosines, axis=1)[:, 1:4]
    ids = [f"{number:02}" for number in range(40)]
    edges = [(ids[a], ids[b], float(cosines[a, b])) for a in range(40) for b in nearest[a]]
    members = grouped(frame(edges))
    for center, asset, strength, _ in members.iter_rows():
        assert cosines[int(center), int(asset)] >= max(LEAST, strength) - 1e-6
    assert members["asset_id"].is_unique().all()
    assert (members.group_by("center_id").len()["len"] >= SMALLEST).all()
    random.Random(seed).shuffle(edges)
    turned = [(b, a, strength) for a, b, strength in edges]
    assert grouped(frame(turned)).equals(members)


def cores(**stored: str) -> pl.DataFrame:
    rows = [
        (name, each, BEGAN + timedelta(days=number))
        for number, (name, core) in enumerate(stored.items())
        for each in core
    ]
    schema = {
        "collection_id": pl.String,
        "thing_id": pl.String,
        "created_at": pl.Datetime("us", "UTC"),
    }
    return pl.DataFrame(rows, schema=schema, orient="row")


def ids(stored: pl.DataFrame, *members: str) -> dict[str, str]:
    """The id of each group of these things, by its first; all are of the core."""
    rows = [(group[0], each, True) for group in members for each in group]
    schema = {"center_id": pl.String, "thing_id": pl.String, "is_core": pl.Boolean}
    found = continued(stored, pl.DataFrame(rows, schema=schema, orient="row"))
    return dict(found.select("center_id", "id").iter_rows())


@pytest.mark.parametrize(
    ("members", "kept"),
    [
        (["abcdef"], {"a": "old"}),
        (["abcxyz"], {"a": "old"}),
        (["abxyz"], {}),  # half is not more than half
        (["abc", "dxy"], {"a": "old"}),
        (["ab", "cd"], {}),
        (["xyz"], {}),
    ],
)
def test_a_group_with_more_than_half_of_a_core_continues_it(
    members: list[str], kept: dict[str, str]
) -> None:
    found = ids(cores(old="abcd"), *members)
    assert {center: id_ for center, id_ in found.items() if id_ == "old"} == kept
    assert len(found) == len(members)


def test_a_merged_group_continues_the_one_it_has_most_of_then_the_oldest() -> None:
    assert ids(cores(small="abc", large="wxyz"), "abcwxyz") == {"a": "large"}
    assert ids(cores(older="xyz", newer="abc"), "abcxyz") == {"a": "older"}


def test_an_id_is_not_given_twice() -> None:
    """A collection that began with a, b, c has moved on, and these are a group again."""
    (founded,) = ids(cores(), "abc").values()
    assert ids(cores(), "abc") == {"a": founded}
    again = ids(cores(**{founded: "xyz"}), "abc", "xyz")
    assert again["x"] == founded
    assert again["a"] != founded
