"""Many clients at once, mails of any bytes, answers compressed."""

from __future__ import annotations

import gzip
import http.client
import json
import threading
from base64 import urlsafe_b64decode
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import urlsplit

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tests.emulators.client import ME, Client, parts
from tests.emulators.gmail import Gmail, letters
from tests.emulators.gmail.mailboxes import Mailbox
from tests.emulators.gmail.trees import take_apart
from tests.emulators.test_gmail_history import history, now
from tests.emulators.test_gmail_reading import listed

HEADERS = st.sampled_from(
    [
        b"Content-Type: multipart/mixed; boundary=b\r\n",
        b"Content-Type: text/html; charset=utf-7\r\n",
        b"Content-Type: message/rfc822\r\n",
        b"Content-Transfer-Encoding: base64\r\n",
        b"Content-Disposition: attachment; filename*=utf-8''%e2%82\r\n",
        b"Subject: =?utf-7?q?+2AA-?= =?x?b?=?=\r\n",
    ]
)
PIECES = st.lists(HEADERS | st.binary(max_size=40) | st.sampled_from([b"\r\n", b"\n--b\n"]))


@given(PIECES)
@example([b"Subject: =?utf-7?q?+2AA-?=\r\n\r\n", b"+2AA-"])
def test_any_bytes_are_a_mail(pieces: list[bytes]) -> None:
    tree = take_apart(b"".join(pieces), "mark")
    text = json.dumps(tree.payload, ensure_ascii=False)
    text.encode(), tree.snippet.encode()  # no halves of surrogate pairs

    def walk(part: dict[str, Any]) -> None:
        body = part["body"]
        if "data" in body:
            assert len(urlsafe_b64decode(body["data"])) == body["size"]
        if "attachmentId" in body:
            content = tree.attachments[int(body["attachmentId"].removeprefix("mark"))]
            assert len(content) == body["size"] > 0
        for number, each in enumerate(part.get("parts", [])):
            assert each["partId"] == f"{part['partId']}.{number}".lstrip(".")
            walk(each)

    walk(tree.payload)


def test_clients_and_changes_at_once(gmail: Gmail, box: Mailbox, client: Client) -> None:
    """Lists and history lose nothing that stays, whatever happens meanwhile."""
    stays = box.fill((raw, ["INBOX"]) for raw, _ in letters(150))
    start = now(client)
    ends = threading.Event()

    def change() -> int:
        done = 0
        while not ends.is_set():
            made = box.add(b"Subject: x\r\n\r\n")
            box.modify(made, add=["STARRED"])
            box.delete(made)
            done += 1
        return done

    def read() -> None:
        own = Client(gmail.url(), gmail.access_token(box.address))
        assert [each for each in listed(own, maxResults=20) if each in known] == stays[::-1]
        batch = parts(own.send_batch(*(f"/messages/{each}?fields=id" for each in stays[:50])))
        assert [reply.json["id"] for _, reply in batch] == stays[:50]
        own.close()

    known = set(stays)
    with ThreadPoolExecutor(5) as pool:
        changing = pool.submit(change)
        reading = [pool.submit(read) for _ in range(4)]
        for each in reading:
            each.result()
        ends.set()
        changes = changing.result()
    records = history(client, start, maxResults=500)
    assert len(records) == 3 * changes > 0
    ids = [int(record["id"]) for record in records]
    assert ids == sorted(set(ids))
    assert gmail.counts()["messages.get"] == 200


def test_answers_are_compressed(gmail: Gmail, box: Mailbox) -> None:
    """Only for who says gzip in both headers."""
    made = box.add(b"Subject: x\r\n\r\n" + b"y" * 5_000)
    gmail.pack()
    line = http.client.HTTPConnection(urlsplit(gmail.url()).netloc)
    sign = {"Authorization": f"Bearer {gmail.access_token(box.address)}"}
    for agent, packed in (("a (gzip)", True), ("a", False)):
        head = {**sign, "Accept-Encoding": "gzip, deflate", "User-Agent": agent}
        line.request("GET", f"{ME}/messages/{made}", headers=head)
        answer = line.getresponse()
        body = answer.read()
        assert (answer.getheader("Content-Encoding") == "gzip") is packed
        assert json.loads(gzip.decompress(body) if packed else body)["id"] == made
    line.close()


@pytest.mark.parametrize("method", ["request", "*"])
def test_the_nth_request_of_all(gmail: Gmail, client: Client, method: str) -> None:
    met: list[dict[str, Any]] = []
    gmail.hook(method, 3, met.append)
    client.post("/token")
    client.batch("/labels", "/profile")
    client.get("/history", startHistoryId="4711")
    assert [call["method"] for call in met] == [
        "history.list" if method == "request" else "getProfile"
    ]
