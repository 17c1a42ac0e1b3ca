"""`dataq serve-hooks` as a process, with senders that mean well and others."""

from __future__ import annotations

import asyncio
import hmac
import os
import signal
import socket
import subprocess
import sys
import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest

from dataq_gateway.hooks.delivery import Delivery
from dataq_gateway.hooks.store import Store
from tests.gateway.hooks.stand import CONTEXT, KEY, SECRET, Stand, signed
from tests.slow import SECONDS, eventually

SECOND = "a second secret, of sixteen and more"
BURST, FEW, EACH = 1_000, 100, 25


async def burst(url: str, prefix: str, count: int) -> list[httpx.Response]:
    """The answers to as many deliveries at the same time, each on a connection of its own.

    By several clients: what one of them does for each connection grows with all that it has.
    """

    async def some(first: int) -> list[httpx.Response]:
        limits = httpx.Limits(max_connections=EACH)
        async with httpx.AsyncClient(limits=limits, timeout=SECONDS, verify=CONTEXT) as client:
            posts = [
                client.post(url, content=b"{}", headers=signed(name=f"{prefix}-{number}"))
                for number in range(first, first + EACH)
            ]
            return await asyncio.gather(*posts)

    groups = await asyncio.gather(*(some(first) for first in range(0, count, EACH)))
    return [answer for group in groups for answer in group]


def test_a_thousand_at_once_start_one_run_and_one_follow_up(stand: Stand) -> None:
    stand.hook("strict", while_running="refuse")
    stand.start()
    first = stand.post("push")
    assert first.status_code == 202
    run = first.json()["run_id"]
    eventually(lambda: stand.states()[run] == "running")
    # What is answered is what Dagster's page shows, at once.
    assert run in stand.in_dagster()

    answers = asyncio.run(burst(f"{stand.url}/hooks/push", "many", BURST))
    assert Counter(each.status_code for each in answers) == {202: BURST}
    (follow_up,) = {each.json()["run_id"] for each in answers}
    assert follow_up != run
    assert stand.rows("select count(*) from deliveries where hook = 'push'") == [(BURST + 1,)]

    strict = asyncio.run(burst(f"{stand.url}/hooks/strict", "strict", FEW))
    assert Counter(each.status_code for each in strict) == {202: 1, 409: FEW - 1}
    (alone,) = {each.json()["run_id"] for each in strict}

    last = stand.rows("select max(received_at) from deliveries where hook = 'push'")[0][0]
    stand.gate.touch()
    eventually(lambda: set(stand.states().values()) == {"done"})
    assert set(stand.states()) == {run, follow_up, alone}
    assert set(stand.in_dagster().items()) == {(each, "SUCCESS") for each in stand.states()}
    started = stand.rows(f"select started_at from runs where id = '{follow_up}'")[0][0]
    assert started > last
    # It was refused and not kept, so the same one is taken now.
    refused = next(each for each in strict if each.status_code == 409)
    again = stand.post("strict", **signed(name=refused.json()["delivery_id"]))
    assert (again.status_code, again.json()["state"]) == (202, "accepted")


def test_what_was_accepted_outlives_the_server(stand: Stand) -> None:
    stand.start()
    run = stand.post("push").json()["run_id"]
    eventually(lambda: stand.states()[run] == "running")
    expect_forked(stand)
    headers = signed(name="waits")
    follow_up = stand.post("push", **headers).json()["run_id"]
    stand.kill()
    assert stand.states() == {run: "running", follow_up: "waiting"}

    stand.start()
    # Sent again, as senders do that had no answer: it is the same delivery, in the same run.
    again = stand.post("push", **headers)
    assert (again.status_code, again.json()["state"]) == (202, "duplicate")
    assert again.json()["run_id"] == follow_up
    assert stand.states() == {run: "running", follow_up: "waiting"}
    stand.gate.touch()
    eventually(lambda: set(stand.states().values()) == {"done"})
    assert stand.in_dagster() == {run: "SUCCESS", follow_up: "SUCCESS"}
    assert len(stand.slow.begun()) == 2


def expect_forked(stand: Stand) -> None:
    """The one run is a child of the home's warm server."""
    ((process,),) = stand.rows("select process from runs where state = 'running'")
    (place,) = (stand.home / "dagster" / "warm").iterdir()
    status = Path(f"/proc/{process.split('/')[1]}/status").read_text()
    assert f"PPid:\t{(place / 'lock').read_text().split('/')[1]}\n" in status
    assert stand.told("run_started_cold") == []


@pytest.mark.heavy
def test_a_run_that_is_killed_is_done_again(stand: Stand) -> None:
    stand.start()
    run = stand.post("push").json()["run_id"]
    eventually(lambda: stand.in_dagster().get(run) == "STARTED")
    ((process,),) = stand.rows("select process from runs")
    os.kill(int(process.split("/")[1]), signal.SIGKILL)
    stand.gate.touch()
    eventually(lambda: list(stand.states().values()) == ["lost", "done"])
    assert sorted(stand.in_dagster().values()) == ["FAILURE", "SUCCESS"]


@pytest.mark.heavy
def test_a_run_that_had_only_been_taken_out_is_started(stand: Stand) -> None:
    stand.gate.touch()
    with Store(stand.home / "hooks") as store:
        (verdict,) = store.accept([Delivery("push", "a", b"{}", ("slow",))])
        assert store.next_run() is not None  # and then the server was killed
    stand.start()
    eventually(lambda: stand.states() == {verdict.run_id: "done"})
    assert stand.in_dagster() == {verdict.run_id: "SUCCESS"}


@pytest.mark.heavy
def test_kills_at_any_moment_lose_nothing_that_was_accepted(stand: Stand) -> None:
    stand.gate.touch()
    stand.start()
    accepted: dict[str, str] = {}
    ended = threading.Event()

    def send() -> None:
        while not ended.is_set():
            headers = signed()
            try:
                answer = stand.post("push", **headers)
            except httpx.TransportError:
                ended.wait(0.1)  # the server's start needs the processor, too
                continue
            if answer.status_code == 202:
                accepted[headers["webhook-id"]] = answer.json()["run_id"]

    with ThreadPoolExecutor(4) as senders:
        for _ in range(4):
            senders.submit(send)
        try:
            for kill in range(1, 4):
                eventually(lambda least=kill * 25: len(accepted) > least)
                stand.kill()
                stand.start()
        finally:
            ended.set()
    kept = dict(stand.rows("select id, run_id from deliveries"))
    assert {name: kept.get(name) for name in accepted} == accepted
    eventually(lambda: set(stand.states().values()) == {"done"})
    assert set(stand.in_dagster().values()) == {"SUCCESS"}


def test_only_what_is_signed_whole_and_new_is_taken(stand: Stand, tmp_path: Path) -> None:
    file = tmp_path / "secret"
    file.write_text(f"{SECOND}\n")
    file.chmod(0o600)
    both = {"secrets": ["env:HOOK_KEY", f"file:{file}"]}
    stand.hook("small", max_bytes=100)
    stand.hook("code", **both, signature="github", events=["push"])
    stand.hook("broken", sources=["nothing"])
    stand.start()

    def status(hook: str, body: bytes = b"{}", **headers: str | bytes) -> int:
        return stand.post(hook, body, **headers).status_code

    assert status("nobody") == 404
    assert status("..%2fpush") == 404
    assert status("broken") == 503
    assert status("small", b'"' + b"x" * 99 + b'"') == 413
    assert status("push", b"{") == 400
    assert status("push", b"") == 400
    assert status("push", b"[" * 100_000) == 400
    assert status("push", x_nothing="signed") == 400
    assert status("push", **signed(secret="whsec_" + "A" * 44)) == 401
    assert status("push", b"[]", **signed(b"{}")) == 401
    assert status("push", **signed(ago=3_600)) == 401
    assert status("push", **signed(ago=-3_600)) == 401
    forged = {"X-Hub-Signature-256": b"sha256=\xe9"}
    assert status("code", **forged, X_GitHub_Delivery="1") == 401
    right = "sha256=" + hmac.new(SECOND.encode(), b"{}", "sha256").hexdigest()
    for event in ("ping", "issues", ""):
        by = {"X_Hub_Signature_256": right, "X_GitHub_Delivery": "1", "X_GitHub_Event": event}
        assert status("code", **by) == 200
    assert stand.states() == {}

    torn = socket.create_connection(("127.0.0.1", int(stand.url.rpartition(":")[2])))
    torn.sendall(b"POST /hooks/push HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n{")
    torn.close()
    mad = socket.create_connection(("127.0.0.1", int(stand.url.rpartition(":")[2])))
    mad.sendall(b"\0\xff GET nothing\r\n\r\n")
    mad.close()
    chunks = (b"x" * 60 for _ in range(1_000))
    chunked = httpx.post(f"{stand.url}/hooks/small", content=chunks, timeout=SECONDS)
    assert chunked.status_code == 413

    assert httpx.get(f"{stand.url}/health", timeout=SECONDS).json() == {"status": "ok"}
    assert httpx.get(f"{stand.url}/ready", timeout=SECONDS).json()["ready"] is True
    eventually(lambda: stand.told("hook_unusable"))
    assert "broken.yaml:1: sources: no source is called 'nothing'" in stand.log.read_text()
    assert SECRET not in stand.log.read_text()
    assert KEY.decode() not in stand.log.read_text()
    eventually(lambda: stand.told("library"))
    # One server a home: two would start everything twice.
    words = [sys.executable, "-m", "dataq_gateway", "serve-hooks", "--port", "0"]
    second = subprocess.run(words, capture_output=True, text=True)
    assert (second.returncode, second.stderr[:24]) == (1, "error: serving is in use")


def test_a_run_starts_cold_where_it_cannot_be_forked(stand: Stand) -> None:
    (stand.home / "dagster").mkdir(exist_ok=True)
    (stand.home / "dagster" / "warm").write_text("in the way")
    stand.gate.touch()
    stand.start()
    run = stand.post("push").json()["run_id"]
    eventually(lambda: stand.states()[run] == "done")
    assert stand.in_dagster()[run] == "SUCCESS"
    (told,) = stand.told("run_started_cold")
    assert told["run_id"] == run
