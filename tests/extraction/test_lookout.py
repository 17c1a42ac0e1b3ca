"""A thread that is woken: it misses no call, has room for so many works, and ends when told."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from threading import Event

import pytest

from dataq_resources.lookout import Lookout


def until(is_so: Callable[[], bool]) -> None:
    end = time.monotonic() + 20
    while not is_so():
        assert time.monotonic() < end
        time.sleep(0.001)


def test_it_looks_at_once_when_woken_and_when_time_is_over() -> None:
    looked = Event()
    lookout = Lookout("looks", looked.set, 600, 1)
    lookout.start()
    for _ in range(3):
        assert looked.wait(20)
        looked.clear()
        lookout.wake()
    lookout.close()
    assert not lookout.is_alive
    looks: list[float] = []
    often = Lookout("often", lambda: looks.append(time.monotonic()), 0.01, 1)
    often.start()
    until(lambda: len(looks) > 3)
    often.close()


def test_one_that_calls_while_it_looks_is_heard() -> None:
    looking, go_on, looks = Event(), Event(), []

    def look() -> None:
        looks.append(1)
        looking.set()
        assert go_on.wait(20)

    lookout = Lookout("looks", look, 600, 1)
    lookout.start()
    assert looking.wait(20)
    lookout.wake()
    lookout.wake()
    go_on.set()
    until(lambda: len(looks) == 2)
    lookout.close()
    assert len(looks) == 2


def test_works_go_on_beside_it_and_wake_it_even_if_they_fail(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    failed: list[str] = []
    monkeypatch.setattr(
        threading, "excepthook", lambda told: failed.append(f"{told.thread.name} {told.exc_value}")
    )
    looks: list[int] = []
    began: list[str] = []
    may_end = [Event(), Event()]

    def work(number: int) -> None:
        began.append(threading.current_thread().name)
        assert may_end[number].wait(20)
        raise ValueError(number)

    def look() -> None:
        for number in range(len(began), 2):
            if lookout.has_room:
                lookout.begin(f"work-{number}", work, number)
        looks.append(1)

    lookout = Lookout("looks", look, 600, 1)
    lookout.start()
    until(lambda: len(looks) == 1 and began == ["work-0"])
    assert not lookout.has_room
    may_end[0].set()
    until(lambda: len(looks) == 2 and began == ["work-0", "work-1"])
    assert not lookout.has_room
    may_end[1].set()
    until(lambda: len(looks) == 3 and len(failed) == 2)
    assert sorted(failed) == ["work-0 0", "work-1 1"]
    assert lookout.has_room
    lookout.close()
    assert not lookout.has_room


def test_a_pause_is_ended_by_the_end_alone() -> None:
    pausing, looks = Event(), []

    def look() -> None:
        looks.append(1)
        pausing.set()
        lookout.pause(600)

    lookout = Lookout("looks", look, 0, 1)
    lookout.start()
    assert pausing.wait(20)
    lookout.wake()
    lookout._thread.join(0.05)
    assert len(looks) == 1
    lookout.close()
    assert len(looks) == 1


def test_a_look_that_raises_ends_it(monkeypatch: pytest.MonkeyPatch) -> None:
    failed: list[object] = []
    monkeypatch.setattr(threading, "excepthook", failed.append)

    def look() -> None:
        raise RuntimeError

    lookout = Lookout("looks", look, 600, 1)
    lookout.start()
    until(lambda: not lookout.is_alive)
    assert len(failed) == 1
