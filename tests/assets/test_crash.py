"""Killed between any two commits, the next run ends where an undisturbed one would have."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from dataq_analyzers.pool import Pool
from dataq_lake.lake import open_lake
from dataq_plugins.host import Item
from tests.assets.test_members import mail, zipped
from tests.assets.test_texts import LETTER
from tests.assets.way import Crash, Way, gone, item

IGNORED = {
    "run_id", "created_at", "updated_at", "observed_at", "analyzed_at", "saved_at", "manifest",
    "attempts", "duplicate_of", "payload", "vector", "entity_id",
}  # fmt: skip


def first() -> list[Item]:
    return [
        item("a.txt", b"A heron in the river.\n"),
        item("empty.txt", b""),
        item("letter.eml", LETTER),
        item("files.eml", mail(zipped(x_txt=b"in the attachment\n"))),
    ]


def second() -> list[Item]:
    return [
        item("a.txt", b"Two herons in the river.\n", 1),
        gone("letter.eml", 1),
        item("b.txt", b"A spider in the well.\n", 1),
    ]


def state(way: Way) -> dict[str, Any]:
    tables = [name for name in way.lake.tables() if name not in ("snapshots", "plugin_state")]
    return {
        name: sorted(
            tuple((key, str(value)) for key, value in row.items() if key not in IGNORED)
            for row in way.rows(name)
        )
        for name in tables
    }


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory, pool: Pool) -> dict[str, Any]:
    way = Way(open_lake(tmp_path_factory.mktemp("undisturbed") / "lake"), pool)
    way.observe(*first())
    way.derive()
    way.observe(*second())
    way.derive()
    assert way.broken_checks() == []
    return state(way)


@pytest.mark.parametrize("after", range(8))
def test_crash_after_any_commit(
    tmp_path: Path, pool: Pool, undisturbed: dict[str, Any], after: int
) -> None:
    way = Way(open_lake(tmp_path / "lake"), pool)
    way.observe(*first())
    _crash(way, after)
    way.derive()
    way.observe(*second())
    _crash(way, after)
    way.derive()
    assert state(way) == undisturbed
    assert way.broken_checks() == []
    assert way.derive() == {}


def _crash(way: Way, after: int) -> None:
    way.crash_after = after
    with pytest.raises(Crash):
        way.derive()
    way.crash_after = None
