"""What `q` finds, and what it refuses; lists that change while they are read."""

from __future__ import annotations

from typing import Any

import pytest

from tests.emulators.client import Client
from tests.emulators.gmail import Gmail, letters
from tests.emulators.gmail.mailboxes import Mailbox
from tests.emulators.test_gmail_history import history
from tests.emulators.test_gmail_reading import listed

DAY = 86_400_000
# Of 2 January 2024 in the Pacific
MIDNIGHT = 1_704_182_400_000


@pytest.fixture
def four(box: Mailbox) -> dict[str, str]:
    """Ids of mails by their names."""
    work = box.label("My Work")
    big = b"Content-Type: text/plain; name=a.txt\r\n\r\n" + b"x" * 3_000
    return {
        box.add(b"Subject: heron\r\nFrom: Bo <bo@x.org>\r\n\r\n", date=MIDNIGHT - 1): "heron",
        box.add(b"Subject: gauge two\r\nMessage-ID: <i@d>\r\n\r\nA web", [work], MIDNIGHT): "gauge",
        box.add(b"Subject: spam heron\r\n\r\n", ["SPAM"], MIDNIGHT + DAY): "spam",
        box.add(big, ["TRASH", "STARRED"], MIDNIGHT + 2 * DAY): "big",
    }


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("", "gauge heron"),
        ("after:2024/01/02", "gauge"),
        ("before:2024/01/02", "heron"),
        (f"after:{MIDNIGHT // 1000}", "gauge"),
        (f"before:{MIDNIGHT // 1000} after:{MIDNIGHT // 1000 - 1}", "heron"),
        ("newer_than:1d", ""),
        ("older_than:1y", "gauge heron"),
        ("in:anywhere", "big spam gauge heron"),
        ("in:spam", "spam"),
        ("in:trash", "big"),
        ("is:starred", ""),
        ("is:starred in:anywhere", "big"),
        ("is:unread", "heron"),
        ("is:read", "gauge"),
        ("label:my-work", "gauge"),
        ('label:"My Work"', "gauge"),
        ("-label:my-work", "heron"),
        ("label:nothing", ""),
        ("from:bo", "heron"),
        ("-from:bo", "gauge"),
        ("subject:heron", "heron"),
        ("heron", "heron"),
        ('"gauge two"', "gauge"),
        ("-heron", "gauge"),
        ("web OR heron", "gauge heron"),
        ("{web heron}", "gauge heron"),
        ("-{web heron}", ""),
        ("-(web heron)", "gauge heron"),
        ("(web subject:gauge)", "gauge"),
        ("rfc822msgid:<i@d>", "gauge"),
        ("rfc822msgid:i@d", "gauge"),
        ("larger:2k in:anywhere", "big"),
        ("has:attachment in:anywhere", "big"),
    ],
)
def test_found(client: Client, four: dict[str, str], query: str, found: str) -> None:
    assert [four[each] for each in listed(client, q=query)] == found.split()


@pytest.mark.parametrize(
    "query",
    ["bogus:x", "has:drive", "after:yesterday", "newer_than:2w", "larger:big", "(a", "a)", "{a"],
)
def test_refused(client: Client, query: str) -> None:
    reply = client.get("/messages", q=query)
    assert (reply.status, reply.reason) == (400, "invalidArgument")


def test_mails_that_come_and_go_between_pages(box: Mailbox, client: Client, gmail: Gmail) -> None:
    sent = box.fill((raw, ["INBOX"]) for raw, _ in letters(30))

    def change(call: dict[str, Any]) -> None:
        box.add(b"Subject: new\r\n\r\n", date=2_000_000_000_000)
        box.delete(sent[25])  # of the first page
        box.delete(sent[5])  # of a later one

    gmail.hook("messages.list", 2, change)
    assert listed(client, maxResults=10) == [each for each in sent[::-1] if each != sent[5]]


def test_pages_that_shift(box: Mailbox, client: Client, gmail: Gmail) -> None:
    sent = box.fill((raw, ["INBOX"]) for raw, _ in letters(30))
    gmail.shift_pages()
    gmail.hook("messages.list", 2, lambda call: box.add(b"new", date=2_000_000_000_000))
    found = listed(client, maxResults=10)
    assert len(found) == 31 and found[10] == found[9]  # one comes twice, the new one never
    assert set(found) == set(sent)
    gmail.hook("messages.list", 2, lambda call: box.delete(sent[29]))
    assert len(set(listed(client, maxResults=10))) == 30  # of 31, one is skipped


@pytest.mark.parametrize("shifting", [False, True])
def test_pages_that_hold_less(box: Mailbox, client: Client, gmail: Gmail, shifting: bool) -> None:
    """The last page is the one without a token, not the one without mails."""
    sent = box.fill((raw, ["INBOX"]) for raw, _ in letters(30))
    gmail.thin_pages()
    gmail.shift_pages(shifting)
    first = client.get("/messages", maxResults=5).json
    assert set(first) == {"nextPageToken", "resultSizeEstimate"}
    assert listed(client, maxResults=5) == sent[::-1]
    assert gmail.counts()["messages.list"] > 7
    records = history(client, "4711", maxResults=5)
    assert [record["messages"][0]["id"] for record in records] == sent
    assert gmail.counts()["history.list"] > 6


def test_tokens_belong_to_their_question(box: Mailbox, client: Client, gmail: Gmail) -> None:
    box.fill((raw, ["INBOX"]) for raw, _ in letters(30))
    token = client.get("/messages", maxResults=10).json["nextPageToken"]
    assert client.get("/messages", pageToken=token, maxResults=5).status == 200
    assert client.get("/messages", pageToken=token, q="heron").status == 400
    assert client.get("/messages", pageToken=token, labelIds="SENT").status == 400
    gmail.expire_pages()
    assert client.get("/messages", pageToken=token).status == 400
