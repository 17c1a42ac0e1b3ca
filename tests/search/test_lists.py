"""A large part is searched through its lists: nearly exactly, and always in one order."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

import faiss
import numpy as np
import pyarrow as pa
import pytest
from numpy.typing import NDArray

from dataq_lake.errors import IndexDamaged
from dataq_lake.ids import make_id
from dataq_lake.indexes import draft as drafting
from dataq_lake.indexes.brevity import shortened
from dataq_lake.indexes.documents import DOCUMENTS, Publication, Published
from dataq_lake.indexes.folder import IndexFolder
from dataq_lake.indexes.lists import write_lists
from dataq_lake.indexes.manifest import Manifest, Model, PartEntry
from dataq_lake.indexes.merging import merge_parts, wasteful
from dataq_lake.indexes.part import Part
from dataq_lake.indexes.publish import publish
from dataq_lake.indexes.snapshot import open_snapshot
from dataq_lake.lake import Lake
from dataq_lake.search.conditions import Among, Limits
from dataq_lake.search.retrievers import Ranking, VectorRetriever

WIDE = 32
MODEL = Model("made up", "1", WIDE)
ALL = Limits()
Vectors = NDArray[np.float32]


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is large in these tests."""
    monkeypatch.setattr("dataq_lake.indexes.part.LISTED_ROWS", 500)
    monkeypatch.setattr("dataq_lake.indexes.part.SCANNED_ROWS", 100)
    monkeypatch.setattr("dataq_lake.indexes.part.FIRST", 40)
    monkeypatch.setattr("dataq_lake.indexes.lists.CANDIDATES", 160)
    monkeypatch.setattr("dataq_lake.indexes.lists.PROBES", 12)
    monkeypatch.setattr(drafting, "PART_ROWS", 400)


def made(count: int, seed: int = 1) -> Vectors:
    """Vectors of unit length in some twenty crowds, two of a hundred twice."""
    chance = np.random.default_rng(seed)
    centres = np.random.default_rng(0).normal(size=(20, WIDE))
    vectors = centres[chance.integers(20, size=count)] + 0.7 * chance.normal(size=(count, WIDE))
    vectors[5::100] = vectors[4::100][: len(vectors[5::100])]
    unit: Vectors = (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)
    return unit


def id_of(number: int) -> str:
    return make_id("listed", number)


def text_of(number: int) -> str:
    """As long as all others: a short text is less near."""
    return f"number {number:04}"


def put(lake: Lake, vectors: Vectors, start: int = 0, gone: Sequence[int] = ()) -> Published:
    """Publishes vectors as segments with the numbers from `start` on."""
    numbers = range(start, start + len(vectors))
    rows = [
        {
            "segment_id": id_of(number),
            "asset_id": make_id("asset", number // 3),
            "source": f"source-{number % 3}",
            "path": f"{number // 3}.txt",
            "mime_type": "text/plain",
            "timestamp": None,
            "title": None,
            "text": text_of(number),
            "vector": vector,
        }
        for number, vector in zip(numbers, vectors.tolist(), strict=True)
    ]
    batches = [pa.RecordBatch.from_pylist(rows, schema=DOCUMENTS)] if rows else []
    return publish(lake, Publication(MODEL, batches, map(id_of, gone)))


def ranked(lake: Lake, query: Vectors, depth: int, limits: Limits = ALL) -> Ranking:
    return VectorRetriever(open_snapshot(lake.root)).rank(query, limits, depth)


def nearest(vectors: Vectors, query: Vectors, allowed: Sequence[int] | None = None) -> list[str]:
    """The ids of what is nearest, by its exact similarity, equal ones by id."""
    numbers = range(len(vectors)) if allowed is None else allowed
    near = vectors @ query
    return sorted(map(id_of, numbers), key=lambda id_: (-round(float(near[NUMBERS[id_]]), 6), id_))


NUMBERS = {id_of(number): number for number in range(5_000)}


def recall(lake: Lake, vectors: Vectors, allowed: Sequence[int] | None = None) -> float:
    """The mean of recall@10 over some queries."""
    limits = ALL if allowed is None else Limits([Among(frozenset(map(id_of, allowed)))])
    found = []
    for query in made(30, seed=9):
        scores = ranked(lake, query, 20, limits).scores
        best = nearest(vectors, query, allowed)[:10]
        assert list(scores.values()) == sorted(scores.values(), reverse=True)
        assert set(scores) <= {id_of(n) for n in allowed or range(len(vectors))}
        found.append(len({*list(scores)[:10]} & {*best}) / len(best))
    return float(np.mean(found))


def lists_of(lake: Lake) -> list[Path]:
    return sorted((Path(str(lake.root)) / "indexes" / "parts").glob("*/lists.faiss"))


def test_a_small_part_has_no_lists_and_a_large_one_has(lake: Lake) -> None:
    put(lake, made(499))
    assert lists_of(lake) == []
    put(lake, made(500), start=1_000)
    assert len(lists_of(lake)) == 1


def test_nearly_all_that_is_nearest_is_found(lake: Lake) -> None:
    vectors = made(3_000)
    assert put(lake, vectors).parts == 1
    assert recall(lake, vectors) >= 0.95
    assert recall(lake, vectors, range(0, 3_000, 5)) >= 0.95, "a filter that keeps some"
    assert recall(lake, vectors, range(0, 3_000, 40)) == 1, "one that keeps few is exact"
    assert recall(lake, vectors, [7, 2_999]) == 1
    assert recall(lake, vectors, [7]) == 1


def test_lists_are_what_is_looked_through(lake: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    vectors = made(3_000)
    put(lake, vectors)
    monkeypatch.setattr("dataq_lake.indexes.lists.PROBES", 1)
    assert 0.2 < recall(lake, vectors) < 0.95
    assert recall(lake, vectors, range(0, 3_000, 40)) == 1


def test_looking_further_goes_on_with_the_same_order(
    lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dataq_lake.indexes.lists.PROBES", 3)
    vectors, missed = made(1_500), 0
    put(lake, vectors[:1_200])
    put(lake, vectors[1_200:], start=1_200, gone=range(0, 100, 7))
    for query in made(10, seed=3)[::2] + made(10, seed=4)[::2]:
        orders = [list(ranked(lake, query, depth).scores) for depth in (1, 10, 39, 40, 41, 300)]
        for one, other in pairwise(orders):
            assert other[: len(one)] == one
        whole = ranked(lake, query, 1_500)
        assert whole.complete
        missed += 1_485 - len(whole.scores)
        assert list(whole.scores)[:300] == orders[-1]
        assert list(whole.scores) == sorted(whole.scores, key=lambda id_: (-whole.scores[id_], id_))
    assert missed, "what would have come too late"


def test_all_that_counts_is_listed_once_where_nothing_is_missed(
    lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dataq_lake.indexes.lists.PROBES", 10_000)
    monkeypatch.setattr("dataq_lake.indexes.lists.CANDIDATES", 10_000)
    vectors = made(900)
    put(lake, vectors)
    query = made(1, seed=3)[0]
    assert list(ranked(lake, query, 900).scores) == nearest(vectors, query)
    assert list(ranked(lake, query, 33).scores) == nearest(vectors, query)[:33]


def test_what_is_gone_is_not_found_and_was_there_before(lake: Lake) -> None:
    vectors = made(1_000)
    old = put(lake, vectors).snapshot
    query = vectors[17]
    best = nearest(vectors, query)[:10]
    numbers = [NUMBERS[id_] for id_ in best]
    put(lake, made(0), gone=numbers)
    assert not {*best} & {*ranked(lake, query, 100).scores}
    then = VectorRetriever(open_snapshot(lake.root, old)).rank(query, ALL, 10)
    assert [*then.scores] == best
    assert len(lists_of(lake)) == 1, "the part is shared"


def test_a_part_of_which_few_rows_count_is_searched_exactly(lake: Lake) -> None:
    vectors = made(600)
    put(lake, vectors)
    left = range(0, 600, 50)
    put(lake, made(0), gone=[n for n in range(600) if n not in left])
    query = made(1, seed=3)[0]
    assert list(ranked(lake, query, 20).scores) == nearest(vectors, query, left)


def test_what_may_be_found_is_found_though_it_is_far_away(
    lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dataq_lake.indexes.lists.PROBES", 1)
    vectors = made(700) / 100
    vectors[:500, 0] += 1
    vectors[500:, 0] -= 1
    put(lake, vectors)
    far = range(500, 700)
    limits = Limits([Among(frozenset(map(id_of, far)))])
    found = ranked(lake, vectors[0], 20, limits).scores
    assert list(found) == nearest(vectors, vectors[0], far)[:20]


def test_vectors_of_nothing_harm_nobody(lake: Lake) -> None:
    vectors = made(700)
    vectors[::10] = 0
    put(lake, vectors)
    query = made(1, seed=3)[0]
    assert {*list(ranked(lake, query, 10).scores)} == {*nearest(vectors, query)[:10]}


def test_a_small_publication_leaves_a_large_part_alone(lake: Lake) -> None:
    put(lake, made(2_000))
    large = {part.id for part in open_snapshot(lake.root).manifest.parts}
    sizes = []
    for number in range(12):
        put(lake, made(60, seed=number), start=2_000 + 60 * number, gone=[number])
        parts = open_snapshot(lake.root).manifest.parts
        assert large <= {part.id for part in parts}
        sizes.append(len(parts))
    assert max(sizes) <= 1 + drafting.MERGED_PARTS
    assert min(sizes[6:]) < max(sizes), "the small ones become one"


def test_a_joined_part_holds_what_its_parts_held(lake: Lake) -> None:
    vectors = made(1_100)
    put(lake, vectors[:600])
    put(lake, vectors[600:1_000], start=600, gone=[3, 4])
    put(lake, vectors[1_000:], start=1_000, gone=[5, 700])
    before = open_snapshot(lake.root)
    ids = sorted(before.segment_ids().to_pylist())
    assert len(before.parts) == 3
    merge_parts(lake, before.manifest.parts)
    after = open_snapshot(lake.root)
    (part,) = after.parts
    assert after.segment_ids().to_pylist() == ids == sorted(ids)
    numbers = [NUMBERS[id_] for id_ in ids]
    stored = shortened(vectors[numbers], [text_of(number) for number in numbers])
    assert np.array_equal(part.index.reconstruct_n(0, len(ids)), stored)
    rows = np.arange(len(ids))
    assert part.shown.rows(rows)["text"].to_pylist() == [text_of(n) for n in numbers]
    places = [part.places.place(n) for n in part.places.of_row.tolist()]
    assert [place[0] for place in places] == [f"source-{n % 3}" for n in numbers]
    assert [place[2] for place in places] == [f"{n // 3}.txt" for n in numbers]
    assert before.vectors(ids[:5]).keys() == after.vectors(ids[:5]).keys()
    query = made(1, seed=3)[0]
    then = VectorRetriever(before).rank(query, ALL, 10).scores
    assert len({*then} & {*ranked(lake, query, 10).scores}) >= 9


def test_vectors_are_stored_as_faiss_does(lake: Lake, tmp_path: Path) -> None:
    vectors = made(900)
    put(lake, vectors)
    (part,) = open_snapshot(lake.root).parts
    index = faiss.IndexFlatIP(WIDE)
    index.add(part.index.reconstruct_n(0, 900))
    faiss.write_index(index, str(tmp_path / "flat"))
    assert (part.folder / "vectors.faiss").read_bytes() == (tmp_path / "flat").read_bytes()


def test_lists_are_the_same_each_time(lake: Lake, tmp_path: Path) -> None:
    put(lake, made(900))
    (part,) = open_snapshot(lake.root).parts
    write_lists(tmp_path, part.index)
    assert (part.folder / "lists.faiss").read_bytes() == (tmp_path / "lists.faiss").read_bytes()


def test_who_dies_while_joining_leaves_the_old_snapshot(
    lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    vectors = made(1_000)
    put(lake, vectors[:600])
    put(lake, vectors[600:], start=600)
    before = open_snapshot(lake.root).manifest

    def dies(folder: Path) -> None:
        (folder / "lists.faiss").write_bytes(b"half")
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(drafting, "add_lists", dies)
        with pytest.raises(KeyboardInterrupt):
            merge_parts(lake, before.parts)
    assert open_snapshot(lake.root).manifest == before
    assert recall(lake, vectors) >= 0.95
    merge_parts(lake, before.parts)
    after = open_snapshot(lake.root).manifest
    assert [part.rows for part in after.parts] == [1_000]
    assert not list(Path(str(lake.root)).rglob(".draft-*"))


def _manifest(*rows: int) -> Manifest:
    parts = tuple(PartEntry(str(number), count) for number, count in enumerate(rows))
    return Manifest("id", 1, None, "", "", MODEL, sum(rows), parts)


def test_equally_large_parts_are_merged_when_there_are_many() -> None:
    assert wasteful(_manifest(*[500] * 7)) == []
    assert len(wasteful(_manifest(*[500] * 8))) == 8
    some = wasteful(_manifest(1_000_000, *[500] * 8, *[20_000] * 7))
    assert [part.rows for part in some] == [500] * 8
    assert wasteful(_manifest(*[3 << 20] * 9)) == []


def test_damaged_lists_are_told(lake: Lake) -> None:
    put(lake, made(900))
    folder = IndexFolder(Path(str(lake.root)))
    assert list(folder.damage()) == []
    (file,) = lists_of(lake)
    whole = file.read_bytes()
    file.write_bytes(whole[:-9] + b"\x00" * 9)
    assert "lists.faiss is damaged" in str(list(folder.damage()))
    file.write_bytes(whole[:20])
    (file.parent / "sums.json").unlink()
    assert "lists.faiss of index part" in str(list(folder.damage()))
    with pytest.raises(IndexDamaged, match=r"lists.faiss of index part .* cannot be read"):
        ranked(lake, made(1)[0], 10)


def test_a_part_from_before_there_were_lists_is_searched_exactly(lake: Lake) -> None:
    vectors = made(900)
    put(lake, vectors)
    (file,) = lists_of(lake)
    file.unlink()
    query = made(1, seed=3)[0]
    assert list(ranked(lake, query, 50).scores) == nearest(vectors, query)[:50]
    assert Part(file.parent).lists.there is False
