"""More like these, less like those; and what is near to a thing, with the figures that say why."""

from __future__ import annotations

from pathlib import Path

import pytest

from dataq_lake.errors import BadQuery, UnknownId
from dataq_lake.indexes.documents import Publication
from dataq_lake.indexes.manifest import Model
from dataq_lake.indexes.publish import publish
from dataq_lake.lake import Lake, open_lake
from dataq_lake.search import Hit, search
from dataq_lake.search.similar import similar
from tests.search.kin import asset_id, store
from tests.search.notes import documents, segment_id

ROWS = [
    {"path": "bread", "text": "Knead flour and water, bake the loaf."},
    {"path": "bread", "text": "The oven has to be hot before the dough goes in."},
    {"path": "cake", "text": "Bake the cake with flour and sugar in the oven."},
    {"path": "bank", "text": "The bank of the river is flooded after rain."},
    {"path": "loan", "text": "The bank gave a loan at a low interest rate."},
    {"path": "flood", "text": "The flooded river rose above the gauge."},
]
IDS = [segment_id(row["path"], row["text"]) for row in ROWS]


@pytest.fixture(scope="module")
def lake(tmp_path_factory: pytest.TempPathFactory, model: Model) -> Lake:
    """A lake with the rows above."""
    lake = open_lake(tmp_path_factory.mktemp("likeness"))
    store(lake, ROWS)
    publish(lake, Publication(model, [documents(ROWS)]))
    return lake


def paths(hits: list[Hit]) -> list[str]:
    return [hit.path for hit in hits]


def test_nearest_to_a_segment_without_itself(lake: Lake) -> None:
    hits = similar(lake, IDS[2], 3)
    assert set(paths(hits[:2])) == {"bread"}
    assert IDS[2] not in {hit.id for hit in hits}
    for rank, hit in enumerate(hits, 1):
        assert hit.why["vector"] == {"rank": rank, "score": hit.score}
        (like,) = hit.why["likeness"]["like"]
        assert like["id"] == IDS[2]
        assert like["score"] == pytest.approx(hit.score, abs=1e-5)
    assert [hit.id for hit in similar(lake, IDS[2][:9], 3)] == [hit.id for hit in hits]


def test_nearest_to_an_asset_without_its_own(lake: Lake) -> None:
    hits = similar(lake, asset_id("bread"), 10)
    assert paths(hits)[0] == "cake"
    assert "bread" not in paths(hits)
    (like,) = hits[0].why["likeness"]["like"]
    assert like["nearest"]["id"] in IDS[:2]
    assert len(similar(lake, asset_id("bread"), 10, group="asset")) == 4


def test_what_is_not_in_the_index_is_said(lake: Lake) -> None:
    with pytest.raises(UnknownId, match="no segment, asset or item"):
        similar(lake, "0" * 32)
    with pytest.raises(UnknownId, match="is not an id"):
        similar(lake, "bread")


def test_what_has_no_passage_in_the_index_is_said(tmp_path: Path, model: Model) -> None:
    lake = open_lake(tmp_path)
    store(lake, ROWS)
    publish(lake, Publication(model, [documents(ROWS[2:])]))
    for id_ in (IDS[0], asset_id("bread")):
        with pytest.raises(UnknownId, match="has no passage in snapshot"):
            similar(lake, id_)


def test_more_like_these_and_less_like_those(lake: Lake) -> None:
    plain = search(lake, "bank", mode="vector")
    river = search(lake, "bank", mode="vector", like=[IDS[5]], unlike=[asset_id("loan")])
    assert paths(plain).index("loan") < paths(plain).index("flood")
    assert paths(river)[:2] in (["bank", "flood"], ["flood", "bank"])
    assert "loan" not in paths(river)
    assert "loan" not in paths(search(lake, "bank", unlike=[IDS[4]]))
    assert paths(search(lake, "", like=[IDS[5]]))[0] == "flood"


def test_the_score_can_be_calculated_again(lake: Lake) -> None:
    for hit in search(lake, "bank", like=[IDS[5], IDS[3]], unlike=[IDS[4]]):
        told = hit.why["likeness"]
        parts = {
            "query": told["query"],
            **{
                name: sum(each["score"] for each in told[name]) / len(told[name])
                for name in ("like", "unlike")
            },
        }
        weights = told["weights"]
        moved = parts["query"] * weights["query"] + parts["like"] * weights["like"]
        score = (moved - parts["unlike"] * weights["unlike"]) / told["length"]
        assert score == pytest.approx(hit.why["vector"]["score"], abs=1e-5)


def test_texts_alone_have_no_direction(lake: Lake) -> None:
    with pytest.raises(BadQuery, match="mode text has none"):
        search(lake, "bank", mode="text", like=[IDS[0]])
