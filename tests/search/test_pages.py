"""Pages, groups and cursors are slices of one order, which nothing published since can move."""

from __future__ import annotations

from functools import partial
from itertools import product
from typing import Any

import pytest

from dataq_lake.errors import BadQuery, UnknownSnapshot
from dataq_lake.indexes.folder import indexes_in
from dataq_lake.lake import Lake
from dataq_lake.search import MODES, Hit, Searcher, search
from dataq_lake.search.ask import DEPTH
from tests.search.notes import Publish, segment_id


def rows(count: int, text: str = "same words", each: int = 1) -> list[dict[str, Any]]:
    """Texts of equal score, `each` of an asset."""
    return [
        {"path": f"{n // each}.txt", "text": f"{text} {chr(97 + n % 26)}{n}"} for n in range(count)
    ]


def ids(hits: list[Hit]) -> list[str]:
    return [hit.id for hit in hits]


def in_order(hits: list[Hit]) -> bool:
    keys = [(-hit.score, hit.id) for hit in hits]
    return keys == sorted(keys)


def test_equal_scores_are_in_order_of_id_over_all_pages(lake: Lake, publish_rows: Publish) -> None:
    several = [{"path": f"{n}.txt", "text": "same words"} for n in range(2 * DEPTH + 50)]
    publish_rows(several[:DEPTH])
    publish_rows(several[DEPTH:])
    every = sorted(segment_id(row["path"], row["text"]) for row in several)
    for query in ("same", "*", "* -absent", "in:notes"):
        for mode in ("text", "hybrid") if query != "same" else ("text", "vector"):
            pages = [
                ids(search(lake, query, 80, mode=mode, offset=at)) for at in (0, 80, 160, 240, 320)
            ]
            assert [id_ for page in pages for id_ in page] == every, (query, mode)
            assert pages[-1] == []
    first = search(lake, "same words", 70)
    assert f".{2 * 70}." in first[-1].cursor  # so deep was looked, and will be
    second = search(lake, "same words", 5, cursor=first[-1].cursor)
    assert f".75.{2 * 70}." in second[-1].cursor
    assert ids(second) == ids(search(lake, "same words", 5, offset=70, depth=140))


def test_of_very_many_equal_scores_the_first_by_id_are_found(
    lake: Lake, publish_rows: Publish, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dataq_lake.search.retrievers.TIED", 150)
    several = [{"path": f"{n}.txt", "text": "same words"} for n in range(12 * DEPTH)]
    better = {"path": "better", "text": "same same"}
    publish_rows([*several, better])
    every = sorted(segment_id(row["path"], row["text"]) for row in several)
    found = ids(search(lake, "same", 50, mode="text"))
    assert found == [segment_id("better", "same same"), *every[:49]]


def test_pages_are_slices_of_one_answer(lake: Lake, publish_rows: Publish) -> None:
    publish_rows(rows(40, "apple pie", 3) + rows(40, "apple tart and pie", 3))
    searcher = Searcher(lake.index())
    for mode, group in product(MODES, (None, "asset")):
        found = partial(searcher.search, "apple pie", mode=mode, group=group)  # type: ignore[arg-type]
        whole = found(40)
        assert in_order(whole)
        pages = [ids(found(7, offset=at)) for at in (0, 7, 14)]
        assert [id_ for page in pages for id_ in page] == ids(whole)[:21], (mode, group)


def test_a_cursor_goes_on_in_the_snapshot_of_its_hit(lake: Lake, publish_rows: Publish) -> None:
    publish_rows(rows(30))
    whole = ids(search(lake, "same words", 30))
    first = search(lake, "same words", 10)
    publish_rows(rows(60, "words same"), gone=whole[15:20])
    second = search(lake, "same words", 12, cursor=first[-1].cursor)
    third = search(lake, "same words", 30, cursor=second[-1].cursor)
    assert ids(first) + ids(second) + ids(third) == whole
    assert {hit.snapshot for hit in third} == {first[0].snapshot}
    assert ids(search(lake, "same words", 2, cursor=first[4].cursor)) == whole[5:7]
    assert ids(search(lake, "same words", 30)) != whole


def test_a_cursor_is_of_one_question(lake: Lake, publish_rows: Publish) -> None:
    publish_rows(rows(5))
    (hit,) = search(lake, "same words", 1)
    for query, more in (("other", {}), ("same words", {"group": "asset"})):
        with pytest.raises(BadQuery, match="of another question"):
            search(lake, query, 1, cursor=hit.cursor, **more)  # type: ignore[arg-type]
    with pytest.raises(BadQuery, match="is no cursor"):
        search(lake, "same words", 1, cursor="10")
    with pytest.raises(BadQuery, match="its own offset"):
        search(lake, "same words", 1, cursor=hit.cursor, offset=1)
    publish_rows(rows(1, "new"))
    indexes_in(lake.root).retire(hit.snapshot)
    with pytest.raises(UnknownSnapshot):
        search(lake, "same words", 1, cursor=hit.cursor)


def test_a_group_is_the_best_of_its_asset(lake: Lake, publish_rows: Publish) -> None:
    publish_rows(
        [
            {"path": "a", "text": "heron gauge"},
            {"path": "a", "text": "heron gauge, and much else that is of no interest here"},
            {"path": "a", "text": "gauge"},
            {"path": "b", "text": "a heron"},
        ]
    )
    for mode in MODES:
        plain = search(lake, "heron gauge", mode=mode)
        grouped = search(lake, "heron gauge", mode=mode, group="asset")
        assert [(hit.path, hit.others) for hit in grouped] == [("a", 2), ("b", 0)], mode
        assert [hit.id for hit in grouped] == [
            next(hit.id for hit in plain if hit.path == path) for path in ("a", "b")
        ]
        assert {hit.others for hit in plain} == {None}


def test_groups_are_looked_for_until_there_are_enough(lake: Lake, publish_rows: Publish) -> None:
    publish_rows(rows(300, "same words", 150) + rows(1, "same words") + rows(2, "words same"))
    for mode in ("text", "vector"):
        found = search(lake, "same words", 2, mode=mode, group="asset")  # type: ignore[arg-type]
        assert len({hit.asset_id for hit in found}) == 2, mode
