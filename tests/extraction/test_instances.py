"""Two servers with homes of their own, one lake and one PostgreSQL."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from pathlib import Path

import pytest

from dataq_resources.home import Home
from dataq_resources.jobs.store import JobStore
from tests.extraction.stand import Instance
from tests.postgres import Postgres
from tests.slow import eventually

Make = Callable[[str], Instance]


@pytest.fixture
def pair(
    instances: Make, postgres: Postgres, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> tuple[Instance, Instance]:
    monkeypatch.setenv("DATAQ_JOBS", f"postgres:{postgres.database()}")
    monkeypatch.setenv("DATAQ_LAKE", str(tmp_path / "lake"))
    return instances("one"), instances("two")


def test_a_task_is_seen_by_all_done_by_one_and_cancelled_by_any(
    pair: tuple[Instance, Instance],
) -> None:
    one, two = pair
    one.start()
    two.start()
    paths = [each.extract("slow", idempotency_key="now") for each in (one, two, one)]
    assert len(set(paths)) == 1, "one key is one task, whoever is asked"
    path = paths[0]
    eventually(one.slow.begun)
    assert one.task(path)["status"] == two.task(path)["status"] == "running"
    (here,) = [each for each in pair if each.told("task_started")]
    (there,) = [each for each in pair if each is not here]

    assert there.ask("POST", f"{path}/cancel").status_code == 202
    assert here.ended(path) == there.task(path)
    assert here.task(path)["status"] == "cancelled"

    ((_, plugin),) = one.slow.begun()
    eventually(lambda: not Path(f"/proc/{plugin}").exists())
    assert not there.told("task_started"), "only one had it done"

    one.slow.again()
    path = one.extract("slow")
    eventually(one.slow.begun)
    with JobStore(Home(one.home)) as store:
        store.end(path.rpartition("/")[2], "failed", "others have given it up")
    ((_, plugin),) = one.slow.begun()
    eventually(lambda: not Path(f"/proc/{plugin}").exists())
    assert one.task(path)["error"]["message"] == "others have given it up"


@pytest.mark.heavy
def test_a_machine_that_is_gone_does_not_run_for_ever(pair: tuple[Instance, Instance]) -> None:
    one, two = pair
    one.start()
    path = one.extract("slow")
    waits = one.extract("slow")
    eventually(one.slow.begun)
    process = one.process(path)
    one.kill()
    two.start()
    for name in (process, *(f"x/{pid}/x" for _, pid in one.slow.begun())):
        os.kill(int(name.split("/")[1]), signal.SIGKILL)
    assert two.task(path)["status"] == "running", "it may only be slow to be heard of"
    with JobStore(Home(two.home)) as store:
        store.db.change("update tasks set seen_at = seen_at - 61 where state = 'running'")
    told = two.ended(path)
    assert (told["status"], told["error"]["type"]) == ("failed", "ProcessGone")
    assert "was not heard of" in told["error"]["message"]
    two.slow.gate.touch()
    assert two.ended(waits)["status"] == "completed", "the other one does what is left"


def test_without_the_database_it_is_not_ready_and_goes_on_afterwards(
    pair: tuple[Instance, Instance], postgres: Postgres
) -> None:
    one, _ = pair
    one.start()
    path = one.extract("slow")
    eventually(one.slow.begun)
    postgres.stop()
    try:
        assert one.ask("GET", "/health").status_code == 200
        one.lacks("tasks", "queue")
        answer = one.ask("POST", "/extract", {"source": "slow"})
        assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")
        assert "does not answer" in answer.json()["error"]
        one.slow.gate.touch()
    finally:
        postgres.start()
    assert one.ended(path)["status"] == "completed", "its end was kept until it could be told"
    one.lacks()
