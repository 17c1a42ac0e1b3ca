"""A sender that is killed loses no row, and repeats none where the receiver honours the key."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections import Counter

import pytest

from dataq_lake.lake import Lake
from tests.destinations.conftest import add_items, states
from tests.destinations.copying import TABLE, put, reasons, take, there
from tests.destinations.receiver import Receiver

ROWS = 205
PATIENCE = 300


@pytest.mark.parametrize("honours_key", [True, pytest.param(False, marks=pytest.mark.heavy)])
def test_kills_lose_nothing(lake: Lake, receiver: Receiver, honours_key: bool) -> None:
    ids = add_items(lake, 0, ROWS)
    receiver.honours_key = honours_key
    kills = [30, 90, ROWS]  # the last when all is taken, and nothing of it on record
    senders: list[subprocess.Popen[bytes]] = []

    def kill(taken: int) -> None:
        if kills and taken >= kills[0]:
            kills.pop(0)
            os.kill(senders[-1].pid, signal.SIGKILL)

    receiver.on_taken = kill
    codes = []
    while not codes or codes[-1] != 0:
        assert len(codes) < 6
        senders.append(start(lake, receiver))
        codes.append(senders[-1].wait(PATIENCE))
        if len(codes) == 3:
            ids += add_items(lake, 1_000, 7)
    assert codes == [-signal.SIGKILL] * 3 + [0]
    counts = Counter(receiver.ids())
    assert sorted(counts) == ids
    assert states(lake) == {"delivered": ROWS + 7}
    if honours_key:
        assert set(counts.values()) == {1}
    else:
        bodies = {each.headers["idempotency-key"]: each.body for each in receiver.requests}
        assert all(bodies[r.headers["idempotency-key"]] == r.body for r in receiver.requests)


@pytest.mark.heavy
def test_kills_leave_a_true_copy(lake: Lake, receiver: Receiver) -> None:
    put(lake, {f"k{number}": "first" for number in range(60)})
    kills = [15, 35]
    senders: list[subprocess.Popen[bytes]] = []

    def kill(taken: int) -> None:  # each sender once: what it had sent still comes in
        if kills and taken >= kills[0] and len(kills) + len(senders) == 3:
            kills.pop(0)
            os.kill(senders[-1].pid, signal.SIGKILL)

    receiver.on_taken = kill
    codes = []
    while not codes or codes[-1] != 0:
        assert len(codes) < 6
        senders.append(start(lake, receiver, TABLE))
        codes.append(senders[-1].wait(PATIENCE))
        if codes[-1]:  # what was taken but not recorded is among what changes and goes
            sent = list(dict.fromkeys(each["key"] for each in receiver.taken))
            put(lake, {sent[-1]: f"after {len(codes)}", f"new{len(codes)}": "first"})
            take(lake, sent[-2], sent[0])
    assert codes == [-signal.SIGKILL] * 2 + [0]
    assert reasons(receiver.taken) == there(lake)


def start(lake: Lake, receiver: Receiver, *table: str) -> subprocess.Popen[bytes]:
    argv = [sys.executable, "-m", "tests.destinations.sender", str(lake.root), receiver.url, *table]
    return subprocess.Popen(argv)
