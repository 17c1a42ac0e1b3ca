"""What can be made to go wrong, when, and how often; quotas; what is counted."""

from __future__ import annotations

import http.client
import json
import time
from typing import Any

import pytest

from tests.emulators.client import Client
from tests.emulators.gmail import Gmail, letters
from tests.emulators.gmail.mailboxes import Mailbox


@pytest.mark.parametrize(
    ("status", "reason", "domain"),
    [
        (429, "rateLimitExceeded", "global"),
        (403, "rateLimitExceeded", "usageLimits"),
        (403, "userRateLimitExceeded", "usageLimits"),
        (403, "dailyLimitExceeded", "usageLimits"),
        (500, "backendError", "global"),
        (503, "backendError", "global"),
    ],
)
@pytest.mark.parametrize("retry_after", [None, 3, "Wed, 21 Oct 2037 07:28:00 GMT"])
def test_refusals(
    gmail: Gmail, client: Client, status: int, reason: str, domain: str, retry_after: str | int
) -> None:
    gmail.fault(status, "labels.list", reason=reason, retry_after=retry_after)
    reply = client.get("/labels")
    assert reply.status == status
    error = reply.json["error"]
    assert error["code"] == status and error["message"] and error["status"].isupper()
    assert (error["errors"][0]["reason"], error["errors"][0]["domain"]) == (reason, domain)
    assert reply.headers.get("retry-after") == (None if retry_after is None else str(retry_after))
    assert client.get("/labels").status == 200


@pytest.mark.parametrize("what", ["reset", "reset-body", "short", "drop"])
def test_broken_connections(gmail: Gmail, box: Mailbox, client: Client, what: str) -> None:
    gmail.fault(what, "messages.list")
    with pytest.raises((ConnectionResetError, http.client.HTTPException)) as caught:
        client.get("/messages")
    assert isinstance(caught.value, http.client.IncompleteRead) == (what == "short")
    client.close()
    assert client.get("/messages").status == 200
    assert gmail.connections() == 2


def test_closed_without_a_word(gmail: Gmail, client: Client) -> None:
    gmail.fault("hangup", "labels.list")
    assert client.get("/labels").status == 200
    with pytest.raises((ConnectionError, http.client.BadStatusLine)):
        client.get("/labels")


@pytest.mark.parametrize("what", ["stall", "stall-body", "slow"])
def test_silence(gmail: Gmail, box: Mailbox, what: str) -> None:
    gmail.fault(what, "labels.list", seconds=0.2)
    patient = Client(gmail.url(), gmail.access_token(box.address))
    before = time.monotonic()
    assert patient.get("/labels").json["labels"]
    assert time.monotonic() - before >= 0.15
    gmail.fault(what, "labels.list", seconds=30 if what == "slow" else None)
    hasty = Client(gmail.url(), gmail.access_token(box.address), seconds=0.2)
    with pytest.raises(TimeoutError):
        hasty.get("/labels")
    patient.close()
    hasty.close()


@pytest.mark.parametrize("what", ["truncated", "empty", "html"])
def test_bodies_that_are_no_json(gmail: Gmail, client: Client, what: str) -> None:
    gmail.fault(what, "labels.list")
    reply = client.get("/labels")
    assert reply.status == (502 if what == "html" else 200)
    with pytest.raises(json.JSONDecodeError):
        _ = reply.json
    assert client.get("/labels").json["labels"]


def test_when_and_how_often(gmail: Gmail, box: Mailbox, client: Client) -> None:
    gmail.fault(500, "labels.list", at=3, every=2, times=2)
    assert [client.get("/labels").status for _ in range(8)] == [200, 200, 500, 200, 500] + [200] * 3
    gmail.fault(503, times=None)
    assert {client.get(path).status for path in ("/labels", "/messages", "/profile")} == {503}
    gmail.mend()
    assert client.get("/profile").status == 200
    gmail.fault(503, "token")
    assert client.post("/token").status == 503
    with pytest.raises(ValueError, match="no such fault"):
        gmail.fault("nonsense")


def test_a_message_that_is_never_had(gmail: Gmail, box: Mailbox, client: Client) -> None:
    one, other = box.fill(letters(2))
    gmail.fault(500, id=one, times=None)
    assert [client.get(f"/messages/{one}").status for _ in range(3)] == [500] * 3
    assert client.get(f"/messages/{other}").status == 200


def test_quota_of_a_user(gmail: Gmail, box: Mailbox, client: Client) -> None:
    made = box.add(b"x")
    gmail.mailbox("bo@example.org")
    gmail.quota(user_units=25, burst=10, retry_after=True)
    begun = time.monotonic()
    answers = [r for _, r in client.batch(*[f"/messages/{made}?format=minimal"] * 100)]
    good = [reply.status for reply in answers].count(200)
    assert 50 <= good <= 51 + 5 * (time.monotonic() - begun)  # and what came in meanwhile
    assert gmail.units(box.address) == 5 * good
    refused = next(reply for reply in answers if reply.status != 200)
    assert (refused.status, refused.reason) == (429, "rateLimitExceeded")
    assert refused.headers["Retry-After"] == "1"
    client.token = gmail.access_token("bo@example.org")
    assert client.get("/profile").status == 200  # a bucket of his own


def test_quota_comes_back(gmail: Gmail, box: Mailbox, client: Client) -> None:
    gmail.quota(user_units=50, burst=0.1)
    begun = time.monotonic()
    statuses = []
    while statuses.count(200) < 5 and time.monotonic() < begun + 20:
        statuses.append(client.get("/messages").status)
    assert 429 in statuses and statuses.count(200) == 5
    assert time.monotonic() - begun >= 0.39  # 25 units at 50 a second, 5 of them there already
    times = [call["at"] for call in gmail.log()]
    assert times == sorted(times) and begun <= times[0] <= times[-1] <= time.monotonic()


def test_quota_of_the_project(gmail: Gmail, client: Client) -> None:
    gmail.quota(project_units=5)
    assert client.get("/messages").status == 200
    reply = client.get("/messages")
    assert (reply.status, reply.reason) == (403, "rateLimitExceeded")
    gmail.no_quota()
    assert client.get("/messages").status == 200


def test_hooks_and_counts(gmail: Gmail, box: Mailbox, client: Client) -> None:
    met: list[Any] = []
    gmail.hook("labels.list", 2, met.append)
    gmail.hook("labels.list", 2, met.append, after=True)
    for _ in range(3):
        client.get("/labels", fields="labels/id")
    before, after = met
    assert (before["status"], after["status"], after["number"]) == (0, 200, 2)
    assert after["query"] == {"fields": ["labels/id"]} and after["user"] == box.address
    client.batch("/labels", "/profile")
    assert gmail.counts() == {"labels.list": 4, "getProfile": 1, "batch": 1}
    assert (gmail.requests(), gmail.connections()) == (4, 1)
    assert [(c["number"], c["part"], c["method"]) for c in gmail.log()][-2:] == [
        (4, 0, "labels.list"),
        (4, 1, "getProfile"),
    ]
    gmail.forget()
    assert (gmail.counts(), gmail.requests(), gmail.connections(), gmail.log()) == ({}, 0, 0, [])


def test_outage(gmail: Gmail, box: Mailbox, client: Client) -> None:
    made = box.add(b"x")
    gmail.stop()
    client.close()
    with pytest.raises(ConnectionRefusedError):
        client.get("/profile")
    client.close()
    gmail.start()
    assert client.get(f"/messages/{made}").status == 200


def test_requests_that_are_none(gmail: Gmail, client: Client) -> None:
    client.token = ""
    assert client.get("/profile").status == 401
    assert client.ask("GET", "/").status == 404
    assert client.ask("GET", "/gmail/v1/users/me/").status == 404
    assert client.ask("DELETE", "/gmail/v1/users/me/messages/1").status == 401
