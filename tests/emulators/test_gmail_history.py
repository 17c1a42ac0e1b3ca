"""History: ids that only grow, four kinds of records, pages, and what is too old."""

from __future__ import annotations

from typing import Any

import pytest

from tests.emulators.client import Client
from tests.emulators.gmail import Gmail, letters
from tests.emulators.gmail.mailboxes import Mailbox


def history(client: Client, start: str, **query: Any) -> list[dict[str, Any]]:
    """The records of all pages."""
    found: list[dict[str, Any]] = []
    while True:
        reply = client.get("/history", startHistoryId=start, **query)
        assert reply.status == 200, reply.body
        found += reply.json.get("history", [])
        if "nextPageToken" not in reply.json:
            return found
        query["pageToken"] = reply.json["nextPageToken"]


def now(client: Client) -> str:
    return str(client.get("/profile").json["historyId"])


def test_all_four_kinds(box: Mailbox, client: Client) -> None:
    start = now(client)
    made = box.add(b"Subject: a\r\n\r\n")
    box.modify(made, add=["STARRED"])
    box.modify(made, add=["IMPORTANT"], remove=["UNREAD", "SENT"])
    box.modify(made, add=["IMPORTANT"])  # changes nothing
    state = client.get(f"/messages/{made}", format="minimal").json
    box.trash(made)
    box.delete(made)
    records = history(client, start)
    short = {"id": made, "threadId": made}
    assert [set(record) - {"id", "messages"} for record in records] == [
        {"messagesAdded"},
        {"labelsAdded"},
        {"labelsAdded", "labelsRemoved"},
        {"labelsAdded", "labelsRemoved"},
        {"messagesDeleted"},
    ]
    assert all(record["messages"] == [short] for record in records)
    both = records[2]
    assert both["labelsAdded"][0]["labelIds"] == ["IMPORTANT"]
    assert both["labelsRemoved"][0]["labelIds"] == ["UNREAD"]
    assert both["labelsRemoved"][0]["message"]["labelIds"] == ["IMPORTANT", "INBOX", "STARRED"]
    ids = [int(record["id"]) for record in records]
    assert ids == sorted(set(ids)) and int(start) < ids[0]
    assert now(client) == str(ids[-1])
    assert state["historyId"] == both["id"]  # that of the mail's last change
    assert client.get(f"/messages/{made}").status == 404


def test_only_what_came_after(box: Mailbox, client: Client) -> None:
    box.fill(letters(3))
    start = now(client)
    assert history(client, start) == []
    made = box.add(b"x")
    assert [record["messages"][0]["id"] for record in history(client, start)] == [made]


def test_filters(box: Mailbox, client: Client) -> None:
    start = now(client)
    one = box.add(b"a", ["INBOX"])
    box.add(b"b", ["SENT"])
    box.modify(one, add=["STARRED"], remove=["INBOX"])
    added = history(client, start, historyTypes=["messageAdded"])
    assert [set(record) for record in added] == [{"id", "messages", "messagesAdded"}] * 2
    gone = history(client, start, historyTypes=["labelRemoved", "messageDeleted"])
    assert [set(record) for record in gone] == [{"id", "messages", "labelsRemoved"}]
    assert len(history(client, start, labelId="STARRED")) == 1
    assert client.get("/history", startHistoryId=start, historyTypes="labels").status == 400
    assert client.get("/history", startHistoryId=start, labelId="Label_9").status == 400


def test_pages_hold_what_was_when_they_began(box: Mailbox, client: Client, gmail: Gmail) -> None:
    start = now(client)
    sent = box.fill(letters(25))
    then = now(client)
    gmail.hook("history.list", 2, lambda call: box.add(b"late"))
    records = history(client, start, maxResults=10)
    assert [record["messages"][0]["id"] for record in records] == sent
    assert gmail.counts()["history.list"] == 3
    assert len(history(client, then)) == 1  # it is there for who kept the id from before


@pytest.mark.parametrize("start", ["1", "4710", "99999999"])
def test_ids_that_are_not_known(client: Client, start: str) -> None:
    assert client.get("/history", startHistoryId=start).status == 404


def test_expired(box: Mailbox, client: Client) -> None:
    start = now(client)
    box.add(b"x")
    then = now(client)
    box.expire_history()
    for each in (start, then):
        reply = client.get("/history", startHistoryId=each)
        assert (reply.status, reply.reason) == (404, "notFound")
    fresh = now(client)
    assert int(fresh) > int(then)
    made = box.add(b"y")
    assert [record["messages"][0]["id"] for record in history(client, fresh)] == [made]


def test_start_is_required(client: Client) -> None:
    assert client.get("/history").status == 400
    assert client.get("/history", startHistoryId="x").status == 400


def test_deleted_label_leaves_its_mails(box: Mailbox, client: Client) -> None:
    work = box.label("Work")
    made = box.add(b"x", [work])
    start = now(client)
    box.delete_label(work)
    assert history(client, start)[0]["labelsRemoved"][0]["labelIds"] == [work]
    assert "labelIds" not in client.get(f"/messages/{made}").json
    assert client.get("/history", startHistoryId=start, labelId=work).status == 400
