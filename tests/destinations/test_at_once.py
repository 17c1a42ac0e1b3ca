"""Two that send to one destination at the same time take turns."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from dataq_assets.runs.launch import open_instance
from dataq_lake.lake import open_lake
from dataq_resources.destinations import write_destination
from dataq_resources.home import Home
from tests.destinations.conftest import add_items, http, states
from tests.destinations.receiver import Receiver

DATAQ = (sys.executable, "-c", "from dataq_gateway.cli import main; main()")
PATIENCE = 300


@pytest.mark.heavy
def test_two_senders_lose_nothing_and_double_nothing(home: Path, receiver: Receiver) -> None:
    """Not even where the receiver does not know a key again."""
    place = Home(home)
    place.prepare()
    lake = open_lake(place.lake)
    ids = add_items(lake, 0, 40)
    patient = {"timeout_seconds": 3600, "limits": {"silence_seconds": 3600}}
    write_destination(place, http(receiver, **patient))
    receiver.honours_key = False
    begun, go_on = threading.Event(), threading.Event()

    def hold(_: int) -> None:
        begun.set()
        go_on.wait(PATIENCE)

    receiver.on_taken = hold
    senders = [deliver()]
    try:
        assert begun.wait(PATIENCE)
        ids += add_items(lake, 1_000, 7)
        senders.append(deliver())
        eventually(lambda: len(at_work(place)) == 2)
    finally:
        go_on.set()
        codes = [each.wait(PATIENCE) for each in senders]
    assert codes == [0, 0]
    assert sorted(receiver.ids()) == ids
    assert states(lake) == {"delivered": 47}


def deliver() -> subprocess.Popen[bytes]:
    argv = [*DATAQ, "deliver", "crm", "--json"]
    return subprocess.Popen(argv, env={**os.environ}, stdout=subprocess.DEVNULL)


def at_work(place: Home) -> list[Any]:
    """The runs that have begun to deliver and have not ended."""
    with open_instance(place) as instance:
        runs = instance.get_runs(dg.RunsFilter(statuses=[dg.DagsterRunStatus.STARTED]))
        started = {dg.DagsterEventType.STEP_START}
        return [
            run for run in runs if instance.get_records_for_run(run.run_id, of_type=started).records
        ]


def eventually(look: Any) -> None:
    until = time.monotonic() + PATIENCE
    while not look():
        assert time.monotonic() < until
        time.sleep(0.1)
