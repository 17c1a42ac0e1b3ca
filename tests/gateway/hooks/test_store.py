"""What is kept of deliveries and runs, whoever asks at the same time and whatever is torn."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from dataq_gateway.hooks.delivery import Delivery, Verdict
from dataq_gateway.hooks.errors import DamagedStore
from dataq_gateway.hooks.group import Group
from dataq_gateway.hooks.store import MOST_ATTEMPTS, Store


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store(tmp_path / "hooks") as opened:
        yield opened


def delivery(name: str, hook: str = "push", refuse: bool = False) -> Delivery:
    return Delivery(hook, name, b"{}", ("notes",), refuse)


def give(store: Store, *ids: str, refuse: bool = False) -> list[Verdict]:
    return store.accept([delivery(each, refuse=refuse) for each in ids])


def test_deliveries_join_the_run_that_waits_and_never_one_that_started(store: Store) -> None:
    first, second = give(store, "a", "b")
    assert first.run_id == second.run_id
    assert (first.begins, second.begins) == (True, False)
    run = store.next_run()
    assert run is not None and run.id == first.run_id
    (third,) = give(store, "c")
    assert third.run_id != first.run_id
    assert store.next_run() is None, "one run of a hook at a time"
    store.end(run.id, "done")
    follow_up = store.next_run()
    assert follow_up is not None and follow_up.id == third.run_id


def test_what_comes_again_is_in_the_run_it_was_in(store: Store) -> None:
    (first,) = give(store, "a")
    again = give(store, "a", "a")
    assert [(each.kind, each.run_id) for each in again] == [("duplicate", first.run_id)] * 2
    (other,) = store.accept([delivery("a", hook="other")])
    assert (other.kind, other.begins) == ("accepted", True)
    # Known also once its run is over, and to a hook that refuses.
    run = store.next_run()
    assert run is not None
    store.end(run.id, "done")
    assert give(store, "a", refuse=True)[0].kind == "duplicate"


def test_what_is_refused_is_not_kept(store: Store) -> None:
    first, second = give(store, "a", "b", refuse=True)
    assert (first.kind, second.kind, second.run_id) == ("accepted", "refused", first.run_id)
    run = store.next_run()
    assert run is not None
    store.end(run.id, "failed", "why")
    assert give(store, "b", refuse=True)[0].kind == "accepted"


def test_one_process_has_a_run(store: Store, tmp_path: Path) -> None:
    (verdict,) = give(store, "a")
    assert store.claim(verdict.run_id, "too early") is None
    store.next_run()

    def claim(name: str) -> bool:
        with Store(tmp_path / "hooks") as own:
            return own.claim(verdict.run_id, name) is not None

    with ThreadPoolExecutor(8) as threads:
        assert sum(threads.map(claim, map(str, range(8)))) == 1


def test_a_lost_run_is_done_again_but_not_for_ever(store: Store) -> None:
    give(store, "a")
    ids = []
    while len(ids) < 10 and (run := store.next_run()):
        ids.append(run.id)
        store.lose(run, "gone")
        store.lose(run, "gone")
    assert len(ids) == len(set(ids)) == MOST_ATTEMPTS
    assert {store.state(each) for each in ids} == {"lost"}


def test_a_run_that_waits_does_the_work_of_a_lost_one(store: Store) -> None:
    give(store, "a")
    run = store.next_run()
    assert run is not None
    (waits,) = give(store, "b")
    store.lose(run, "gone")
    assert [each.id for each in store.runs("waiting")] == [waits.run_id]


def test_old_deliveries_are_forgotten_with_their_runs(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    give(store, "a")
    run = store.next_run()
    assert run is not None
    store.end(run.id, "done")
    give(store, "b")
    assert store.prune() == 0
    monkeypatch.setattr("dataq_gateway.hooks.store.KEEP_SECONDS", -60)
    assert store.prune() == 1
    assert give(store, "b")[0].kind == "duplicate", "its run has not ended"


def test_the_file_is_for_its_owner_alone(store: Store, tmp_path: Path) -> None:
    give(store, "a")
    files = list((tmp_path / "hooks").iterdir())
    assert len(files) == 3
    assert {file.stat().st_mode & 0o777 for file in files} == {0o600}


def test_another_connection_of_this_process_takes_no_lock_away(
    store: Store, tmp_path: Path
) -> None:
    give(store, "a")
    with Store(tmp_path / "hooks"):
        pass
    # A process that takes itself for the last one removes the log at its end.
    file = tmp_path / "hooks" / "deliveries.sqlite"
    look = "import sqlite3, sys; d = sqlite3.connect(sys.argv[1]); d.execute('delete from probes')"
    subprocess.run([sys.executable, "-c", f"{look}; d.commit(); d.close()", file], check=True)
    assert file.with_name(f"{file.name}-wal").exists()
    assert give(store, "b")[0].kind == "accepted"


@pytest.mark.parametrize("damage", [b"not a database" * 1_000, b"SQLite format 3\0" * 400])
def test_a_damaged_file_is_told_and_left_as_it_is(tmp_path: Path, damage: bytes) -> None:
    file = tmp_path / "deliveries.sqlite"
    file.write_bytes(damage)
    with pytest.raises(DamagedStore, match="move it away"):
        Store(tmp_path)
    assert file.read_bytes() == damage


def test_senders_are_told_what_could_not_be_kept(store: Store, tmp_path: Path) -> None:
    seen: list[str] = []
    group = Group(store, seen.append)
    assert group.submit(delivery("a")).result().kind == "accepted"  # type: ignore[union-attr]
    # As a full disk does.
    store._db.execute("pragma query_only = on")
    for each in (group.submit(delivery("b")), group.submit(None)):
        with pytest.raises(sqlite3.OperationalError):
            each.result()
    store._db.execute("pragma query_only = off")
    many = [group.submit(delivery(str(number))) for number in range(2_500)]
    assert len({each.result().run_id for each in many}) == 1  # type: ignore[union-attr]
    assert len(seen) == 1
    group.close()
    with pytest.raises(RuntimeError):
        group.submit(delivery("late")).result()
