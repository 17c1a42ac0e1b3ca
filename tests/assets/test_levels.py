"""Service levels: what is measured of good lakes and of broken ones, and that history grows."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from shutil import copytree
from typing import Any

import numpy as np
import pytest

from dataq_analyzers.pool import Pool
from dataq_assets.stages.level import Measuring, all_levels, percentile, sample, title_queries
from dataq_assets.stages.levels.recall_at_10 import exact
from dataq_assets.stages.service_levels import ServiceLevels
from dataq_lake.errors import FixTheCall
from dataq_lake.lake import open_lake
from dataq_lake.levels import BARS, LevelSettings, history, level_settings
from dataq_lake.search.retrievers import Ranking, VectorRetriever
from dataq_lake.written import CommitInfo
from dataq_resources.changes import Changes
from tests.assets.way import Way, gone, item

WORDS = ["heron", "river", "reed", "bread", "flour", "salt", "bridge", "spider", "gauge", "ferry"]


@pytest.fixture(scope="session")
def pages(tmp_path_factory: pytest.TempPathFactory, pool: Pool) -> Path:
    """A lake of forty pages with titles."""
    root = tmp_path_factory.mktemp("pages") / "lake"
    way = Way(open_lake(root), pool)
    for number in range(40):
        one, other = WORDS[number % 10], WORDS[number // 10]
        text = f"# {one} and {other} {number}\n\nOf the {one} by the {other}, page {number}.\n"
        way.observe(item(f"{number}.md", text.encode()))
    way.derive()
    return root


@pytest.fixture
def found(pages: Path, tmp_path: Path, pool: Pool) -> Way:
    """The same, for one test."""
    copytree(pages, tmp_path / "lake")
    way = Way(open_lake(tmp_path / "lake"), pool, runs=100)
    way.now_us += 3_600_000_000
    return way


def measure(way: Way, now: datetime | None = None, **settings: Any) -> dict[str, dict[str, Any]]:
    """The newest measurement of each level."""
    way.runs += 1
    measuring = Measuring(way.lake, LevelSettings(**settings), now or datetime.now(UTC))
    stage = ServiceLevels(measuring, f"run{way.runs}")
    Changes(stage.rounds()).commit(way.lake, CommitInfo("run", "service_levels"))
    return {level: rows[-1] for level, rows in history(way.lake).items()}


def broken(way: Way) -> set[str]:
    return {told.partition(":")[0] for told in way.broken_checks(*CHECKS)}


CHECKS = ("recall_is_kept", "search_is_quick", "index_covers", "index_is_fresh")


def test_a_good_lake_keeps_its_levels_and_history_grows(found: Way) -> None:
    assert broken(found) == set()  # nothing was measured, so nothing is known to be wrong
    first = measure(found)
    assert set(first) == set(BARS) == {level.name for level in all_levels()}
    assert {level: row["value"] for level, row in first.items() if row["unit"] != "ms"} == {
        "recall_at_10": 1.0,
        "index_coverage": 1.0,
        "index_freshness": 0.0,
    }
    assert 0 < first["search_p50"]["value"] <= first["search_p95"]["value"]
    assert all(row["snapshot"] == found.lake.index().manifest.id for row in first.values())
    second = measure(found)
    assert {level: len(rows) for level, rows in history(found.lake).items()} == dict.fromkeys(
        BARS, 2
    )
    assert first["search_p95"]["facts"]["set"] == second["search_p95"]["facts"]["set"]
    assert broken(found) == set()


def test_segments_that_are_not_in_the_index_fail_coverage_and_with_time_freshness(
    found: Way,
) -> None:
    found.observe(item("new.md", b"# Late\n\nNobody published this.\n"))
    found.derive("gate", "assets", "texts", "segments", "embeddings")
    now = datetime.now(UTC)
    row = measure(found, now)["index_coverage"]
    assert row["facts"] == {"current": 41, "missing": 1, "past": 0, "withheld": 0}
    assert row["value"] == pytest.approx(40 / 41)
    assert broken(found) == {"index_covers"}
    late = measure(found, now + timedelta(hours=30))["index_freshness"]
    assert 29.5 < late["value"] < 30.5
    assert broken(found) == {"index_covers", "index_is_fresh"}
    found.publish()
    assert measure(found, now + timedelta(hours=31))["index_freshness"]["value"] == 0
    assert broken(found) == set()


def test_what_is_gone_and_still_found_is_not_fresh(found: Way) -> None:
    found.observe(gone("3.md"))
    found.derive("gate", "assets", "texts", "segments")
    row = measure(found, datetime.now(UTC) + timedelta(hours=25))["index_freshness"]
    assert (row["facts"]["past"], row["passed"]) == (1, False)


def test_a_worse_retriever_fails_recall(found: Way, monkeypatch: pytest.MonkeyPatch) -> None:
    rank = VectorRetriever.rank

    def half(*given: Any) -> Ranking:
        scores = rank(*given).scores
        return Ranking({id_: scores[id_] for id_ in list(scores)[::2]})

    monkeypatch.setattr(VectorRetriever, "rank", half)
    row = measure(found)["recall_at_10"]
    assert row["value"] == pytest.approx(0.5, abs=0.02)  # less where others are as near
    assert broken(found) == {"recall_is_kept"}
    (verdict,) = found.broken_checks("recall_is_kept")
    assert verdict.endswith("share, the bar is 0.95 share")


def test_an_index_that_cannot_be_read_fails(found: Way) -> None:
    for file in (found.lake.root / "indexes" / "parts").glob("*/vectors.faiss"):  # type: ignore[union-attr]
        file.write_bytes(b"torn")
    row = measure(found)["recall_at_10"]
    assert (row["value"], row["passed"]) == (None, False)
    assert "cannot be read" in row["reason"]
    assert "recall_is_kept" in broken(found)


def test_a_slow_search_is_a_warning(found: Way) -> None:
    clock: Iterator[float] = iter(range(10**6))
    measuring = Measuring(
        found.lake, LevelSettings(), datetime.now(UTC), clock=lambda: next(clock) * 0.6
    )
    rows = next(iter(ServiceLevels(measuring, "run").rounds()))["service_levels"]
    found.lake.table("service_levels").apply(rows)
    assert history(found.lake)["search_p95"][0]["value"] == pytest.approx(600)
    from dataq_assets.stages.checks.search_is_quick import verdict

    assert verdict(found.lake).reason == (
        "search_p50 is 600 ms, the bar is 250 ms; search_p95 is 600 ms, the bar is 500 ms"
    )


def test_one_s_own_queries_are_timed(found: Way, tmp_path: Path) -> None:
    file = tmp_path / "queries.txt"
    file.write_text("heron\n\n  bread and salt \n")
    facts = measure(found, queries=file)["search_p95"]["facts"]
    assert facts["queries"] == 2
    file.write_text(" \n")
    row = measure(found, queries=file)["search_p95"]
    assert (row["passed"], "has no query" in row["reason"]) == (False, True)
    assert "cannot be read" in measure(found, queries=tmp_path)["search_p95"]["reason"]


def test_queries_and_sample_stay_the_same_while_their_segments_do(found: Way) -> None:
    before = found.lake.index()
    queries, ids = title_queries(before, 20), sample(before, 20)
    assert len(set(queries)) == len(set(ids)) == 20
    assert all(" and " in query for query in queries)
    found.observe(item("new.md", b"# A title of the new\n\nText.\n"), gone("3.md"))
    found.derive()
    after = found.lake.index()
    assert len(set(queries) & set(title_queries(after, 20))) >= 18
    assert len(set(ids) & set(sample(after, 20))) >= 18


def test_exact_search_is_that_of_numpy(found: Way) -> None:
    snapshot = found.lake.index()
    known = snapshot.vectors(snapshot.segment_ids().to_pylist())
    vectors = np.stack(list(known.values()))
    wanted = -np.sort(-(vectors @ vectors.T), axis=1)[:, 1:11]
    np.testing.assert_allclose(exact(snapshot, vectors), wanted, atol=1e-6)


def test_before_the_first_index_nothing_is_measured(way: Way) -> None:
    assert measure(way) == {}
    way.observe(item("a.txt", b"alone"))
    way.derive()
    row = measure(way)
    assert (row["recall_at_10"]["value"], row["recall_at_10"]["facts"]) == (1.0, {"sample": 0})
    assert row["search_p95"]["facts"]["queries"] == 1
    way.observe(gone("a.txt"))
    way.derive()
    assert measure(way)["index_coverage"]["value"] == 1.0


def test_settings_are_read_and_wrong_ones_named() -> None:
    given = level_settings({"DATAQ_LEVELS_P95_MS": "80", "DATAQ_LEVELS_CRON": "off"})
    assert (given.bars["search_p95"], given.bars["recall_at_10"], given.runs) == (80, 0.95, False)
    with pytest.raises(FixTheCall, match="DATAQ_LEVELS_RECALL is 'much'"):
        level_settings({"DATAQ_LEVELS_RECALL": "much"})


def test_percentiles_are_nearest_ranks() -> None:
    values = [float(n) for n in range(100, 0, -1)]
    assert (percentile(values, 0.5), percentile(values, 0.95)) == (50, 95)
    assert percentile([7.0], 0.95) == 7
