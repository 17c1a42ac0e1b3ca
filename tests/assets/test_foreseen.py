"""A check that is looked at early says at the end what it would say then."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from threading import Event

import pyarrow as pa
import pytest

from dataq_assets.foreseen import Foreseen
from dataq_assets.stages.check import Check, Verdict
from dataq_lake.errors import ContentLost
from dataq_lake.lake import Lake, open_lake

ASSET = ("items",)


class Counting:
    """A check of `items` that tells how many rows there are, and counts how often it looks."""

    def __init__(self) -> None:
        self.looked = 0
        self.fails = False
        self.may = Event()
        self.may.set()
        self.check = Check("counting", ASSET, ("items",), "error", "", self._verdict)

    def _verdict(self, lake: Lake) -> Verdict:
        self.may.wait(30)
        self.looked += 1
        if self.fails:
            raise ContentLost("a file is gone")
        return Verdict(True, facts={"rows": lake.table("items").count()})


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    made = open_lake(tmp_path / "lake")
    add(made, "a")
    return made


@pytest.fixture
def counting() -> Counting:
    return Counting()


@pytest.fixture
def foreseen(lake: Lake, counting: Counting) -> Iterator[Foreseen]:
    with closing(Foreseen(lake, [counting.check])) as made:
        yield made


def add(lake: Lake, item_id: str) -> None:
    handle = lake.table("items")
    row = {"item_id": item_id, "source": "s", "source_id": item_id, "sequence": 0}
    handle.insert_new([pa.RecordBatch.from_pylist([row], schema=handle.table.schema)])


def test_what_was_seen_early_is_not_looked_at_again(foreseen: Foreseen, counting: Counting) -> None:
    foreseen.begin(ASSET)
    foreseen.begin(ASSET)
    assert foreseen.verdict(counting.check).facts == {"rows": 1}
    assert counting.looked == 1


def test_a_table_that_changed_since_is_looked_at_again(
    foreseen: Foreseen, counting: Counting, lake: Lake
) -> None:
    foreseen.begin(ASSET)
    assert foreseen.verdict(counting.check).facts == {"rows": 1}
    add(lake, "b")
    assert foreseen.verdict(counting.check).facts == {"rows": 2}
    assert counting.looked == 2
    assert foreseen.verdict(counting.check).facts == {"rows": 2}
    assert counting.looked == 2, "once for the index, and not again after it"


def test_a_table_that_changes_meanwhile_is_looked_at_again(
    foreseen: Foreseen, counting: Counting, lake: Lake
) -> None:
    counting.may.clear()
    foreseen.begin(ASSET)
    add(lake, "b")
    counting.may.set()
    assert foreseen.verdict(counting.check).facts == {"rows": 2}


def test_what_nobody_began_is_looked_at(foreseen: Foreseen, counting: Counting) -> None:
    foreseen.begin(("assets",))
    assert foreseen.verdict(counting.check).facts == {"rows": 1}


def test_an_error_is_raised_where_the_verdict_is_asked_for(
    foreseen: Foreseen, counting: Counting
) -> None:
    counting.fails = True
    foreseen.begin(ASSET)
    with pytest.raises(ContentLost):
        foreseen.verdict(counting.check)
    assert counting.looked == 2
