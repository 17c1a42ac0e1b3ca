"""An emulator in a child process: the same methods, its own CPU time, and no child left behind."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import AbstractContextManager

import psutil
import pytest

from tests.emulators.client import Client
from tests.emulators.gmail import Gmail, letters, serve, serve_apart

USER = "ana@example.org"


def test_the_same_methods() -> None:
    with serve_apart() as gmail:
        box = gmail.mailbox(USER)
        sent = box.fill(letters(100))
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
        assert box.raw(sent[0]) == next(letters(1))[0]
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
