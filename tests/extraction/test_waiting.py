"""Which task is next, and that it is so for one only, in SQLite and in PostgreSQL."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from dataq_assets.runs.gone import end_what_is_gone
from dataq_resources.errors import DatabaseAway, FixSetting, KeyReused, Overloaded
from dataq_resources.home import Home
from dataq_resources.jobs import waiting
from dataq_resources.jobs.definition import JobDefinition
from dataq_resources.jobs.extraction import Extraction
from dataq_resources.jobs.store import JobStore
from dataq_resources.jobs.waiting import Waiting
from dataq_resources.processes import this_process

NOTES, MAIL = Extraction(source="notes"), Extraction(source="mail")
pytestmark = pytest.mark.usefixtures("database")


@pytest.fixture
def made(home: Path) -> Home:
    return Home(home)


def test_the_highest_priority_goes_first_then_the_oldest_and_a_source_once(made: Home) -> None:
    with JobStore(made) as store:
        tasks = Waiting(store)
        old = tasks.add(NOTES).task
        tasks.add(NOTES)
        mail = tasks.add(MAIL, priority=-1).task
        high = tasks.add(NOTES, priority=1).task
        assert tasks.take(["other"], "me") is None
        assert tasks.take([], "me") is None
        taken = [tasks.take(["notes", "mail"], "me") for _ in range(3)]
        assert [each and each.id for each in taken] == [high.id, mail.id, None]
        assert store.claim(high.id, this_process())
        assert not store.claim(high.id, this_process())
        assert tasks.take(["notes", "mail"], "me") is None, "notes is running, mail is taken"
        store.end(high.id, "completed")
        found = tasks.take(["notes", "mail"], "me")
        assert found is not None
        assert found.id == old.id


def test_of_many_who_take_and_claim_at_once_one_gets_each(made: Home) -> None:
    with JobStore(made) as store:
        ids = {Waiting(store).add(Extraction(source=f"s{n}")).task.id for n in range(8)}

    def work(number: int) -> list[str]:
        mine = []
        with JobStore(made) as store:
            while task := Waiting(store).take([f"s{n}" for n in range(8)], f"b/{number}/s"):
                claimed = [store.claim(task.id, f"b/{number}/s") for _ in range(2)]
                assert claimed == [True, False]
                mine.append(task.id)
        return mine

    with ThreadPoolExecutor(4) as threads:
        found = [each for mine in threads.map(work, range(4)) for each in mine]
    assert sorted(found) == sorted(ids)


def test_one_key_is_one_task_also_for_many_at_once(made: Home) -> None:
    def add(_: int) -> tuple[str, bool]:
        with JobStore(made) as store:
            asked = Waiting(store).add(NOTES, key="k")
            return asked.task.id, asked.is_new

    with ThreadPoolExecutor(4) as threads:
        found = list(threads.map(add, range(12)))
    assert len({task for task, _ in found}) == 1
    assert sum(is_new for _, is_new in found) == 1
    with JobStore(made) as store:
        with pytest.raises(KeyReused, match=found[0][0]):
            Waiting(store).add(MAIL, key="k")
        with pytest.raises(KeyReused):
            Waiting(store).add(NOTES, priority=1, key="k")


def test_there_is_an_end_to_waiting(made: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(waiting, "MOST_WAITING", 2)
    with JobStore(made) as store:
        first = Waiting(store).add(NOTES, key="k").task
        Waiting(store).add(NOTES)
        with pytest.raises(Overloaded):
            Waiting(store).add(NOTES)
        assert Waiting(store).add(NOTES, key="k").task.id == first.id, "this one is there"


def test_what_was_taken_by_one_who_is_gone_waits_again(made: Home) -> None:
    with JobStore(made) as store:
        task = Waiting(store).add(NOTES).task
        gone = this_process().rpartition("/")[0] + "/1"
        assert Waiting(store).take(["notes"], gone)
        assert Waiting(store).take(["notes"], "me") is None
        end_what_is_gone(store)
        again = Waiting(store).take(["notes"], this_process())
        assert again is not None
        assert again.id == task.id
        end_what_is_gone(store)
        assert store.task(task.id).process == this_process(), "that one is at work"


def test_a_process_elsewhere_is_gone_once_it_was_not_heard_of(made: Home, tmp_path: Path) -> None:
    elsewhere = Home(tmp_path / "elsewhere")
    with JobStore(made) as store:
        task = Waiting(store).add(NOTES).task
        assert store.claim(task.id, "another boot/1/1")
        store.db.change("update tasks set place = ?", (f"another boot/{elsewhere.path}",))
        end_what_is_gone(store)
        assert store.task(task.id).state == "running"
        store.db.change("update tasks set seen_at = seen_at - 61")
        assert Waiting(store).hear_of(task.id, "another boot/1/1") is not None
        end_what_is_gone(store)
        assert store.task(task.id).state == "running", "it was heard of again"
        store.db.change("update tasks set seen_at = seen_at - 61")
        end_what_is_gone(store)
        ended = store.task(task.id)
        assert (ended.state, ended.error_type) == ("failed", "ProcessGone")
        assert Waiting(store).hear_of(task.id, "another boot/1/1") is None


def test_jobs_and_their_log_are_kept_in_the_same_place(made: Home) -> None:
    with JobStore(made) as store:
        job = store.register("notes", JobDefinition(sources=("notes",)))
        changed = store.update("notes", JobDefinition(sources=("notes",), full=True))
        assert [each.version for each in store.versions("notes")] == [1, 2]
        task = store.add_task(changed)
        with pytest.raises(Exception, match=f"running already: task {task.id}"):
            store.add_task(job)
        assert store.claim(task.id, this_process())
        store.progress(task.id, 50.0, "items", items=5, bytes_=6 << 40, rows=7)
        store.progress(task.id, 40.0, "assets", items=4, bytes_=0, rows=0)
        for number in range(20):
            store.log(task.id, f"line {number} \0 \ud800 ?")
        store.end(task.id, "failed", "why \0", ["r"], error_type="E", trace="T\0")
        told = store.task(task.id)
        assert (told.percent, told.items, told.bytes, told.rows) == (50.0, 5, 6 << 40, 7)
        assert (told.stage, told.state, told.run_ids) == ("assets", "failed", ("r",))
        assert json.dumps(told.told(0.0))
        lines = [each["line"].split()[1] for each in store.lines(task.id)]
        assert lines == [str(number) for number in range(20)]
        assert [each.id for each in store.tasks("notes")] == [task.id]
        store.remove("notes")
        assert store.jobs() == []


def test_what_the_setting_may_not_say(made: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    for wrong in ("mysql:x", "postgres:", "postgres:dbname=x password=y", "postgres://u:p@h/d"):
        monkeypatch.setenv("DATAQ_JOBS", wrong)
        with pytest.raises(FixSetting, match="DATAQ_JOBS") as told:
            JobStore(made)
        assert "=y" not in str(told.value)
    monkeypatch.setenv("DATAQ_JOBS", f"postgres:host={made.path} dbname=x")
    with pytest.raises(DatabaseAway):
        JobStore(made)
