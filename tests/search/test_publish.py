"""Publishing costs what changed, changes nothing that is there, and survives its own death."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dataq_lake.errors import (
    IndexDamaged,
    NothingIndexed,
    SnapshotGone,
    UnknownSnapshot,
    WrongSchema,
)
from dataq_lake.ids import make_id
from dataq_lake.indexes import draft as drafting
from dataq_lake.indexes.documents import Publication
from dataq_lake.indexes.folder import IndexFolder
from dataq_lake.indexes.keys import find_keys, to_ids, to_keys
from dataq_lake.indexes.manifest import Model
from dataq_lake.indexes.publish import indexed_segments, publish
from dataq_lake.indexes.snapshot import open_snapshot
from dataq_lake.lake import Lake, open_lake
from dataq_lake.search import MODES, Searcher, search
from dataq_lake.snapshots import retire
from tests.search.notes import Publish, documents, segment_id

Row = dict[str, str]


def row(number: int) -> Row:
    return {"path": f"{number}.txt", "text": f"note number {number} about topic{number % 7}"}


def ids(*numbers: int) -> list[str]:
    return [segment_id(row(n)["path"], row(n)["text"]) for n in numbers]


def live(lake: Lake) -> set[str]:
    """What both halves of the current snapshot hold."""
    snapshot = open_snapshot(lake.root)
    found = set(snapshot.segment_ids().to_pylist())
    hits = search(lake, "*", k=1000, mode="text")
    assert {hit.id for hit in hits} == found
    assert snapshot.manifest.segments == len(found)
    return found


def files(folder: Path) -> dict[str, bytes]:
    return {str(f.relative_to(folder)): f.read_bytes() for f in folder.rglob("*") if f.is_file()}


def test_what_is_published_can_be_found(lake: Lake, publish_rows: Publish) -> None:
    done = publish_rows([row(1), row(2)], run_id="first")
    assert (done.added, done.removed, done.segments) == (2, 0, 2)
    assert live(lake) == set(ids(1, 2))
    stored = lake.table("snapshots").scan().collect().to_dicts()
    assert [(r["id"], r["segments"], r["run_id"]) for r in stored] == [(done.snapshot, 2, "first")]
    manifest = json.loads(stored[0]["manifest"])
    assert manifest["tables"] == {"segments": 1}
    assert manifest["model"]["name"] == "wordllama"


def test_publishing_nothing_new_makes_no_snapshot(lake: Lake, publish_rows: Publish) -> None:
    first = publish_rows([row(1)])
    again = publish_rows([row(1)], gone=ids(7))
    assert (again.snapshot, again.changed, again.bytes) == (first.snapshot, False, 0)
    assert len(IndexFolder(lake.root).names()) == 1
    assert lake.table("snapshots").count() == 1


def test_a_snapshot_that_is_retired_while_it_is_searched_says_so(
    lake: Lake, publish_rows: Publish
) -> None:
    first = publish_rows([row(1)])
    searcher = Searcher(open_snapshot(lake.root))
    publish_rows([row(2)], gone=ids(1))
    assert first.snapshot
    retire(lake, first.snapshot)
    with pytest.raises(SnapshotGone, match=f"snapshot {first.snapshot} was retired while it was"):
        searcher.search("note", mode="text")


def test_a_read_only_index_is_searched_and_leaves_nothing_behind(
    lake: Lake, publish_rows: Publish, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish_rows([row(1), row(2)])
    place = tmp_path / "temporary"
    place.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(place))
    monkeypatch.setattr(os, "access", lambda *_: False)  # nobody forbids root to write
    made: list[str] = []
    monkeypatch.setattr(Path, "symlink_to", _noting(made))
    assert {hit.id for hit in search(lake, "note", mode="text")} == set(ids(1, 2))
    assert any(name.startswith(str(place)) for name in made)
    assert list(place.iterdir()) == []


def test_a_lock_put_there_while_the_links_go_stops_nothing(
    lake: Lake, publish_rows: Publish, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish_rows([row(1)])
    place = tmp_path / "temporary"
    place.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(place))
    monkeypatch.setattr(os, "access", lambda *_: False)
    removed: list[int] = []
    real = os.rmdir

    def rmdir(path: str, **more: int | None) -> None:
        if not removed:
            (next(place.iterdir()) / ".tantivy-meta.lock").touch()
        removed.append(1)
        real(path, **more)

    monkeypatch.setattr(os, "rmdir", rmdir)
    assert [hit.id for hit in search(lake, "note", mode="text")] == ids(1)
    assert len(removed) == 2
    assert list(place.iterdir()) == []


def _noting(made: list[str]) -> Callable[[Path, Path], None]:
    real = Path.symlink_to

    def symlink_to(self: Path, target: Path) -> None:
        made.append(str(self))
        real(self, target)

    return symlink_to


def test_an_empty_lake_has_nothing_to_search(lake: Lake, publish_rows: Publish) -> None:
    assert publish_rows().snapshot is None
    with pytest.raises(NothingIndexed, match="dataq run"):
        search(lake, "anything")


def test_a_difference_leaves_then_adds(lake: Lake, publish_rows: Publish) -> None:
    publish_rows([row(n) for n in range(5)])
    done = publish_rows([row(5), row(1)], gone=ids(0, 1, 99))
    assert (done.added, done.removed, done.segments) == (2, 2, 5)
    assert live(lake) == set(ids(1, 2, 3, 4, 5))


def test_an_index_may_lose_everything(lake: Lake, publish_rows: Publish) -> None:
    publish_rows([row(1)])
    done = publish_rows(gone=ids(1))
    assert (done.segments, done.parts) == (0, 0)
    assert [search(lake, "note", mode=mode) for mode in MODES] == [[], [], []]
    publish_rows([row(2)])
    assert live(lake) == set(ids(2))


def test_what_is_gone_takes_no_place_in_a_search(lake: Lake, publish_rows: Publish) -> None:
    publish_rows([row(n) for n in range(20)])
    publish_rows(gone=ids(*range(19)))
    hits = search(lake, "note number 3 about topic3", k=1, mode="vector")
    assert [hit.id for hit in hits] == ids(19)


def test_a_hit_shows_what_was_published_of_it(
    lake: Lake, publish_rows: Publish, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dataq_lake.indexes.shown.PIECE_ROWS", 2)
    monkeypatch.setattr("dataq_lake.indexes.shown.AT_ONCE", 4)
    monkeypatch.setattr(drafting, "PART_ROWS", 11)
    late = datetime(2026, 5, 6, 7, 8, 9, 123456, tzinfo=UTC)
    rows: list[dict[str, Any]] = [
        row(n) | {"title": f"Note {n}" if n % 2 else None, "timestamp": late if n % 3 else None}
        for n in range(30)
    ]
    publish_rows(rows[:20])
    publish_rows(rows[20:], gone=ids(4))
    hits = {hit.id: hit for hit in search(lake, "note", k=99, mode="hybrid")}
    assert set(hits) == set(ids(*range(30))) - set(ids(4))
    for number in set(range(30)) - {4}:
        hit, made = hits[ids(number)[0]], rows[number]
        assert (hit.path, hit.text, hit.title) == (made["path"], made["text"], made["title"])
        assert (hit.source, hit.mime_type) == ("notes", "text/plain")
        assert hit.asset_id == make_id("asset", made["path"])
        assert hit.timestamp == (late.isoformat() if number % 3 else None)


@pytest.mark.parametrize("cut", [0, 9, -200], ids=["empty", "head", "tail"])
def test_a_torn_file_of_texts_is_told(lake: Lake, publish_rows: Publish, cut: int) -> None:
    publish_rows([row(n) for n in range(200)])
    (path,) = (Path(str(lake.root)) / "indexes").glob("parts/*/shown.arrow")
    path.write_bytes(path.read_bytes()[:cut])
    with pytest.raises(IndexDamaged, match=f"shown.arrow of index part {path.parent.name} cannot"):
        search(lake, "note 7")


def test_the_same_segment_twice_counts_once(lake: Lake, publish_rows: Publish) -> None:
    assert publish_rows([row(1), row(2), row(1)]).added == 2
    assert live(lake) == set(ids(1, 2))


def test_an_old_snapshot_stays_as_it_was(lake: Lake, publish_rows: Publish) -> None:
    old = publish_rows([row(n) for n in range(20)]).snapshot
    before = files(lake.root / "indexes")
    for start in range(20, 60, 4):
        publish_rows([row(n) for n in range(start, start + 4)], gone=ids(start - 20))
    after = files(lake.root / "indexes")
    assert {name: after[name] for name in before} == before
    assert old is not None
    assert {h.id for h in search(lake, "note", k=99, snapshot=old)} == set(ids(*range(20)))
    assert {h.snapshot for h in search(lake, "note", k=1, snapshot=old[:8])} == {old}


def test_a_small_change_costs_little(lake: Lake, publish_rows: Publish) -> None:
    whole = publish_rows([row(n) for n in range(2000)])
    part = publish_rows([row(n) for n in range(2000, 2010)], gone=ids(*range(10)))
    assert part.bytes < whole.bytes / 20


def test_many_small_parts_become_one(
    lake: Lake, publish_rows: Publish, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(drafting, "MERGED_PARTS", 3)
    for number in range(8):
        parts = publish_rows([row(number)], gone=ids(number - 3)).parts
        assert parts <= 3
    assert live(lake) == set(ids(5, 6, 7))


def test_what_comes_at_once_is_one_part_that_is_bounded(
    lake: Lake, publish_rows: Publish, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(drafting, "PART_ROWS", 10)
    monkeypatch.setattr(drafting, "LARGEST_ROWS", 20)
    monkeypatch.setattr("dataq_lake.indexes.publish._ROWS", 4)
    assert publish_rows([row(n) for n in range(25)]).parts == 2
    assert live(lake) == set(ids(*range(25)))
    assert len({h.id for h in search(lake, "note topic3", k=25, mode="vector")}) == 25


def test_another_model_starts_an_index_of_its_own(lake: Lake, publish_rows: Publish) -> None:
    old = publish_rows([row(1), row(2)]).snapshot
    model = open_snapshot(lake.root).manifest.model
    other = Model(model.name, "0.5", model.dimensions)
    assert indexed_segments(lake, other).to_pylist() == []
    assert sorted(indexed_segments(lake, model).to_pylist()) == sorted(ids(1, 2))
    publish(lake, Publication(other, [documents([row(3)])]))
    manifest = open_snapshot(lake.root).manifest
    assert (manifest.segments, manifest.model, manifest.parent) == (1, other, None)
    assert open_snapshot(lake.root, old).manifest.segments == 2


def test_wrong_documents_are_refused_and_leave_nothing(lake: Lake, publish_rows: Publish) -> None:
    publish_rows([row(1)])
    model = open_snapshot(lake.root).manifest.model
    good = documents([row(2), row(3)])
    with pytest.raises(WrongSchema, match="lack vector"):
        publish(lake, Publication(model, [good, documents([row(6)]).drop_columns(["vector"])]))
    long = documents([row(4), row(5)])
    at = long.schema.get_field_index("vector")
    short = long.set_column(at, "vector", pa.array([[1.0], [1.0]], pa.list_(pa.float32())))
    with pytest.raises(WrongSchema, match="256 numbers"):
        publish(lake, Publication(model, [good, short]))
    assert live(lake) == set(ids(1))
    publish_rows([row(4)])
    assert live(lake) == set(ids(1, 4))
    assert not list((lake.root / "indexes").rglob(".draft-*"))


def test_halves_that_disagree_are_not_published(
    lake: Lake, publish_rows: Publish, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish_rows([row(1)])
    monkeypatch.setattr("dataq_lake.indexes.fulltext.TextWriter.add", lambda *_: None)
    with pytest.raises(IndexDamaged, match="1 segments and the vectors 2"):
        publish_rows([row(2)])
    assert live(lake) == set(ids(1))


def test_retiring_frees_what_only_the_old_snapshot_used(lake: Lake, publish_rows: Publish) -> None:
    old = publish_rows([row(1)]).snapshot
    publish_rows([row(2)], gone=ids(1))
    new = publish_rows([row(3)]).snapshot
    folder = IndexFolder(lake.root)
    assert old is not None
    assert new is not None
    with pytest.raises(UnknownSnapshot, match="current"):
        folder.retire(new)
    folder.retire(old)
    with pytest.raises(UnknownSnapshot):
        folder.find(old)
    assert live(lake) == set(ids(2, 3))
    used = {part.id for name in folder.names() for part in folder.read(name).parts}
    assert {part.name for part in folder.parts.iterdir()} == used


_DIE = """
import os, sys
from pathlib import Path
from tests.search.notes import documents
from tests.search.test_publish import row
from dataq_lake.indexes import folder as folders, publish as publishing
from dataq_lake.indexes.documents import Publication
from dataq_lake.indexes.snapshot import open_snapshot
from dataq_lake.lake import open_lake

lake, deadly = open_lake(sys.argv[1]), int(sys.argv[2])
steps = 0
def counted(function):
    def step(*args, **kwargs):
        global steps
        steps += 1
        if steps == deadly:
            os.kill(os.getpid(), 9)
        return function(*args, **kwargs)
    return step
folders.sync = counted(folders.sync)
Path.mkdir, Path.rename = counted(Path.mkdir), counted(Path.rename)
Path.hardlink_to, Path.write_text = counted(Path.hardlink_to), counted(Path.write_text)
publishing.record = counted(publishing.record)
model = open_snapshot(lake.root).manifest.model
gone = [documents([row(0)]).column("segment_id")[0].as_py()]
publishing.publish(lake, Publication(model, [documents([row(9)])], gone))
print(steps)
"""


def killed(lake: Lake, step: int) -> subprocess.CompletedProcess[str]:
    """A publisher in a process of its own that is killed at its `step`-th touch of the disk."""
    return subprocess.run(
        [sys.executable, "-c", _DIE, str(lake.root), str(step)],
        env={**os.environ, "PYTHONPATH": str(Path.cwd())},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize("share", [0.0, 0.5, 0.8, 0.95, 1.0])
def test_a_killed_publisher_leaves_the_old_snapshot_or_the_new_one(
    lake: Lake, publish_rows: Publish, tmp_path: Path, share: float
) -> None:
    publish_rows([row(n) for n in range(3)])
    steps = steps_of_a_whole_publication(tmp_path)
    died = killed(lake, 1 + round(share * (steps - 1)))
    assert died.returncode == -signal.SIGKILL, died.stderr
    old, new = set(ids(0, 1, 2)), set(ids(1, 2, 9))
    assert live(lake) in (old, new)
    publish_rows([row(9)], gone=ids(0))
    assert live(lake) == new
    assert lake.table("snapshots").count() == 2
    assert not list((lake.root / "indexes").rglob(".draft-*"))
    folder = IndexFolder(lake.root)
    used = {part.id for name in folder.names() for part in folder.read(name).parts}
    assert {part.name for part in folder.parts.iterdir()} == used


_steps: list[int] = []


def steps_of_a_whole_publication(tmp_path: Path) -> int:
    """How often a publication that lives touches the disk."""
    if not _steps:
        other = open_lake(tmp_path / "other")
        rows = documents([row(n) for n in range(3)])
        from dataq_lake.embedders import embedder

        model = embedder()
        publish(other, Publication(Model(model.name, model.version, model.dimensions), [rows]))
        _steps.append(int(killed(other, -1).stdout))
    return _steps[0]


def test_publishers_wait_for_each_other(lake: Lake, publish_rows: Publish) -> None:
    publish_rows([row(0)])
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda n: publish_rows([row(n)]), range(1, 9)))
    assert live(lake) == set(ids(*range(9)))
    assert len(IndexFolder(lake.root).names()) == 9


_hex = st.binary(min_size=16, max_size=16).map(bytes.hex)


@given(st.lists(_hex, unique=True), st.lists(_hex))
def test_keys_say_where_an_id_is(stored: list[str], asked: list[str]) -> None:
    keys = np.sort(to_keys(stored))
    assert to_ids(keys) == sorted(stored)
    order = sorted(stored)
    expected = [order.index(id_) if id_ in order else -1 for id_ in [*asked, *stored]]
    assert find_keys(to_keys([*asked, *stored]), keys).tolist() == expected


Steps = list[tuple[list[int], list[int]]]
_numbers = st.lists(st.integers(0, 12), max_size=5)


@settings(max_examples=15)
@given(steps=st.lists(st.tuples(_numbers, _numbers), min_size=1, max_size=5))
def test_any_history_ends_in_the_right_set(
    steps: Steps, model: Model, tmp_path_factory: pytest.TempPathFactory
) -> None:
    lake = open_lake(tmp_path_factory.mktemp("history"))
    expected: set[str] = set()
    for new, gone in steps:
        rows = [documents([row(n) for n in new])] if new else []
        publish(lake, Publication(model, rows, ids(*gone)))
        expected = (expected - set(ids(*gone))) | set(ids(*new))
        if IndexFolder(lake.root).latest():
            assert live(lake) == expected
