"""What is near in meaning: the same edges step by step as from scratch, and as by hand."""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dataq_analyzers.pool import Pool
from dataq_assets.stages.likeness import regions
from dataq_lake.difference import Difference
from dataq_lake.errors import FixTheCall
from dataq_lake.indexes.titles import TITLE_WEIGHT
from dataq_lake.lake import open_lake
from dataq_lake.reading import conform
from tests.assets.test_relationships import relate, zipped
from tests.assets.way import Crash, Way, gone, item

TABLES = ("relationships", "relations", "positions", "regions")
TOPICS = (
    "river gauge water level flood rain dam valley bridge stream",
    "invoice payment bank account money tax budget cost price loan",
    "dog cat horse sheep cow goat pig hen duck goose",
    "violin piano guitar drum flute song choir concert opera dance",
)
Pairs = dict[frozenset[str], float]


def text(topic: int, salt: int) -> bytes:
    """Eleven words of a topic and two of any: near to others of it, not to all alike."""
    draw = random.Random(1_000 * topic + salt)
    words = draw.choices(TOPICS[topic].split(), k=11)
    others = draw.choices(" ".join(TOPICS).split(), k=2)
    return " ".join(words + others).encode()


def bring(way: Way, *observed: Any) -> Pairs:
    """Brings in what is observed, and the edges up to date: pairs of paths, how alike."""
    if observed:
        way.observe(*observed)
    for name in ("gate", "assets", "texts", "segments", "embeddings"):
        way.derive(name)
    relate(way, "similar_to")
    return pairs(way)


def pairs(way: Way) -> Pairs:
    rows = way.rows("relationships", relationship_type="similar_to")
    paths = {row["id"]: row["path"] for row in way.rows("assets")}
    found = {
        frozenset({paths[row["source_id"]], paths[row["target_id"]]}): row["strength"]
        for row in rows
    }
    assert len(found) == len(rows)
    assert all(row["source_id"] > row["target_id"] for row in rows)
    return found


def by_hand(way: Way, count: int = 10, least: float = 0.75) -> Pairs:
    """The edges as the documentation tells them, without any of the code that finds them."""
    vectors = {row["text_hash"]: np.array(row["vector"]) for row in way.rows("embeddings")}
    titles = {row["id"]: row["title"] for row in way.rows("texts")}
    latest = {row["id"] for row in way.rows("entities", is_latest=True, entity_type="asset")}
    means: dict[str, list[Any]] = {}
    for row in way.rows("segments"):
        if row["asset_id"] in latest:
            vector = vectors[row["text_hash"]]
            if title := titles[row["text_id"]]:
                from dataq_lake.embedders import embedder

                vector = vector + TITLE_WEIGHT * embedder().embed([title])[0]
                vector = vector / np.linalg.norm(vector)
            means.setdefault(row["asset_id"], []).append(vector)
    paths = {row["id"]: row["path"] for row in way.rows("assets")}
    ids = sorted(means)
    matrix = np.array([np.mean(means[id_], axis=0) for id_ in ids])
    matrix /= np.linalg.norm(matrix, axis=1, keepdims=True)
    cosines = matrix @ matrix.T
    np.fill_diagonal(cosines, -1)
    found = {}
    for id_, mine in zip(ids, cosines, strict=True):
        for other in np.argsort(-mine)[:count]:
            if mine[other] >= least:
                found[frozenset({paths[id_], paths[ids[other]]})] = float(mine[other])
    return found


def near(found: Pairs) -> dict[frozenset[str], Any]:
    """Strengths are of vectors in bytes."""
    return {pair: pytest.approx(strength, abs=0.005) for pair, strength in found.items()}


def scratch(way: Way) -> Pairs:
    """The edges when all is forgotten that passes have left."""
    for table in TABLES:
        way.lake.table(table).clear()
    relate(way, "similar_to")
    return pairs(way)


def test_near_assets_have_edges_as_by_hand(way: Way) -> None:
    way_items = [item(f"{topic}/{n}.txt", text(topic, n)) for topic in range(4) for n in range(8)]
    found = bring(way, *way_items)
    assert len(found) > 30
    assert found == near(by_hand(way))
    assert {row["method"] for row in way.rows("relationships")} == {"wordllama"}


def test_a_nearer_one_takes_the_place_and_its_deletion_gives_it_back(
    way: Way, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATAQ_SIMILAR_COUNT", "1")
    monkeypatch.setenv("DATAQ_SIMILAR_LEAST", "0.5")
    a, far = item("a.txt", b"river gauge water level flood"), item("b.txt", b"river water dam")
    first = bring(way, a, far)
    assert set(first) == {frozenset({"a.txt", "b.txt"})}
    closer = item("c.txt", b"river gauge water level floods")
    nearest_b = item("d.txt", b"river water dams")
    assert set(bring(way, closer, nearest_b)) == {
        frozenset({"a.txt", "c.txt"}),
        frozenset({"b.txt", "d.txt"}),
    }
    assert bring(way, gone("c.txt"), gone("d.txt")) == first


def test_what_is_superseded_or_deleted_has_none_but_had(way: Way) -> None:
    bring(way, item("a.txt", text(0, 1)), item("b.txt", text(0, 2)))
    before = way.lake.table("relationships").version()
    assert bring(way, item("b.txt", text(2, 2), time=1)) == {}
    assert len(bring(way, item("b.txt", text(0, 2), time=2))) == 1
    assert bring(way, gone("a.txt", time=3)) == {}
    then = way.lake.table("relationships").scan(version=before).collect()
    assert then["relationship_type"].to_list() == ["similar_to"]


def test_copies_of_a_text_crowd_nobody_out(way: Way, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATAQ_SIMILAR_COUNT", "2")
    page = text(0, 1)
    copies = [item(f"copy{n}.txt", page) for n in range(5)]
    other = [item("same.txt", page.decode().encode("utf-16")), item("near.txt", text(0, 2))]
    (pair,) = bring(way, *copies, *other)
    assert "near.txt" in pair
    (one,) = pair - {"near.txt"}
    left = bring(way, gone(one))
    assert len(left) == 1, "another copy stands for the text"
    assert "near.txt" in next(iter(left))


def test_a_member_stands_for_itself(way: Way) -> None:
    found = bring(
        way,
        item("z.zip", zipped(a_txt=text(0, 1), b_txt=text(1, 1))),
        item("n.txt", text(0, 2)),
    )
    assert set(found) == {frozenset({"z.zip!/a.txt", "n.txt"})}


def test_long_and_titled_assets_stand_at_the_mean_of_their_passages(way: Way) -> None:
    def page(topic: int, salt: int) -> bytes:
        parts = [f"<p>{text(topic, salt + n).decode() * 12}</p>" for n in range(4)]
        return f"<title>{TOPICS[topic][:20]}</title>{''.join(parts)}".encode()

    found = bring(way, *(item(f"{n}.html", page(n % 2, 10 * n)) for n in range(6)))
    segments = way.lake.table("segments").scan().group_by("asset_id").len().collect()
    assert sum(segments["len"]) > segments.height
    assert found == near(by_hand(way))
    assert len(found) == 6
    one = way.rows("segments", sequence_number=1)[0]
    table = way.lake.table("embeddings")
    table.apply(Difference(gone=[one["text_hash"]], key="text_hash"))
    (path,) = [row["path"] for row in way.rows("assets", id=one["asset_id"])]
    assert scratch(way) == {pair: each for pair, each in found.items() if path not in pair}


@pytest.mark.parametrize("count", [0, 1])
def test_none_or_one_asset_has_no_edges(way: Way, count: int) -> None:
    assert bring(way, item("a.png", b"\x89PNG"), *[item("b.txt", text(0, 1))] * count) == {}
    assert scratch(way) == {}


def test_what_says_nothing_is_near_to_nothing(way: Way) -> None:
    assert (
        bring(way, item("a.txt", b"\xf0\x9f\x98\x80"), item("b.txt", b"..."), item("c.txt")) == {}
    )


def test_what_has_no_vectors_yet_is_near_once_it_has(way: Way) -> None:
    bring(way, item("a.txt", text(0, 1)))
    way.observe(item("b.txt", text(0, 2)))
    for name in ("gate", "assets", "texts", "segments"):
        way.derive(name)
    relate(way, "similar_to")
    assert pairs(way) == {}
    assert len(bring(way)) == 1


def test_settings_find_all_again_and_wrong_ones_are_told(
    way: Way, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = bring(way, *(item(f"{n}.txt", text(0, n)) for n in range(8)))
    monkeypatch.setenv("DATAQ_SIMILAR_LEAST", "0.9")
    assert bring(way) == {pair: each for pair, each in found.items() if each >= 0.9} != found
    monkeypatch.setenv("DATAQ_SIMILAR_COUNT", "1")
    assert bring(way) == near(by_hand(way, 1, 0.9))
    for name, value in (("COUNT", "1.5"), ("COUNT", "0"), ("LEAST", "2"), ("LEAST", "near")):
        with monkeypatch.context() as patch:
            patch.setenv(f"DATAQ_SIMILAR_{name}", value)
            with pytest.raises(FixTheCall, match=f"DATAQ_SIMILAR_{name} is"):
                relate(way, "similar_to")


def test_texts_derived_again_are_placed_again(way: Way) -> None:
    found = bring(way, item("a.txt", text(0, 1)), item("b.txt", text(0, 2)))
    rows = way.lake.table("texts").scan().collect()
    again = rows.with_columns(pl.lit("later").alias("run_id")).to_arrow()
    table = way.lake.table("texts")
    batches = conform(again, table.table.schema).to_batches()
    table.apply(Difference(batches, rows["id"].to_list()))
    assert bring(way) == found
    assert {row["text_run"] for row in way.rows("positions")} == {"later"}


def test_a_pass_killed_anywhere_is_gone_on_with(way: Way, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATAQ_SIMILAR_COUNT", "2")
    bring(way, *(item(f"{n}.txt", text(0, n)) for n in range(6)))
    for crash_after in range(4):
        way.observe(
            *(
                item(f"new{crash_after}{n}.txt", text(0, 20 + 3 * crash_after + n))
                for n in range(3)
            ),
            gone(f"{crash_after}.txt"),
        )
        for name in ("gate", "assets", "texts", "segments", "embeddings"):
            way.derive(name)
        way.crash_after = crash_after
        with pytest.raises(Crash):
            relate(way, "similar_to")
        way.crash_after = None
        # What had taken the place of others goes before the next pass.
        found = bring(way, *(gone(f"new{crash_after}{n}.txt") for n in range(2)))
        assert found == scratch(way) == near(by_hand(way, 2))


def test_edges_that_somebody_took_away_come_back(way: Way) -> None:
    found = bring(way, *(item(f"{n}.txt", text(0, n)) for n in range(6)))
    way.lake.table("relationships").clear()
    with_new = bring(way, item("n.txt", text(2, 1)))
    assert with_new == found


def test_a_pass_over_what_is_unchanged_compares_nothing(
    way: Way, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = bring(way, item("a.txt", text(0, 1)), item("b.txt", text(0, 2)))
    monkeypatch.setattr("dataq_assets.stages.relations.similar_to.compare", None)
    assert bring(way, item("a.png", b"\x89PNG")) == found
    edges = {row["relation"]: row["edges"] for row in way.rows("relations")}
    assert edges == {"similar_to": 1}


@pytest.fixture
def small_regions(monkeypatch: pytest.MonkeyPatch) -> None:
    """Regions are made for few assets already."""
    monkeypatch.setattr(regions, "EXACT", 40)
    monkeypatch.setattr(regions, "MEMBERS", 8)


@pytest.mark.usefixtures("small_regions")
def test_with_regions_few_neighbours_are_missed_and_steps_make_no_difference(
    way: Way, monkeypatch: pytest.MonkeyPatch
) -> None:
    def some(first: int, last: int) -> Iterator[Any]:
        return (item(f"{n}.txt", text(n % 4, n)) for n in range(first, last))

    exact = bring(way, *some(0, 40))
    assert way.rows("regions") == []
    assert exact == near(by_hand(way))
    bring(way, *some(40, 60))
    assert len(way.rows("regions")) == 7
    bring(way, *some(60, 90))
    found = bring(way, *(gone(f"{n}.txt") for n in range(0, 30, 3)))
    truth = by_hand(way)
    assert found.items() <= {**near(truth), **found}.items()
    assert len(truth.keys() & found.keys()) >= 0.95 * len(truth)
    way.lake.table("relations").clear()
    assert bring(way) == found, "the same regions have the same edges"
    centers = {row["id"] for row in way.rows("regions")}
    bring(way, *some(100, 400))
    assert centers.isdisjoint(row["id"] for row in way.rows("regions")), "they were made anew"
    few = bring(way, *(gone(f"{n}.txt") for n in (*range(90), *range(118, 400))))
    assert way.rows("regions") == []
    assert few == near(by_hand(way))


@pytest.mark.usefixtures("small_regions")
def test_a_pass_killed_while_it_makes_regions_mixes_none_up(way: Way) -> None:
    bring(way, *(item(f"{n}.txt", text(n % 4, n)) for n in range(38)))
    for crash_after in range(3):
        way.lake.table("regions").clear()
        way.observe(*(item(f"{n}-{crash_after}.txt", text(0, 50 * n)) for n in range(9)))
        for name in ("gate", "assets", "texts", "segments", "embeddings"):
            way.derive(name)
        way.crash_after = crash_after
        with pytest.raises(Crash):
            relate(way, "similar_to")
        way.crash_after = None
        bring(way)
        centers = sorted(way.rows("regions"), key=lambda row: row["number"])
        matrix = np.array([row["center"] for row in centers])
        for row in way.rows("positions"):
            nearest = np.argsort(-(matrix @ np.frombuffer(row["vector"], np.int8)))
            assert set(row["regions"]) == set(nearest[: regions.SHARED])


Step = tuple[int, int, int]
steps = st.lists(
    st.tuples(st.integers(0, 11), st.integers(-1, 1), st.integers(0, 9)), min_size=1, max_size=8
)


@settings(max_examples=3)
@given(rounds=st.lists(steps, min_size=2, max_size=4))
def test_step_by_step_is_as_from_scratch(
    rounds: list[list[Step]], pool: Pool, tmp_path_factory: pytest.TempPathFactory
) -> None:
    way = Way(open_lake(tmp_path_factory.mktemp("alike")), pool)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DATAQ_SIMILAR_COUNT", "2")
        patch.setenv("DATAQ_SIMILAR_LEAST", "0.5")
        bring(way, *(item(f"{n}.txt", text(n % 2, n)) for n in range(12)))
        for number, some in enumerate(rounds, 1):
            chosen = {step[0]: step for step in some}.values()
            stepwise = bring(
                way,
                *(
                    gone(f"{name}.txt", time=number)
                    if topic < 0
                    else item(f"{name}.txt", text(topic, salt), time=number)
                    for name, topic, salt in chosen
                ),
            )
        assert way.broken_checks("edges_are_sound") == []
        assert scratch(way) == stepwise
