"""Identity: what is a new version, what is a repeat, and where a tombstone is filed."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import count, pairwise
from typing import Any

import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from dataq_assets.stages.raw import Observer, heads_of
from dataq_assets.stages.windows import Windowing
from dataq_lake.schemas import RAW

DAY = 86_400_000_000
MAY = 1_778_000_000_000_000  # 2026-05-05


@dataclass
class Thing:
    source_id: str
    content: bytes | None = b""
    timestamp_us: int | None = MAY
    op: str = "upsert"
    metadata: dict[str, str] = field(default_factory=dict)
    content_type: str = "text/plain"
    blob: Any = None
    problem: str | None = None

    @property
    def size(self) -> int:
        return len(self.content or b"")


@dataclass
class Archive:
    """The rows of one source, observed run by run as the lake would."""

    rows: pl.DataFrame = field(
        default_factory=lambda: pl.DataFrame(pl.from_arrow(RAW.empty_table()))
    )
    clock: count = field(default_factory=lambda: count(MAY + 40 * DAY))  # type: ignore[type-arg]

    def run(self, *things: Thing) -> list[dict[str, Any]]:
        observer = Observer(
            source="notes",
            heads=heads_of(self.rows.lazy()),
            next_sequence=self.rows.height,
            windowing=Windowing("monthly", 0),
            run_id="run",
            plugin_id="memory",
            plugin_version="1",
            now_us=lambda: next(self.clock),
        )
        new = pl.DataFrame(pl.from_arrow(observer.observe(things)))
        self.rows = pl.concat([self.rows, new])
        return new.to_dicts()


A, B = Thing("x", b"A"), Thing("x", b"B")
GONE = Thing("x", None, None, op="delete")


def test_a_b_a_is_three_versions_in_one_run_or_in_three() -> None:
    together, apart = Archive(), Archive()
    together.run(A, B, A)
    for thing in (A, B, A):
        apart.run(thing)
    assert together.rows["item_id"].to_list() == apart.rows["item_id"].to_list()
    assert together.rows["item_id"].n_unique() == 3


def test_a_replay_is_no_row() -> None:
    archive = Archive()
    archive.run(A, B)
    assert archive.run(B) == []


def test_touch_and_changed_labels_are_versions_of_the_same_content() -> None:
    archive = Archive()
    archive.run(A)
    touched = archive.run(Thing("x", b"A", MAY + 1))
    labelled = archive.run(Thing("x", b"A", MAY + 1, metadata={"label": "red"}))
    assert archive.run(Thing("x", b"A", MAY + 1, metadata={"label": "red"})) == []
    assert touched[0]["content_hash"] == labelled[0]["content_hash"]
    assert archive.rows["item_id"].n_unique() == 3


def test_metadata_has_one_order_whatever_the_plugins_is() -> None:
    one = Archive().run(Thing("x", b"A", MAY, metadata={"b": "1", "a": "2"}))
    other = Archive().run(Thing("x", b"A", MAY, metadata={"a": "2", "b": "1"}))
    assert list(one[0]["metadata"]) == list(other[0]["metadata"])
    assert one[0]["item_id"] == other[0]["item_id"]


def test_delete_and_restore_with_the_old_time_is_a_version() -> None:
    archive = Archive()
    archive.run(A)
    tombstone = archive.run(GONE)
    restored = archive.run(A)
    assert [row["op"] for row in tombstone + restored] == ["delete", "upsert"]
    assert archive.rows["item_id"].n_unique() == 3
    assert archive.run(A) == []


def test_a_tombstone_lies_in_the_window_of_its_version() -> None:
    archive = Archive()
    version = archive.run(A)[0]
    tombstone = archive.run(GONE)[0]
    assert version["window"] == tombstone["window"] == "2026-05"
    assert tombstone["observed_at"].month == 6


def test_what_is_unknown_or_gone_cannot_go() -> None:
    archive = Archive()
    assert archive.run(GONE) == []
    archive.run(A)
    archive.run(GONE)
    assert archive.run(GONE) == []


def test_capture_time_is_stamped_only_on_change() -> None:
    archive = Archive()
    timeless = Thing("x", b"A", None)
    first = archive.run(timeless)[0]
    assert first["timestamp"] == first["observed_at"]
    assert archive.run(timeless) == []
    assert len(archive.run(Thing("x", b"B", None))) == 1


def test_a_problem_is_kept_once_and_what_can_be_read_again_is_a_version() -> None:
    archive = Archive()
    denied = Thing("x", None, problem="permission denied")
    assert archive.run(denied)[0]["problem"] == "permission denied"
    assert archive.run(denied) == []
    assert archive.run(A)[0]["problem"] is None


THINGS = st.lists(
    st.builds(
        Thing,
        source_id=st.sampled_from("abc"),
        content=st.sampled_from([b"1", b"2"]),
        timestamp_us=st.sampled_from([MAY, MAY + DAY]),
        op=st.sampled_from(["upsert", "upsert", "delete"]),
    ),
    max_size=20,
)


@given(THINGS, st.lists(st.integers(0, 20), max_size=3))
def test_how_a_stream_is_cut_into_runs_does_not_matter(
    things: list[Thing], cuts: list[int]
) -> None:
    whole, cut = Archive(), Archive()
    whole.run(*things)
    edges = [0, *sorted(cuts), len(things)]
    for start, end in pairwise(edges):
        cut.run(*things[start:end])
    # capture times differ, and only tombstones carry one here
    columns = ["source_id", "sequence", "op", "content_hash"]
    assert whole.rows.select(columns).equals(cut.rows.select(columns))
    assert whole.rows["item_id"].n_unique() == whole.rows.height
