"""An emulator in a child process: the same methods, its own CPU time, and no child left behind."""

from __future__ import annotations

import http.client
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, suppress
from pathlib import Path

import psutil
import pytest

from tests.emulators.client import Client
from tests.emulators.gmail import Gmail, letters, serve, serve_apart

ROOT = Path(__file__).resolve().parents[2]
USER = "ana@example.org"


def test_the_same_methods() -> None:
    with serve_apart() as gmail:
        box = gmail.mailbox(USER)
        sent = box.fill_letters(100)
        box.prepare()
        client = Client(gmail.url(), gmail.access_token(USER))
        gmail.hook("messages.list", 1, lambda call: box.modify(sent[-1], add=["STARRED"]))
        gmail.fault(500, "getProfile")
        assert client.get("/messages", q="is:starred", includeSpamTrash="true").json["messages"]
        assert [client.get("/profile").status for _ in range(2)] == [500, 200]
        before = time.process_time()
        answers = client.send_batch(*(f"/messages/{each}?format=raw" for each in sent))
        assert answers.body.count(b"HTTP/1.1 200 OK") == 100
        assert time.process_time() - before < 0.1
        assert gmail.counts()["messages.get"] == 100
        assert [box.raw(each) for each in sent] == [raw for raw, _ in letters(100)]
        assert box.raw(box.fill(letters(1))[0]) == box.raw(sent[0])
        with pytest.raises(ValueError, match="no such fault"):
            gmail.fault("nonsense")
        client.close()
        child = psutil.Process(gmail.pid)  # type: ignore[attr-defined]
    assert not child.is_running()


@pytest.mark.parametrize("served", [serve, serve_apart])
def test_what_a_hook_raises_is_raised_at_the_end(
    served: Callable[[], AbstractContextManager[Gmail]],
) -> None:
    def wrong(call: object) -> None:
        raise AssertionError("as expected")

    def block() -> None:
        with served() as gmail:
            gmail.mailbox(USER)
            gmail.hook("getProfile", 1, wrong)
            client = Client(gmail.url(), gmail.access_token(USER))
            assert client.get("/profile").status == 200
            client.close()

    with pytest.raises(AssertionError, match="as expected"):
        block()


@pytest.mark.parametrize("served", [serve, serve_apart])
def test_stopped_by_a_hook(served: Callable[[], AbstractContextManager[Gmail]]) -> None:
    """The answer at which it is stopped is never had."""
    with served() as gmail:
        gmail.mailbox(USER)
        gmail.hook("getProfile", 2, lambda call: gmail.stop(), after=True)
        client = Client(gmail.url(), gmail.access_token(USER))
        assert client.get("/profile").status == 200
        with pytest.raises((ConnectionError, http.client.HTTPException)):
            client.get("/profile")
        client.close()
        end = time.monotonic() + 20
        while not gmail.is_stopped() and time.monotonic() < end:
            time.sleep(0.01)
        assert gmail.is_stopped()
        gmail.start()
        assert client.get("/profile").status == 200
        client.close()
        assert gmail.counts()["getProfile"] == 3


def test_a_child_ends_with_its_parent() -> None:
    code = (
        "import sys, time; from tests.emulators.gmail import serve_apart\n"
        "with serve_apart() as gmail: print(gmail.pid, flush=True); time.sleep(60)"
    )
    parent = subprocess.Popen([sys.executable, "-c", code], cwd=ROOT, stdout=subprocess.PIPE)
    assert parent.stdout is not None
    child = psutil.Process(int(parent.stdout.readline()))
    parent.kill()
    parent.wait()
    parent.stdout.close()
    with suppress(psutil.NoSuchProcess):
        child.wait(timeout=20)


def test_one_that_stalls_ends_at_once() -> None:
    before = time.monotonic()
    with serve_apart() as gmail:
        gmail.mailbox(USER)
        gmail.fault("stall", times=None)
        client = Client(gmail.url(), gmail.access_token(USER), seconds=0.1)
        with pytest.raises(TimeoutError):
            client.get("/profile")
        client.close()
    assert time.monotonic() - before < 10
