"""On queries that were judged by reading, fused search is at least as good as either retriever."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from benchmarks.judgements import (
    Corpus,
    JudgedQuery,
    Judgement,
    files,
    judged,
    missing,
    qualities,
)
from benchmarks.ranking import Quality, mean
from dataq_analyzers.pool import Pool
from dataq_lake.lake import open_lake
from dataq_lake.search import MODES, Hit, Searcher
from tests.assets.way import Way, item

INBOX = Path(__file__).resolve().parents[2] / "examples" / "inbox"
KINDS = {
    "known item", "topical", "question", "paraphrase", "name", "date", "code", "misspelt",
    "phrase", "language",
}  # fmt: skip


@pytest.fixture(scope="module")
def pool() -> Iterator[Pool]:
    with Pool(workers=2, item_seconds=60) as pool:
        yield pool


def archived(corpus: Corpus, tree: Path, home: Path, pool: Pool) -> Searcher:
    """The files of a corpus, gone the whole way, to search."""
    lake = open_lake(home)
    way = Way(lake, pool)
    paths = files(corpus, tree)
    way.observe(*(item(str(path.relative_to(tree)), path.read_bytes()) for path in paths))
    way.derive()
    return Searcher(lake.index())


def means(searcher: Searcher, corpus: Corpus) -> dict[str, Quality]:
    """The mean quality of each mode over the judged queries."""
    return {mode: mean(qualities(searcher, judged(corpus), mode)) for mode in MODES}


def assert_fusion_pays(found: dict[str, Quality], least: Quality) -> None:
    """By every measure, hybrid is at least as good as each retriever, and as `least`."""
    for other in (found["text"], found["vector"], least):
        assert found["hybrid"].ndcg >= other.ndcg, found
        assert found["hybrid"].reciprocal_rank >= other.reciprocal_rank, found
        assert found["hybrid"].recall >= other.recall, found


def test_the_example_inbox(tmp_path: Path, pool: Pool) -> None:
    assert not missing(judged("examples"), INBOX)
    found = means(archived("examples", INBOX, tmp_path, pool), "examples")
    assert_fusion_pays(found, Quality(ndcg=0.84, reciprocal_rank=0.94, recall=0.82))


@pytest.mark.heavy
def test_real_files(corpus: Path, tmp_path: Path, pool: Pool) -> None:
    assert not missing(judged("corpus"), corpus)
    found = means(archived("corpus", corpus, tmp_path, pool), "corpus")
    assert_fusion_pays(found, Quality(ndcg=0.87, reciprocal_rank=0.9, recall=0.89))


def test_each_query_has_a_kind_a_reason_and_something_to_find() -> None:
    queries = judged("examples") + judged("corpus")
    assert len(queries) >= 200
    assert len({each.query for each in queries}) == len(queries)
    assert {each.kind for each in queries} == KINDS
    for each in queries:
        assert each.why, each
        assert max(one.grade for one in each.relevant) == 2, each
        assert len({one.path for one in each.relevant}) == len(each.relevant), each


def hit(path: str, text: str = "") -> Hit:
    return Hit(path, 1.0, text, path, "s", "snap", None, "text/plain", None, path, None, "", {}, {})


def test_a_document_counts_once_and_a_judged_passage_where_it_stands() -> None:
    wanted = (Judgement("a", 2), Judgement("b", 1, "the very passage"))
    query = JudgedQuery("q", "topical", "a reason", wanted)
    hits = [
        hit("x"),
        hit("a"),
        hit("x"),
        hit("a"),
        hit("b", "another"),
        hit("b", "the\nvery passage"),
    ]
    assert query.grades(hits) == [0, 2, 0, 1]
