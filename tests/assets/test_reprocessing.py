"""What was derived wrongly is derived again: nothing lost, nothing twice, and found by search."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from dataq_analyzers.interface import Analysis, Content, Unit
from dataq_analyzers.outcome import Done
from dataq_analyzers.pool import Pool
from dataq_assets.reprocess import go_on
from dataq_assets.stages.arrow import batch_of
from dataq_assets.stages.deep_check import look
from dataq_assets.stages.judging import GatePlan
from dataq_assets.stages.reprocessing import Request
from dataq_assets.stages.scope import Scope, Selection
from dataq_assets.stages.transform import TransformRule
from dataq_lake.lake import open_lake
from dataq_lake.search import search
from dataq_lake.snapshots import create
from dataq_lake.written import CommitInfo
from dataq_resources.changes import Changes
from dataq_resources.home import Home
from tests.assets.test_crash import state
from tests.assets.test_members import mail, zipped
from tests.assets.test_texts import LETTER
from tests.assets.way import Crash, Way, item

DAYS_OF_A_MONTH = 31
HERON, SPIDER = b"A heron in the river.\n", b"# Spiders\n\nOne in the well.\n"


class Wrong:
    """A pool whose analyzer of Markdown reads something else than what is written."""

    def __init__(self, pool: Pool) -> None:
        self.pool = pool

    def map(self, function: Any, tasks: Iterable[Content], size: Any = None) -> Iterator[Any]:
        every = list(tasks)
        for done in self.pool.map(function, every, size=size):
            if every[done.index].media_type == "text/markdown":
                text = "Spiders\n\nNothing but gibberish.\n"
                found = Analysis(text, (Unit("paragraph", 9, 31),), "Gibberish")
                yield Done(done.index, found)
            else:
                yield done


def observed(way: Way) -> None:
    """Two months of one source, and another one with the same content."""
    way.observe(
        item("a.txt", HERON, 0),
        item("letter.eml", LETTER, 0),
        item("empty.txt", b"", 0),
        item("late.md", SPIDER, DAYS_OF_A_MONTH),
        item("files.eml", mail(zipped(x_txt=b"in the attachment\n")), DAYS_OF_A_MONTH),
    )
    way.observe(item("copy.md", SPIDER, 3), source="other")


def derived_wrongly(way: Way) -> None:
    observed(way)
    way.derive("gate", "assets")
    replace(way, pool=Wrong(way.pool)).derive("texts")  # type: ignore[arg-type]
    way.derive("segments", "embeddings")
    way.publish()


def request(way: Way, scope: Scope) -> None:
    rounds = Request(scope, f"again{way.runs}", way.now_us).rounds(way.lake)
    way.runs += 1
    Changes(rounds).commit(way.lake, CommitInfo("again", "reprocess"), way._written)


def hits(way: Way, words: str) -> set[str]:
    return {hit.path for hit in search(way.lake, words, k=50, mode="text")}


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory, pool: Pool) -> dict[str, Any]:
    way = Way(open_lake(tmp_path_factory.mktemp("undisturbed") / "lake"), pool)
    observed(way)
    way.derive()
    return derived(way)


def derived(way: Way) -> dict[str, Any]:
    return {name: rows for name, rows in state(way).items() if name != "reprocessings"}


SCOPES = [
    Scope(analyzer="markdown", analyzer_version="<3"),
    Scope(source="s", first_window="2023-12"),
]
MORE_SCOPES = [
    Scope(analyzer="markdown"),
    Scope(analyzer="markdown", analyzer_version="1"),
    Scope(source="other"),
    Scope(source="s", analyzer="markdown"),
]


@pytest.mark.parametrize(
    "scope", [*SCOPES, *(pytest.param(each, marks=pytest.mark.heavy) for each in MORE_SCOPES)]
)
def test_what_was_read_wrongly_is_read_again(
    way: Way, undisturbed: dict[str, Any], scope: Scope
) -> None:
    derived_wrongly(way)
    assert hits(way, "gibberish") == {"late.md", "copy.md"}
    before = way.versions()["texts"]

    request(way, scope)
    way.derive()
    assert derived(way) == undisturbed
    assert hits(way, "gibberish") == set()
    assert hits(way, "well") == {"late.md", "copy.md"}
    assert way.broken_checks() == []
    assert list(look(way.lake)) == []
    assert [row["state"] for row in way.rows("reprocessings")] == ["done"]
    past = way.lake.table("texts").scan(["text"], version=before).collect()["text"]
    assert any("gibberish" in text for text in past)

    versions = way.versions()
    way.derive()
    assert way.versions() == versions, "nothing is left to do"


@pytest.mark.heavy
def test_a_wrong_asset_of_an_item_goes_with_it(way: Way, undisturbed: dict[str, Any]) -> None:
    """What a gate or an opener of old has stored is no longer there afterwards."""
    derived_wrongly(way)
    (container,) = way.rows("assets", path="files.eml")
    ghost = {**container, "id": "f" * 32, "path": "files.eml!/ghost", "depth": 1}
    way.lake.table("assets").append([batch_of("assets", [ghost])])
    way.derive()
    request(way, Scope(source="s"))
    request(way, Scope(analyzer="markdown"))
    way.derive()
    assert derived(way) == undisturbed
    assert way.broken_checks() == []


@pytest.mark.parametrize(
    "after", [8, *(pytest.param(each, marks=pytest.mark.heavy) for each in (1, 3, 5, 6, 10, 11))]
)
def test_interrupted_after_any_commit_it_goes_on(
    way: Way, tmp_path: Path, undisturbed: dict[str, Any], after: int
) -> None:
    derived_wrongly(way)
    way.crash_after = after
    try:
        request(way, Scope(source="s"))
        way.derive()
    except Crash:
        pass
    way.crash_after = None
    go_on(Home(tmp_path))  # as every run begins
    way.derive()
    assert derived(way) == undisturbed
    assert hits(way, "gibberish") == set()
    assert way.broken_checks() == []
    assert list(look(way.lake)) == []


def test_what_is_no_longer_the_same_is_no_longer_called_so(way: Way) -> None:
    """A transformation that came later changes what one source has, not what another one has."""
    lines = b"A heron\r\nin the river.\r\n"
    for source in ("first", "second", "third"):
        way.observe(item(f"{source}.txt", lines), source=source)
    way.derive()
    (original,) = (row for row in way.rows("assets") if row["duplicate_of"] is None)
    way.plan = GatePlan(transforms=(TransformRule("normalise"),))
    request(way, Scope(source=original["source"]))
    way.derive()
    hashes = {row["id"]: row["file_hash"] for row in way.rows("assets")}
    assert hashes[original["id"]] != original["file_hash"]
    claims = [row for row in way.rows("assets") if row["duplicate_of"]]
    assert len(claims) == 1
    assert hashes[claims[0]["duplicate_of"]] == claims[0]["file_hash"]
    assert list(look(way.lake)) == []


def test_a_snapshot_made_meanwhile_does_not_hide_what_the_index_lacks(way: Way) -> None:
    derived_wrongly(way)
    request(way, Scope(analyzer="markdown"))
    way.derive("texts", "segments", "embeddings")
    create(way.lake, "meanwhile")
    way.publish()
    assert hits(way, "gibberish") == set()
    assert hits(way, "well") == {"late.md", "copy.md"}


def test_counting_takes_nothing_away(way: Way) -> None:
    derived_wrongly(way)
    before = way.versions()
    of_raw = Selection(way.lake, Scope(source="s", first_window="2023-12")).counts()
    assert of_raw == {"items": 2, "assets": 4, "contents": 4, "texts": 3, "segments": 5}
    read = Selection(way.lake, Scope(analyzer="markdown")).counts()
    assert read == {"items": 0, "assets": 0, "contents": 1, "texts": 1, "segments": 2}
    assert way.versions() == before


@pytest.mark.parametrize(
    ("asked", "version", "meant"),
    [("2", "2", True), ("2", "10", False), ("<10", "9", True), ("<1.10", "1.9", True),
     ("<3", "3", False), ("<3", "12", False), (None, "7", True)],
)  # fmt: skip
def test_versions_are_numbers(asked: str | None, version: str, meant: bool) -> None:
    assert Scope(analyzer="x", analyzer_version=asked).has_version(version) is meant
