"""Whatever happens to a lake, a live snapshot reads what was there when it was made."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dataq_lake import compacting
from dataq_lake.cleaning import collect_blobs, vacuum_all
from dataq_lake.difference import Difference
from dataq_lake.errors import SnapshotGone
from dataq_lake.lake import Lake, open_lake
from dataq_lake.snapshots import create, retire
from dataq_lake.written import CommitInfo
from tests.lake.conftest import rows as rows_fixture

NONE = timedelta(0)
_step = st.one_of(
    st.tuples(st.just("write"), st.integers(0, 6)),
    st.tuples(st.just("write"), st.integers(0, 6)),
    st.tuples(st.just("remove"), st.integers(0, 6)),
    st.tuples(st.just("create"), st.just(0)),
    st.tuples(st.just("retire"), st.integers(0, 3)),
    st.tuples(st.just("clean"), st.just(0)),
    st.tuples(st.just("merge"), st.just(0)),
)


def contents(lake: Lake) -> dict[str, bytes]:
    """The bytes of every asset; all of them have to be there."""
    rows = lake.table("assets").scan(["id", "storage_path"]).collect().rows()
    return {id_: lake.blobs.read(path) for id_, path in rows}


class History:
    """A lake, and what each of its snapshots held when it was made."""

    def __init__(self, lake: Lake) -> None:
        self.lake = lake
        self.assets = lake.table("assets")
        self.made: dict[str, dict[str, bytes]] = {}
        self.steps = 0

    def write(self, which: int) -> None:
        """A new version of an asset, with bytes of its own."""
        make: Any = rows_fixture.__wrapped__()  # type: ignore[attr-defined]
        uri = self.lake.blobs.put(f"content of step {self.steps}".encode()).uri
        row = make("assets", [f"a{which}"], storage_path=uri)
        self.assets.apply(Difference([row], [f"a{which}"]))

    def remove(self, which: int) -> None:
        self.assets.apply(Difference([], [f"a{which}"]))

    def create(self, _: int) -> None:
        create(self.lake, f"s{self.steps}")
        self.made[f"s{self.steps}"] = contents(self.lake)

    def retire(self, which: int) -> None:
        if self.made:
            name = sorted(self.made)[which % len(self.made)]
            del self.made[name]
            if not retire(self.lake, name).current:
                with pytest.raises(SnapshotGone):
                    self.lake.at(name)

    def clean(self, _: int = 0) -> None:
        """The hardest clean-up: only snapshots and the present are needed."""
        vacuum_all(self.lake, NONE, NONE)
        collect_blobs(self.lake, NONE)

    def merge(self, _: int) -> None:
        usual, compacting.MANY = compacting.MANY, 2
        compacting.merge(self.assets, CommitInfo())
        compacting.MANY = usual

    def check(self) -> None:
        for name, expected in self.made.items():
            assert contents(self.lake.at(name)) == expected


@settings(max_examples=20)
@given(steps=st.lists(_step, min_size=4, max_size=12))
def test_any_history(
    steps: list[tuple[str, int]], tmp_path_factory: pytest.TempPathFactory
) -> None:
    history = History(open_lake(tmp_path_factory.mktemp("history") / "lake"))
    for step, which in [*steps, ("write", 0), ("clean", 0)]:
        history.steps += 1
        getattr(history, step)(which)
        history.check()


def test_nothing_is_left_of_what_nothing_needs(tmp_path: Path) -> None:
    history = History(open_lake(tmp_path / "lake"))
    for step, which in [("write", 1), ("create", 0), ("write", 1), ("write", 2), ("create", 0)]:
        history.steps += 1
        getattr(history, step)(which)
    history.clean()
    assert len(list(history.lake.blobs.folder.glob("??/*"))) == 3
    history.retire(0)
    history.clean()
    assert len(list(history.lake.blobs.folder.glob("??/*"))) == 2
    assert len(history.assets.stored_files()) == len(history.assets.files())
    history.check()
