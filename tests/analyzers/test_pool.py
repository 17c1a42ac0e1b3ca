"""A bad item costs only itself, whatever it does to its worker."""

from __future__ import annotations

import os
import select
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from dataq_analyzers.errors import PoolBroken
from dataq_analyzers.pool import Done, Failed, Pool
from tests.analyzers.faulty import double, misbehave

MIB = 1 << 20


@pytest.fixture
def pool() -> Iterator[Pool]:
    with Pool(workers=2, item_seconds=20) as pool:
        yield pool


def outcomes(pool: Pool, tasks: list[Any]) -> list[Any]:
    found = sorted(pool.map(misbehave, tasks), key=lambda outcome: outcome.index)
    assert [outcome.index for outcome in found] == list(range(len(tasks)))
    return found


def values(pool: Pool, numbers: Iterable[int]) -> list[int]:
    return [outcome.value for outcome in pool.map(double, numbers) if isinstance(outcome, Done)]


def test_every_task_has_one_outcome(pool: Pool) -> None:
    found = {outcome.index: outcome for outcome in pool.map(double, range(5_000))}
    assert found == {index: Done(index, 2 * index) for index in range(5_000)}


def test_no_work_starts_no_process(pool: Pool) -> None:
    before = len(psutil.Process().children())
    assert list(pool.map(double, [])) == []
    assert len(psutil.Process().children()) == before


def test_workers_are_kept_for_the_next_map(pool: Pool) -> None:
    assert outcomes(pool, [("pid", 0)]) == outcomes(pool, [("pid", 0)])


@pytest.mark.parametrize(
    ("what", "argument", "kind", "reason"),
    [
        ("segfault", 0, "crash", "SIGSEGV"),
        ("exit", 3, "crash", "exit code 3"),
        ("exit", 0, "crash", "exit code 0"),
        ("abort", 0, "crash", "SIGABRT"),
        ("killed", 0, "crash", "SIGKILL"),
        ("raise", "no\nsuch thing", "error", "no such thing"),
        ("system_exit", 4, "error", "4"),
        ("unspeakable", 0, "error", ""),
        ("unpicklable", 0, "error", "pickle"),
    ],
)
def test_only_the_guilty_item_fails(
    pool: Pool, what: str, argument: Any, kind: str, reason: str
) -> None:
    tasks: list[Any] = [("double", number) for number in range(100)]
    tasks[40] = (what, argument)
    found = outcomes(pool, tasks)
    guilty = found.pop(40)
    assert isinstance(guilty, Failed)
    assert (guilty.kind, reason in guilty.reason) == (kind, True), guilty
    assert "\n" not in guilty.reason
    assert "Traceback" not in guilty.reason
    assert [outcome.value for outcome in found] == [2 * n for n in range(100) if n != 40]


def test_an_item_whose_worker_was_killed_is_tried_once_more(pool: Pool, tmp_path: Path) -> None:
    """By a person, or by the kernel for want of memory: the item may be innocent."""
    tasks: list[Any] = [("double", number) for number in range(6)]
    tasks[3] = ("killed_once", str(tmp_path / "mark"))
    found = outcomes(pool, tasks)
    assert [outcome.value for outcome in found] == [0, 2, 4, "done", 8, 10]


def test_an_error_names_its_class(pool: Pool) -> None:
    (failed,) = outcomes(pool, [("raise", "no")])
    assert failed == Failed(0, "error", "no", "ValueError")


def test_every_other_item_crashes(pool: Pool) -> None:
    tasks = [("segfault", 0) if number % 2 else ("double", number) for number in range(12)]
    kinds = [type(outcome) for outcome in outcomes(pool, tasks)]
    assert kinds == [Done, Failed] * 6


@pytest.mark.parametrize("what", ["hang", "spin"])
def test_an_item_that_hangs_is_stopped(what: str) -> None:
    before = time.monotonic()
    with Pool(workers=1, item_seconds=0.5) as pool:
        found = outcomes(pool, [("double", 1), (what, 3_600), ("double", 2)])
    assert time.monotonic() - before < 10
    assert [outcome.value for outcome in (found[0], found[2])] == [2, 4]
    assert (found[1].kind, found[1].reason) == ("timeout", "took longer than one item may")


def test_the_time_is_an_items_not_a_batchs() -> None:
    with Pool(workers=1, item_seconds=0.5) as pool:
        found = outcomes(pool, [("hang", 0.1)] * 10)
    assert all(isinstance(outcome, Done) for outcome in found)


def test_time_in_which_nobody_reads_results_does_not_count() -> None:
    with Pool(workers=1, item_seconds=0.5) as pool:
        results = pool.map(misbehave, [("double", number) for number in range(2_000)])
        next(results)
        threading.Event().wait(1.2)
        assert all(isinstance(outcome, Done) for outcome in results)


def test_an_item_that_eats_memory_fails_alone() -> None:
    with Pool(workers=1, item_memory=256 * MIB) as pool:
        found = outcomes(pool, [("double", 1), ("eat", 1 << 30), ("eat", 64 * MIB), ("double", 2)])
    assert found[1].kind == "memory"
    assert [outcome.value for outcome in (found[0], found[2], found[3])] == [2, 64 * MIB, 4]


def test_what_a_later_function_loads_is_not_what_its_items_need() -> None:
    from tests.analyzers.spacious import eat  # here, or the workers would load it with `double`

    with Pool(workers=1, item_memory=256 * MIB) as pool:
        assert [done.value for done in pool.map(double, [1])] == [2]
        found = list(pool.map(eat, [100 * MIB, 300 * MIB, 1]))
    assert found[1].kind == "memory"
    assert [found[0].value, found[2].value] == [100 * MIB, 1]


def test_a_task_that_cannot_be_sent_fails_alone(pool: Pool) -> None:
    found = outcomes(pool, [("double", 1), ("double", lambda: 1), ("double", 2)])
    assert found[1].kind == "error"
    assert "cannot be sent" in found[1].reason
    assert [outcome.value for outcome in (found[0], found[2])] == [2, 4]


def test_large_tasks_and_results_pass(pool: Pool) -> None:
    found = outcomes(pool, [("big", 9 * MIB) for _ in range(10)])
    assert [len(outcome.value) for outcome in found] == [9 * MIB] * 10


def test_output_of_libraries_is_kept_out_of_the_way(
    pool: Pool, capfd: pytest.CaptureFixture[str]
) -> None:
    for _ in range(20):
        shouted = outcomes(pool, [("shout", 9_000)] * 16)
        assert all(isinstance(outcome, Done) for outcome in shouted)
    (worker,) = outcomes(pool, [("pid", 0)])
    assert Path(f"/proc/{worker.value}/fd/2").stat().st_size < 1 << 20
    assert capfd.readouterr() == ("", "")


def test_what_is_in_flight_is_bounded(pool: Pool) -> None:
    taken = 0

    def tasks() -> Iterator[tuple[str, int]]:
        nonlocal taken
        for number in range(100_000):
            taken += 1
            yield ("double", number)

    results = pool.map(misbehave, tasks(), size=lambda _: MIB)
    next(results)
    assert taken <= 64 + 2 * 8
    results.close()


def test_a_map_left_early_leaves_no_process(pool: Pool) -> None:
    before = psutil.Process().children()  # other tests may keep some
    results = pool.map(misbehave, [("pid", 0)] * 16 + [("hang", 60)] * 16)
    next(results)
    results.close()
    pool.close()
    assert psutil.Process().children() == before


def test_an_error_of_the_tasks_iterator_is_the_callers(pool: Pool) -> None:
    def tasks() -> Iterator[int]:
        yield 1
        raise OSError("the table is gone")

    with pytest.raises(OSError, match="the table is gone"):
        list(pool.map(double, tasks()))


def test_maps_nest_and_run_in_threads(pool: Pool) -> None:
    inner = [values(pool, values(pool, [number])) for number in range(3)]
    assert inner == [[0], [4], [8]]
    nested = [values(pool, [outcome.index]) for outcome in pool.map(double, range(10))]
    assert sorted(nested) == [[2 * number] for number in range(10)]
    sums: list[int] = []

    def work() -> None:
        sums.append(sum(values(pool, range(2_000))))

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sums == [2 * sum(range(2_000))] * 4


def test_a_worker_outlives_the_thread_that_started_it(pool: Pool) -> None:
    pids: list[int] = []

    def work() -> None:
        pids.append(outcomes(pool, [("pid", 0)])[0].value)

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert [outcomes(pool, [("pid", 0)])[0].value] == pids


def test_a_worker_that_died_idle_is_replaced(pool: Pool) -> None:
    (first,) = outcomes(pool, [("pid", 0)])
    os.kill(first.value, signal.SIGKILL)
    psutil.wait_procs([psutil.Process(first.value)] if psutil.pid_exists(first.value) else [], 5)
    (second,) = outcomes(pool, [("pid", 0)])
    assert second.value != first.value


def test_a_function_that_workers_cannot_import_is_refused(pool: Pool) -> None:
    with pytest.raises(ValueError, match="importable module"):
        pool.map(lambda task: task, [1])


def test_workers_that_cannot_start_stop_the_run(
    pool: Pool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dataq_analyzers.workers.process._START", "raise SystemExit('no start')")
    with pytest.raises(PoolBroken, match="no start"):
        list(pool.map(double, range(3)))


def test_a_closed_pool_says_so(pool: Pool) -> None:
    pool.close()
    with pytest.raises(ValueError, match="closed"):
        list(pool.map(double, [1]))


OWNER = """
import sys
from dataq_analyzers.pool import Pool
from tests.analyzers.faulty import misbehave
results = Pool(workers=2).map(misbehave, [("pid", 0)] * 16 + [("hang", 600)] * 64)
print(*{next(results).value for _ in range(16)}, flush=True)
list(results)
"""


def test_workers_die_with_their_owner() -> None:
    root = Path(__file__).resolve().parents[2]
    owner = subprocess.Popen(
        [sys.executable, "-c", OWNER], cwd=root, stdout=subprocess.PIPE, text=True
    )
    assert owner.stdout is not None
    assert select.select([owner.stdout], [], [], 30)[0]
    workers = [psutil.Process(int(pid)) for pid in owner.stdout.readline().split()]
    assert workers
    owner.kill()
    owner.wait()
    owner.stdout.close()
    _, alive = psutil.wait_procs(workers, timeout=5)
    assert alive == []


def test_what_is_soon_done_starts_one_worker(pool: Pool) -> None:
    assert len(values(pool, range(300))) == 300
    assert pool._count == 1


def test_a_pool_at_rest_keeps_one_worker(pool: Pool) -> None:
    before = {each.pid for each in psutil.Process().children()}
    pool.warm(double, 1)
    pool.warm(double, 1)
    mine = {each.pid for each in psutil.Process().children()} - before
    assert len(mine) == 2
    pool.rest()
    deadline = time.monotonic() + 60
    while len(left := mine & {each.pid for each in psutil.Process().children()}) > 1:
        assert time.monotonic() < deadline
        time.sleep(0.01)
    assert outcomes(pool, [("pid", 0)]) == [Done(0, *left)], "which does what comes next"
