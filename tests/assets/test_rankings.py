"""Feedback changes what is found only by a version of the ranking, and only while that is used."""

from __future__ import annotations

import time
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from shutil import copytree
from typing import Any

import pytest

from dataq_analyzers.pool import Pool
from dataq_assets.stages.rankings import Rankings
from dataq_lake.errors import BadQuery, FixTheCall, UnknownId
from dataq_lake.feedback.adding import add, read_statements, rows_of
from dataq_lake.feedback.comparing import compare
from dataq_lake.feedback.judged import Judged, Parameters
from dataq_lake.feedback.learning import fitted
from dataq_lake.feedback.measuring import Case, ndcg, reciprocal
from dataq_lake.feedback.statement import Statement, statement_of
from dataq_lake.feedback.versions import in_force, use, versions
from dataq_lake.feedback.voting import judgements
from dataq_lake.lake import Lake, open_lake
from dataq_lake.search import Hit, Searcher, search
from dataq_lake.search.explain import WEIGHTS
from dataq_lake.search.retrievers import Ranking
from dataq_lake.written import CommitInfo
from dataq_resources.changes import Changes
from tests.assets.way import Crash, Way, gone, item

QUERY = "heron by the river"
NOTES = {
    "a.txt": b"The heron by the river stood in the reeds all morning.",
    "b.txt": b"A heron was seen; the river was high, and by noon it was gone.",
    "c.txt": b"Kingfisher under the bridge by the river, no heron.",
    "d.txt": b"Bread: flour, water, salt, and a warm morning.",
}
AT = datetime(2026, 5, 19, tzinfo=UTC)


@pytest.fixture(scope="session")
def notes(tmp_path_factory: pytest.TempPathFactory, pool: Pool) -> Path:
    """A lake of four notes that can be searched."""
    root = tmp_path_factory.mktemp("notes") / "lake"
    way = Way(open_lake(root), pool)
    way.observe(*(item(path, text) for path, text in NOTES.items()))
    way.derive()
    return root


@pytest.fixture
def found(notes: Path, tmp_path: Path, pool: Pool) -> Way:
    """The same, for one test."""
    copytree(notes, tmp_path / "lake")
    way = Way(open_lake(tmp_path / "lake"), pool, runs=1)
    way.now_us += 3_600_000_000
    return way


def first_three(lake: Lake) -> list[str]:
    """What ranks first without feedback: all of it speaks of herons and rivers."""
    return paths(asked(lake, ranking="none"))[:3]


def turned_round(way: Way) -> None:
    """Says that the third is best, and the first nothing, and makes a ranking of it."""
    hits = asked(way.lake)
    say(way.lake, hits[2], 3)
    say(way.lake, hits[0], 0)
    build(way)


def build(way: Way, **settings: Any) -> dict[str, Any]:
    """Makes a version of the ranking."""
    stage = Rankings(way.lake, "run", way._tick(), **settings)
    Changes(stage.rounds()).commit(way.lake, CommitInfo("run", "rankings"), way._written)
    return stage.facts


def say(lake: Lake, hit: Hit | str, value: int, query: str = QUERY, **more: Any) -> None:
    id_ = hit if isinstance(hit, str) else hit.id
    add(lake, [Statement("relevance", id_, value, query=query, **more)])


def asked(lake: Lake, query: str = QUERY, **more: Any) -> list[Hit]:
    return search(lake, query, **more)


def paths(hits: Iterable[Hit]) -> list[str]:
    return [hit.path for hit in hits]


def told(hits: list[Hit]) -> list[dict[str, Any]]:
    """All that is told of hits."""
    return [hit.as_dict() for hit in hits]


def test_only_a_version_in_force_changes_what_is_found(found: Way) -> None:
    before = asked(found.lake)
    first = first_three(found.lake)
    say(found.lake, before[2], 3)
    say(found.lake, before[0], 0)
    assert told(asked(found.lake)) == told(before)
    assert build(found)["made"]
    assert told(asked(found.lake)) == told(before)
    assert in_force(found.lake) is None
    tried = asked(found.lake, ranking=1)
    use(found.lake, 1, "ana", "better")
    after = asked(found.lake)
    assert [(hit.id, hit.score) for hit in after] == [(hit.id, hit.score) for hit in tried]
    assert paths(after)[:3] == [first[2], first[1], first[0]]
    assert told(asked(found.lake, ranking="none")) == told(before)
    use(found.lake, None)
    assert told(asked(found.lake)) == told(before)


def test_a_score_can_be_calculated_again(found: Way) -> None:
    before = asked(found.lake)
    say(found.lake, before[1], 3)
    say(found.lake, before[1], 2, by="ben")
    say(found.lake, before[2].asset_id, 0, "heron river bank")
    build(found)
    use(found.lake, 1)
    scores = {hit.id: hit.score for hit in before}
    hits = asked(found.lake)
    assert any(hit.why["feedback"]["factor"] != 1 for hit in hits)
    for hit in hits:
        why = hit.why["feedback"]
        assert why["version"] == 1
        if why["factor"] == 1:
            assert hit.score == scores[hit.id]
            continue
        whole = max(1, sum(each["likeness"] for each in why["queries"]))
        queries = sum(each["likeness"] * each["value"] for each in why["queries"]) / whole
        limited = max(-1, min(1, queries + why["prior"] * why["asset"]))
        assert why["fused"] == pytest.approx(scores[hit.id])
        assert hit.score == pytest.approx(why["fused"] * 2 ** (why["bound"] * limited))
    votes = {e["votes"] for hit in hits for e in hit.why["feedback"].get("queries", ())}
    assert votes == {1, 2}


def test_other_queries_and_other_modes_stay_as_they_are(found: Way) -> None:
    others = [asked(found.lake, "flour and salt"), asked(found.lake, mode="text")]
    others += [asked(found.lake, mode="vector"), asked(found.lake, "*"), asked(found.lake, "in:s")]
    turned_round(found)
    use(found.lake, 1)
    again = [asked(found.lake, "flour and salt"), asked(found.lake, mode="text")]
    again += [asked(found.lake, mode="vector"), asked(found.lake, "*"), asked(found.lake, "in:s")]
    assert paths(again[0]) == paths(others[0])
    assert [told(each) for each in again[1:3]] == [told(each) for each in others[1:3]]
    assert [[h.score for h in each] for each in again[3:]] == [
        [h.score for h in each] for each in others[3:]
    ]


@pytest.mark.parametrize("voters", [1, 1000])
def test_a_thousand_statements_stay_within_bounds(found: Way, voters: int) -> None:
    before = asked(found.lake)
    last = before[-1]
    add(
        found.lake,
        [
            Statement(
                "relevance", last.id, 3, QUERY, by=f"bot {n % voters}", created_at=AT, id=f"{n:032}"
            )
            for n in range(1000)
        ],
    )
    build(found)
    use(found.lake, 1)
    (hit,) = (hit for hit in asked(found.lake) if hit.id == last.id)
    assert 1 < hit.score / last.score <= 2
    assert hit.why["feedback"]["queries"][0]["votes"] == voters
    if voters == 1:
        assert hit.score / last.score < 1.6


def test_who_contradicts_another_takes_away_what_they_said(found: Way) -> None:
    hits = asked(found.lake)
    rows = [
        Statement("relevance", hits[0].id, 3 * (n % 2), QUERY, by=f"{n}", created_at=AT)
        for n in range(500)
    ]
    add(found.lake, rows)
    say(found.lake, hits[1], 0, by="ana", created_at=AT)
    say(found.lake, hits[1], 3, by="ana", created_at=AT + timedelta(days=1))
    build(found)
    again = {hit.id: hit.why["feedback"] for hit in asked(found.lake, ranking=1)}
    assert again[hits[0].id]["factor"] == pytest.approx(1)
    (one,) = again[hits[1].id]["queries"]
    assert (one["value"], one["votes"]) == (0.5, 1)


def test_a_statement_counts_once_however_often_it_is_stored(found: Way) -> None:
    hit = asked(found.lake)[0]
    line = f'{{"kind":"relevance","entity_id":"{hit.id}","query":"x","value":3,"by":"b"}}'
    statements = read_statements([line, "", line], "f.jsonl")
    assert add(found.lake, statements).new == 1
    done = add(found.lake, statements)
    assert (done.new, done.known) == (0, 2)
    given = Statement("relevance", hit.id, 1, "x", id="5" * 32)
    assert [add(found.lake, [given]).new, add(found.lake, [replace(given, value=2)]).new] == [1, 0]
    assert {row["value"] for row in found.rows("feedback", id="5" * 32)} == {1}


def test_what_is_wrong_is_refused_and_nothing_of_it_is_stored(found: Way) -> None:
    hit = asked(found.lake)[0]
    good = f'{{"kind":"relevance","entity_id":"{hit.id}","query":"x","value":3}}'
    for line, reason in {
        good.replace("3", "4"): "f:2: relevance is 4",
        good.replace("3", "true"): "f:2: value is True",
        good.replace('"x"', '" "'): "f:2: relevance is relevance to a query",
        good.replace("kind", "kinds"): "f:2: no field 'kinds'",
        good.replace("relevance", "likes"): "f:2: kind is 'likes'",
        "[1]": "f:2: write one JSON object",
        "{": "f:2: ",
    }.items():
        with pytest.raises(FixTheCall, match=reason.replace("[", r"\[")):
            read_statements([good, line], "f")
    row = {"kind": "correctness", "entity_id": hit.id, "value": 0}
    for more in ({}, {"about": "tag"}, {"about": "text", "query": "x"}, {"about": "smell"}):
        with pytest.raises(FixTheCall):
            statement_of({**row, **more})
    with pytest.raises(UnknownId):
        add(found.lake, [*read_statements([good], "f"), Statement("relevance", "f" * 32, 3, "x")])
    with pytest.raises(FixTheCall, match="an edge"):
        add(found.lake, [Statement("correctness", hit.id, 0, about="edge")])
    assert found.rows("feedback") == []


def test_what_is_said_at_once_is_all_kept(found: Way) -> None:
    hits = asked(found.lake)

    def one(number: int) -> int:
        lake = open_lake(found.lake.root)
        said = Statement("relevance", hits[number % 2].id, number % 4, QUERY, by=f"{number}")
        return add(lake, [said]).new

    with ThreadPoolExecutor(4) as threads:
        assert sum(threads.map(one, range(12))) == 12
    assert len(found.rows("feedback")) == 12


def test_what_is_the_same_in_a_new_version_is_still_judged_and_what_is_gone_is_not(
    found: Way,
) -> None:
    for hit in asked(found.lake)[:3]:
        say(found.lake, hit, 3)
    found.observe(item("a.txt", NOTES["a.txt"] + b" ", time=1), gone("b.txt", time=1))
    found.observe(item("c.txt", b"Nothing of birds: a tax form.", time=1))
    found.derive()
    facts = build(found)
    assert (facts["judgements"], facts["gone"]) == (1, 2)
    (row,) = found.rows("ranking_judgements")
    hit = next(hit for hit in asked(found.lake, ranking=1) if hit.path == "a.txt")
    assert row["entity_id"] == hit.id
    assert hit.why["feedback"]["factor"] > 1


def test_an_asset_is_judged_for_all_its_versions(found: Way) -> None:
    hit = next(hit for hit in asked(found.lake) if hit.path == "c.txt")
    say(found.lake, hit.asset_id, 3)
    found.observe(item("c.txt", b"The heron has left the river.", time=1))
    found.derive()
    build(found)
    after = {hit.path: hit for hit in asked(found.lake, ranking=1)}["c.txt"]
    assert after.asset_id != hit.asset_id
    assert after.why["feedback"]["queries"][0]["entity_id"] == after.asset_id
    assert after.why["feedback"]["factor"] > 1.3


def test_a_build_that_is_killed_leaves_nothing_to_be_used(found: Way) -> None:
    say(found.lake, asked(found.lake)[2], 3)
    found.crash_after = 0
    with pytest.raises(Crash):
        build(found)
    found.crash_after = None
    assert found.rows("ranking_judgements")
    assert versions(found.lake) == []
    with pytest.raises(FixTheCall, match="no ranking 1"):
        use(found.lake, 1)
    assert build(found)["version"] == 1
    assert len(found.rows("ranking_judgements")) == 1
    assert not build(found)["made"]
    say(found.lake, asked(found.lake)[1], 3)
    assert build(found)["version"] == 2
    assert [each.version for each in versions(found.lake)] == [2, 1]


def test_the_past_is_ranked_as_it_was(found: Way) -> None:
    first, _, third = first_three(found.lake)
    turned_round(found)
    old = found.lake.index().manifest.id
    time.sleep(0.01)
    before = datetime.now(UTC)
    time.sleep(0.01)
    use(found.lake, 1)
    during = datetime.now(UTC)
    time.sleep(0.01)
    found.observe(item("e.txt", b"Something else."))
    found.derive()
    new = found.lake.index().manifest.id
    use(found.lake, None)
    assert asked(found.lake.at(before))[0].path == first
    assert asked(found.lake.at(during))[0].path == third
    assert asked(found.lake)[0].path == first
    assert asked(found.lake, snapshot=old)[0].path == first
    found.observe(item("f.txt", b"And one more."))
    found.derive()
    assert asked(found.lake, snapshot=new)[0].path == third
    assert Searcher(found.lake.index(new)).search(QUERY)[0].path == third
    assert Searcher(found.lake.index()).search(QUERY)[0].path == first


def test_pages_go_on_by_the_ranking_that_they_began_with(found: Way) -> None:
    first, second, third = first_three(found.lake)
    turned_round(found)
    plain = asked(found.lake, k=1)[0].cursor
    use(found.lake, 1)
    ranked = asked(found.lake, k=1)[0].cursor
    use(found.lake, None)
    assert paths(asked(found.lake, cursor=ranked, k=2)) == [second, first]
    assert paths(asked(found.lake, cursor=plain, k=2)) == [second, third]
    with pytest.raises(BadQuery, match="ranking 1"):
        asked(found.lake, cursor=ranked, ranking="none")
    with pytest.raises(FixTheCall, match="no ranking 9"):
        asked(found.lake, ranking=9)


def test_correctness_is_joined_and_never_written_over(found: Way) -> None:
    hit = asked(found.lake)[0]
    for by in ("ana", "ben"):
        add(found.lake, [Statement("correctness", hit.id, 0, about="text", by=by)])
    stored = found.versions()["segments"]
    build(found)
    use(found.lake, 1)
    assert found.versions()["segments"] == stored
    why = next(h for h in asked(found.lake) if h.id == hit.id).why["feedback"]
    assert why["factor"] == 1
    assert why["correctness"] == [{"about": "text", "detail": None, "correct": 0, "incorrect": 2}]
    rows = found.lake.sql("select about, incorrect from feedback_correctness()").fetchall()
    assert rows == [("text", 2)]
    use(found.lake, None)
    assert found.lake.sql("from feedback_correctness()").fetchall() == []


def test_versions_are_compared_by_what_they_were_not_told(found: Way) -> None:
    hits = asked(found.lake)
    say(found.lake, hits[2], 3)
    say(found.lake, hits[0], 0)
    build(found)
    by_feedback = compare(found.lake, None, 1)
    (change,) = by_feedback.changes
    assert change["query"] == QUERY
    assert change["ndcg"][1] > change["ndcg"][0]
    assert {each["id"] for each in change["moves"]} >= {hits[0].id, hits[2].id}
    assert by_feedback.figures["a"] == by_feedback.figures["b"]  # the only query has no say
    line = f'{{"kind":"relevance","entity_id":"{hits[2].id}","query":"river heron","value":3}}'
    given = rows_of(found.lake, read_statements([line], "f"))
    by_file = compare(found.lake, None, 1, given)
    assert (by_file.better, by_file.worse) == (1, 0)
    assert by_file.figures["b"]["ndcg"] == 1 > by_file.figures["a"]["ndcg"]
    assert compare(found.lake, 1, 1).changes == ()


def test_automatic_use_is_for_what_is_no_worse(found: Way) -> None:
    say(found.lake, asked(found.lake)[2], 3)
    assert build(found, automatic=True)["in_force"]
    assert in_force(found.lake) == 1
    # by what was said of other words for it, this one's best hit goes down
    best = asked(found.lake, "bread flour")[0]
    queries = [f"bread flour {word}" for word in ("warm", "salt", "water", "morning", "the")]
    for query in queries:
        say(found.lake, best, 0, query)
    say(found.lake, best, 3, "bread flour")
    assert paths(asked(found.lake, "bread flour", ranking="none"))[0] == "d.txt"
    facts = build(found, automatic=True)
    worse = facts["ndcg_held_out"] < facts["ndcg_without"]
    assert ("in_force" in facts) != worse


def test_without_an_index_only_correctness_is_learned(way: Way) -> None:
    assert build(way) == {"version": 0, "made": False}
    way.observe(item("a.txt", b"text"))
    way.derive("gate", "assets")
    (asset,) = way.rows("assets")
    add(way.lake, [Statement("correctness", asset["id"][:8], 0, about="type", detail="text/csv")])
    assert build(way)["confidences"] == 1
    (row,) = way.rows("ranking_confidences")
    assert (row["entity_id"], row["detail"], row["incorrect"]) == (asset["id"], "text/csv", 1)


def case(number: int, first: str) -> Case:
    """The good one is first of one retriever and eleventh of the other."""
    other = "vector" if first == "text" else "text"
    ids = [f"{number}-{n}" for n in range(12)]
    rankings = {
        first: Ranking({id_: 1 - n / 100 for n, id_ in enumerate(ids)}),
        other: Ranking({id_: 1 - n / 100 for n, id_ in enumerate([*ids[1:], ids[0]])}),
    }
    return Case(
        f"q{number}", frozenset({f"q{number}"}), {ids[0]: 3.0}, rankings, dict.fromkeys(ids, "")
    )


def test_weights_are_fitted_only_to_enough_queries() -> None:
    assert fitted([case(n, "vector") for n in range(19)]) == WEIGHTS
    assert fitted([case(n, "vector") for n in range(30)])["vector"] > WEIGHTS["vector"]
    agreed = [
        replace(one, rankings=dict.fromkeys(one.rankings, one.rankings["text"]))
        for one in (case(n, "text") for n in range(30))
    ]
    assert fitted(agreed) == WEIGHTS
    assert fitted([]) == WEIGHTS


def test_gain_is_counted_as_the_field_does() -> None:
    one = Case(
        "q",
        frozenset("q"),
        {"a": 3, "b": 1, "x": 2},
        {},
        dict.fromkeys("abc", "") | {"d": "x", "e": "x"},
    )
    best = 7 + 3 / 1.5849625 + 1 / 2
    assert ndcg(one, ["a", "d", "b"]) == pytest.approx(1)
    assert ndcg(one, ["c", "a"]) == pytest.approx(7 / 1.5849625 / best)
    assert ndcg(one, ["d", "e"]) == pytest.approx(3 / best)  # its second passage is nothing new
    assert reciprocal(one, ["b", "c", "e"]) == pytest.approx(1 / 3)
    assert reciprocal(one, ["b"]) == 0


def test_hostile_queries_are_judged_like_others() -> None:
    rows = [
        {"kind": "relevance", "query": query, "entity_id": "a", "entity_type": "segment"}
        | {"value": 3, "by": None, "created_at": AT, "id": str(number)}
        for number, query in enumerate(["\ud800 a", "((", "*", "the", "x" * 9000, "a\x00b", '"a b'])
    ]
    found = judgements(rows, {"a": ("a", "a")})
    judged = Judged(found, Parameters())
    assert all(each.terms for each in found)
    assert judged.factors(frozenset(), {"a": 1.0}, {"a": "a"})["a"].factor <= 2
