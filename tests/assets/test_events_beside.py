"""Events that are stored beside a run: in order, seen by whoever reads, and lost by nobody."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from dagster import DagsterEventType, EventRecordsFilter
from dagster._core.events import DagsterEvent, EngineEventData
from dagster._core.events.log import EventLogEntry
from sqlalchemy.exc import OperationalError

from dataq_resources.event_log import KeptSqliteEventLogStorage
from dataq_resources.in_turn import InTurn

RUN = "6f3c0d1e-9b0a-4c57-8f0e-2f0f1c6c7a11"


@pytest.fixture
def storage(tmp_path: Path) -> Iterator[KeptSqliteEventLogStorage]:
    storage = KeptSqliteEventLogStorage(str(tmp_path))
    yield storage
    storage.dispose()


def event(number: int) -> EventLogEntry:
    told = DagsterEvent(
        DagsterEventType.ENGINE_EVENT.value,
        job_name="job",
        message=str(number),
        event_specific_data=EngineEventData(),
    )
    return EventLogEntry(  # type: ignore[no-untyped-call]
        None, 10, "", RUN, float(number), job_name="job", dagster_event=told
    )


def messages(storage: KeptSqliteEventLogStorage) -> list[str | None]:
    records = storage.get_event_records(EventRecordsFilter(DagsterEventType.ENGINE_EVENT))
    events = [record.event_log_entry.dagster_event for record in records]
    return [each.message for each in events[::-1] if each is not None]


def test_whoever_reads_sees_what_was_stored_before(storage: KeptSqliteEventLogStorage) -> None:
    with storage.beside():
        for number in range(50):
            storage.store_event(event(number))
        assert messages(storage) == [str(number) for number in range(50)]
        storage.store_event(event(50))
    assert messages(storage)[-1] == "50"
    storage.store_event(event(51))
    assert messages(storage)[-1] == "51"


def test_two_runs_at_once_lose_nothing(storage: KeptSqliteEventLogStorage) -> None:
    def one(first: int) -> None:
        with storage.beside():
            for number in range(first, first + 40):
                storage.store_event(event(number))
                if number % 7 == 0:
                    assert str(number) in messages(storage)

    threads = [threading.Thread(target=one, args=(first,)) for first in (0, 100, 200)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    expected = [str(first + number) for first in (0, 100, 200) for number in range(40)]
    assert sorted(messages(storage), key=str) == sorted(expected)


def test_one_who_is_connected_waits_for_nobody(storage: KeptSqliteEventLogStorage) -> None:
    with storage.beside():
        storage.store_event(event(0))
        with storage.index_connection():  # type: ignore[no-untyped-call]
            storage.store_event(event(1))
            assert messages(storage) == ["0", "1"]
        storage.store_event_batch([event(2), event(3)])
        assert messages(storage) == ["0", "1", "2", "3"]


def test_what_goes_wrong_is_raised_and_nothing_is_done_after_it() -> None:
    done: list[int] = []
    turns = InTurn("test")
    reached = threading.Event()

    def fail(_: int) -> None:
        reached.wait(60)
        raise OSError("the disk is full")

    turns.do(done.append, 1)
    turns.do(fail, 2)
    turns.do(done.append, 3)
    reached.set()
    with pytest.raises(OSError, match="the disk is full"):
        turns.settle()
    with pytest.raises(OSError, match="the disk is full"):
        turns.do(done.append, 4)
    turns.close()
    assert done == [1]


def test_an_event_that_cannot_be_stored_fails_the_block(
    storage: KeptSqliteEventLogStorage,
) -> None:
    def run() -> None:
        with storage.beside():
            storage.store_event(event(1))

    storage.store_event(event(0))
    with storage.index_connection() as connection:  # type: ignore[no-untyped-call]
        connection.exec_driver_sql("PRAGMA query_only=ON")
    with pytest.raises(OperationalError, match="readonly"):
        run()
