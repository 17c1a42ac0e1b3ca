"""Batches: each part answered for itself, within the bounds that Gmail sets."""

from __future__ import annotations

import json
from base64 import urlsafe_b64decode

import pytest

from tests.emulators.client import Client, parts
from tests.emulators.gmail import METADATA, Gmail, letters
from tests.emulators.gmail.mailboxes import Mailbox


@pytest.mark.parametrize("path", ["/batch", "/batch/gmail/v1"])
def test_hundred_in_order(box: Mailbox, client: Client, gmail: Gmail, path: str) -> None:
    sent = box.fill(letters(100))
    answers = client.batch(*(f"/messages/{each}?format=raw" for each in sent), path=path)
    assert [name for name, _ in answers] == [f"<response-x + {n}>" for n in range(100)]
    for each, (_, reply) in zip(sent, answers, strict=True):
        assert reply.status == 200
        assert urlsafe_b64decode(reply.json["raw"]) == box.raw(each)
    assert (gmail.requests(), gmail.connections()) == (1, 1)
    assert gmail.counts() == {"batch": 1, "messages.get": 100}


def test_bounds(box: Mailbox, client: Client) -> None:
    assert client.send_batch(*["/profile"] * 101).status == 400
    assert client.send_batch().status == 400
    assert client.ask("POST", "/batch", b"{}", **{"Content-Type": "application/json"}).status == 400
    open_end = b"--b\r\nContent-Type: application/http\r\n\r\nGET /x HTTP/1.1\r\n\r\n"
    kind = {"Content-Type": "multipart/mixed; boundary=b"}
    assert client.ask("POST", "/batch", open_end, **kind).status == 400
    assert client.ask("GET", "/batch", **kind).status == 404
    assert client.ask("POST", "/batch/drive/v3", **kind).status == 404


def test_each_part_for_itself(box: Mailbox, client: Client, gmail: Gmail) -> None:
    made = box.add(b"Subject: a\r\n\r\n")
    gmail.fault(429, "messages.get", at=3, retry_after=7)
    gmail.fault(503, "messages.get", at=4)
    get = f"/messages/{made}?fields=id"
    answers = [
        reply for _, reply in client.batch(get, "/messages/0?x=1", get, get, get, "/nowhere")
    ]
    assert [reply.status for reply in answers] == [200, 400, 429, 503, 200, 404]
    assert answers[0].json == {"id": made}
    assert answers[2].headers["Retry-After"] == "7"
    assert answers[2].reason == "rateLimitExceeded"


def test_parts_may_bring_their_own_token(gmail: Gmail, client: Client) -> None:
    gmail.mailbox("bo@example.org")
    token = gmail.access_token("bo@example.org", METADATA)
    body = (
        "--b\nContent-Type: application/http\n\n"
        f"GET /gmail/v1/users/me/profile HTTP/1.1\nAuthorization: Bearer {token}\n\n"
        "--b\nContent-Type: application/http\n\n"
        "GET /gmail/v1/users/me/profile HTTP/1.1\nAuthorization: Bearer other\n\n--b--"
    )
    kind = {"Content-Type": "multipart/mixed; boundary=b"}
    first, second = parts(client.ask("POST", "/batch", body, **kind))
    assert (first[0], first[1].json["emailAddress"]) == ("None", "bo@example.org")
    assert second[1].status == 401


def test_no_batch_in_a_batch(client: Client) -> None:
    body = "--b\n\nContent-Type: application/http\n\nPOST /batch HTTP/1.1\n\n--b--"
    kind = {"Content-Type": "multipart/mixed; boundary=b"}
    assert client.ask("POST", "/batch", body, **kind).status in {200, 400}
    body = body.replace("--b\n\n", "--b\n")
    assert parts(client.ask("POST", "/batch", body, **kind))[0][1].status == 404


def test_a_part_is_left_out(box: Mailbox, client: Client, gmail: Gmail) -> None:
    first, second, third = box.fill(letters(3))
    gmail.fault("drop", id=second)
    answers = client.batch(*(f"/messages/{each}?fields=id" for each in (first, second, third)))
    assert [reply.json["id"] for _, reply in answers] == [first, third]


def test_half_of_a_part(box: Mailbox, client: Client, gmail: Gmail) -> None:
    sent = box.fill(letters(2))
    gmail.fault("truncated", "messages.get")
    (_, first), (_, second) = client.batch(*(f"/messages/{each}" for each in sent))
    assert first.status == 200 and second.json["id"] == sent[1]
    with pytest.raises(json.JSONDecodeError):
        _ = first.json


def test_all_parts_of_a_batch_are_at_once(box: Mailbox, client: Client, gmail: Gmail) -> None:
    gmail.quota(parallel=10)
    answers = client.batch(*["/labels"] * 15)
    statuses = [reply.status for _, reply in answers]
    assert statuses.count(200) == 10 and statuses.count(429) == 5
    assert statuses != sorted(statuses)  # not the last ones
    assert client.get("/labels").status == 200
