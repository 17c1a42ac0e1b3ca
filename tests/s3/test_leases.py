"""One process at a time, also where there are no file locks, and not for ever."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from dataq_lake.errors import LeaseLost, StoreSilent
from dataq_lake.lake import open_lake
from dataq_lake.objects import lease as leases
from dataq_lake.objects.lease import Lease, held, holding
from dataq_lake.objects.path import ObjectPath
from dataq_resources.errors import Busy
from dataq_resources.locks import locked
from tests.lake.conftest import Rows, rows  # noqa: F401
from tests.s3.proxy import BadLine
from tests.s3.seaweed import Seaweed


@pytest.fixture
def short(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leases that end after two seconds: a store tells its time in whole ones."""
    monkeypatch.setattr(leases, "LEASE_SECONDS", 2.0)
    monkeypatch.setattr(leases, "RENEW_SECONDS", 0.5)
    monkeypatch.setattr(leases, "MARGIN_SECONDS", 0.5)


def test_who_is_not_to_wait_is_told_who_has_it(bucket: ObjectPath) -> None:
    with locked(bucket / "locks", "work"):
        with pytest.raises(Busy, match=r"work is in use by process \d+ on "):
            locked(bucket / "locks", "work", wait=False).__enter__()
        with locked(bucket / "locks", "other", wait=False):
            pass
    with locked(bucket / "locks", "work", wait=False):
        pass


def test_one_at_a_time(bucket: ObjectPath) -> None:
    inside: list[int] = []
    most: list[int] = []

    def work(number: int) -> None:
        with held(bucket, "work"):
            inside.append(number)
            most.append(len(inside))
            time.sleep(0.05)
            inside.remove(number)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert most == [1, 1, 1, 1]


@pytest.mark.usefixtures("short")
def test_a_living_holder_keeps_it_and_a_dead_one_does_not(
    bucket: ObjectPath, monkeypatch: pytest.MonkeyPatch
) -> None:
    alive, other = Lease(bucket / "alive.lease"), Lease(bucket / "alive.lease")
    assert alive.take()
    time.sleep(4)
    assert not other.try_take(), "it is renewed"
    alive.release()
    monkeypatch.setattr(leases, "RENEW_SECONDS", 1000.0)
    dead = Lease(bucket / "dead.lease")
    assert dead.take()
    began = time.monotonic()
    after = Lease(bucket / "dead.lease")
    assert after.take()
    assert time.monotonic() - began > 1
    with pytest.raises(LeaseLost, match=r"dead.lease was held too long without a sign"):
        dead.check()
    dead.release()
    assert (bucket / "dead.lease").is_file(), "it is another's by now"
    after.release()
    assert not (bucket / "dead.lease").is_file()


@pytest.mark.usefixtures("short")
def test_a_store_that_was_away_costs_no_lease(
    bucket: ObjectPath, s3: Seaweed, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(leases, "RENEW_SECONDS", 1000.0)
    line = BadLine(s3.ports[0])
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{line.port}")
    try:
        with holding(Lease(bucket / "work.lease")) as lease:
            lease.take()
            line.down(True)
            time.sleep(2)
            monkeypatch.setenv("DATAQ_LAKE_SECONDS", "0.2")
            with pytest.raises(StoreSilent, match="the store does not answer"):
                lease.check()
            monkeypatch.setenv("DATAQ_LAKE_SECONDS", "60")
            with ThreadPoolExecutor() as threads:
                waiting = threads.submit(lease.check)
                time.sleep(1)
                assert not waiting.done()
                line.down(False)
                waiting.result()
            assert not Lease(bucket / "work.lease").try_take()
        assert not (bucket / "work.lease").is_file()
    finally:
        line.close()


@pytest.mark.usefixtures("short")
def test_nothing_is_committed_after_a_lease_is_lost(bucket: ObjectPath, rows: Rows) -> None:  # noqa: F811
    lake = open_lake(bucket / "lake")
    lake.table("items").append([rows("items", ["before"])])
    with held(bucket / "lake" / "locks", "stage_items"):
        place = bucket / "lake" / "locks" / "stage_items.lease"
        place.write_bytes(b'{"token": "of another process"}')
        time.sleep(1.5)
        with pytest.raises(LeaseLost, match="another process has it"):
            lake.table("items").append([rows("items", ["after"])])
    assert place.is_file(), "what another has is not given back"
    assert lake.table("items").scan(["item_id"]).collect().to_series().to_list() == ["before"]
