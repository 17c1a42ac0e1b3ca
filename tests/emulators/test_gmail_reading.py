"""Lists, mails in four formats, attachments, labels: as documented, and byte by byte."""

from __future__ import annotations

from base64 import urlsafe_b64decode
from email.message import EmailMessage
from email.policy import SMTP
from pathlib import Path

import pytest

from tests.emulators.client import Client
from tests.emulators.gmail import Gmail, corpus_letters, letters
from tests.emulators.gmail.letters import letter
from tests.emulators.gmail.mailboxes import Mailbox

HOSTILE = (
    b"",
    b"\n",
    b"no header at all",
    b"Subject: \xff\xfe\r\n\r\n\x00\x01\x02\r\n",
    b"Content-Type: multipart/mixed\r\n\r\n--\r\n",
    b"Content-Type: text/plain; charset=nonsense\r\nContent-Transfer-Encoding: base64\r\n\r\n@@@=",
    b"Subject: =?utf-8?b?broken\r\nContent-Disposition: attachment; filename*=x'y'%ff\r\n\r\nx",
    b"From: a\rb\r\n\r\n\r\r\n\n",
)


def listed(client: Client, **query: object) -> list[str]:
    """The ids of all pages."""
    found: list[str] = []
    while True:
        reply = client.get("/messages", **query)
        assert reply.status == 200, reply.body
        found += [each["id"] for each in reply.json.get("messages", [])]
        if "nextPageToken" not in reply.json:
            return found
        query = {**query, "pageToken": reply.json["nextPageToken"]}


def test_empty_mailbox(client: Client) -> None:
    assert client.get("/messages").json == {"resultSizeEstimate": 0}
    profile = client.get("/profile").json
    assert (profile["messagesTotal"], profile["threadsTotal"]) == (0, 0)
    assert profile["emailAddress"] == "ana@example.org"
    start = profile["historyId"]
    assert client.get("/history", startHistoryId=start).json == {"historyId": start}


@pytest.mark.parametrize("form", ["minimal", "metadata", "full", "raw"])
def test_what_each_format_has(box: Mailbox, client: Client, form: str) -> None:
    box.fill(letters(3))
    mail = client.get(f"/messages/{box.ids()[0]}", format=form).json
    assert set(mail) == {
        "id",
        "threadId",
        "labelIds",
        "snippet",
        "sizeEstimate",
        "historyId",
        "internalDate",
        *({"payload"} if form in {"metadata", "full"} else {"raw"} if form == "raw" else ()),
    }
    assert len(mail["id"]) == len(mail["threadId"]) == 16
    assert mail["historyId"].isdigit() and mail["internalDate"].isdigit()


def test_raw_is_the_bytes(box: Mailbox, client: Client) -> None:
    sent = {box.add(raw): raw for raw in (*HOSTILE, *(raw for raw, _ in letters(20)))}
    for each, raw in sent.items():
        for form in ("full", "metadata", "minimal"):
            assert client.get(f"/messages/{each}", format=form).status == 200
        assert urlsafe_b64decode(client.get(f"/messages/{each}", format="raw").json["raw"]) == raw


def test_tree_of_parts(box: Mailbox, client: Client) -> None:
    inner = EmailMessage(policy=SMTP)
    inner["Subject"] = "inside"
    inner.set_content("deep\n")
    mail = EmailMessage(policy=SMTP)
    mail["Subject"] = "Größe & <more>"
    mail.set_content("Füße <b> & more\n", charset="iso-8859-1")
    mail.add_alternative("<p>Füße</p>", subtype="html")
    mail.add_attachment(b"\x00\xff" * 50, "image", "png", filename="größe.png")
    mail.add_attachment(inner)
    made = client.get(f"/messages/{box.add(mail.as_bytes())}").json
    root = made["payload"]
    assert {h["name"]: h["value"] for h in root["headers"]}["Subject"] == "Größe & <more>"
    assert made["snippet"] == "Füße &lt;b&gt; &amp; more"
    assert (root["partId"], root["mimeType"], root["body"]) == ("", "multipart/mixed", {"size": 0})
    both, picture, enclosed = root["parts"]
    assert [each["partId"] for each in root["parts"]] == ["0", "1", "2"]
    assert [each["partId"] for each in both["parts"]] == ["0.0", "0.1"]
    text = both["parts"][0]
    assert urlsafe_b64decode(text["body"]["data"]).decode() == "Füße <b> & more\n".replace(
        "\n", "\r\n"
    )
    assert {"name": "Content-Transfer-Encoding", "value": "8bit"} in text["headers"]
    assert (picture["filename"], picture["body"]["size"]) == ("größe.png", 100)
    assert "data" not in picture["body"]
    assert (enclosed["mimeType"], enclosed["parts"][0]["partId"]) == ("message/rfc822", "2.0")


def test_attachment_ids_are_others_each_time(gmail: Gmail, box: Mailbox, client: Client) -> None:
    import random

    chance = random.Random(3)
    one, other = (box.add(letter(number, chance)) for number in (7, 14))
    ids = []
    for _ in range(2):
        parts = client.get(f"/messages/{one}").json["payload"]["parts"]
        ids.append(parts[-1]["body"]["attachmentId"])
        path = f"/messages/{one}/attachments/{ids[-1]}"
        got = client.get(path).json
        assert got["size"] == len(urlsafe_b64decode(got["data"])) == 300
    assert ids[0] != ids[1]
    assert client.get(f"/messages/{one}/attachments/{ids[0]}").status == 200
    assert client.get(f"/messages/{other}/attachments/{ids[0]}").status == 400
    assert client.get(f"/messages/{one}/attachments/nonsense").status == 400
    gmail.expire_attachments()
    assert client.get(f"/messages/{one}/attachments/{ids[0]}").status == 400


def test_only_named_headers(box: Mailbox, client: Client) -> None:
    made = box.add(b"Subject: a\r\nFrom: b\r\nTo: c\r\n\r\nd")
    query = {"format": "metadata", "metadataHeaders": ["subject", "TO"]}
    head = client.get(f"/messages/{made}", **query).json["payload"]
    assert head["headers"] == [{"name": "Subject", "value": "a"}, {"name": "To", "value": "c"}]


def test_ids_that_are_none(box: Mailbox, client: Client) -> None:
    assert client.get("/messages/18c2000000000000").status == 404
    assert client.get("/messages/not-an-id").status == 400
    assert client.get(f"/messages/{box.add(b'x')}", format="fulll").status == 400


def test_pages_and_their_order(box: Mailbox, client: Client) -> None:
    sent = box.fill(letters(230))
    shown = [each for each in sent if not {"SPAM", "TRASH"} & set(box.state(each)["labelIds"])]
    assert listed(client) == shown[::-1]
    assert listed(client, maxResults=7) == shown[::-1]
    assert listed(client, includeSpamTrash="true") == sent[::-1]
    spam = [each for each in sent if "SPAM" in box.state(each)["labelIds"]]
    assert listed(client, labelIds=["SPAM"]) == spam[::-1] != []
    estimate = client.get("/messages", maxResults=7).json["resultSizeEstimate"]
    assert estimate == 201  # whatever there is
    assert len(client.get("/messages", maxResults=9_999).json["messages"]) == len(shown)


def test_never_more_than_500(box: Mailbox, client: Client) -> None:
    box.fill((b"Subject: x\r\n\r\n", ["INBOX"]) for _ in range(501))
    assert len(client.get("/messages", maxResults=9_999).json["messages"]) == 500
    assert len(client.get("/messages").json["messages"]) == 100


def test_labels(box: Mailbox, client: Client) -> None:
    work = box.label("Work")
    made = box.add(b"Subject: a\r\n\r\n", [work, "INBOX"])
    labels = {each["id"]: each for each in client.get("/labels").json["labels"]}
    assert labels[work]["name"] == "Work" and labels[work]["type"] == "user"
    assert labels["INBOX"]["type"] == "system"
    assert client.get(f"/labels/{work}").json["messagesTotal"] == 1
    assert listed(client, labelIds=[work, "INBOX"]) == [made]
    assert listed(client, labelIds=[work, "SENT"]) == []
    assert client.get("/messages", labelIds="Label_99").status == 400
    box.rename_label(work, "Play")
    assert client.get(f"/labels/{work}").json["name"] == "Play"


@pytest.mark.parametrize(
    ("fields", "kept"),
    [
        ("id", {"id"}),
        ("id,payload/mimeType", {"id", "payload"}),
        ("id,payload(headers(name),body/size)", {"id", "payload"}),
        ("*", None),
    ],
)
def test_partial_responses(
    box: Mailbox, client: Client, fields: str, kept: set[str] | None
) -> None:
    made = box.add(b"Subject: a\r\n\r\nb")
    whole, some = (client.get(f"/messages/{made}", **q).json for q in ({}, {"fields": fields}))
    assert set(some) == (kept or set(whole))
    if "(" in fields:
        assert some["payload"] == {"headers": [{"name": "Subject"}], "body": {"size": 1}}


@pytest.mark.parametrize("fields", ["bogus", "id,", "payload(id", "id)", "a b", "payload//id"])
def test_fields_that_are_none(client: Client, fields: str) -> None:
    assert client.get("/messages", fields=fields).status == 400


def test_parameters_that_are_none(client: Client) -> None:
    for query in ({"pagetoken": "1"}, {"maxResults": "many"}, {"alt": "xml"}, {"pageToken": "1"}):
        assert client.get("/messages", **query).status == 400, query
    assert client.ask("POST", "/gmail/v1/users/me/messages/send").status == 403
    assert client.ask("GET", "/gmail/v2/users/me/messages").status == 404


def test_conversations(box: Mailbox, client: Client) -> None:
    sent = box.fill(letters(60))  # of all kinds of subjects
    threads = [client.get(f"/messages/{each}").json["threadId"] for each in sent]
    assert threads == [sent[number - number % 3] for number in range(60)]
    other = box.add(b"Subject: other\r\nReferences: <0@letters.example>\r\n\r\n")
    assert client.get(f"/messages/{other}").json["threadId"] == other


def test_letters_are_the_same_for_a_seed() -> None:
    assert list(letters(30)) == list(letters(30)) != list(letters(30, seed=2))


def test_real_mails(box: Mailbox, client: Client, corpus: Path) -> None:
    sent = box.fill([*corpus_letters(corpus / "mail" / "tricky"), *corpus_letters(corpus, 60)])
    for each in sent:
        reply = client.get(f"/messages/{each}", format="raw")
        assert urlsafe_b64decode(reply.json["raw"]) == box.raw(each)
        assert client.get(f"/messages/{each}").json["payload"]["partId"] == ""
