"""A mail as Gmail's API tells it says what the mail itself says."""

from __future__ import annotations

import io
import json
from email.message import EmailMessage
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dataq_analyzers.detect import detect
from dataq_analyzers.errors import SkipContent
from dataq_analyzers.interface import Analysis, Content
from dataq_analyzers.mail.gmail import MEDIA_TYPE, rebuilt
from dataq_analyzers.members import Limits, expand
from dataq_analyzers.registry import analyzer_for
from tests.emulators.gmail.trees import base64url, take_apart


def letter() -> EmailMessage:
    message = EmailMessage()
    message["From"] = "Jürgen Kühn <j@example.org>"
    message["To"] = "Ana <ana@example.org>, ben@example.org"
    message["Subject"] = "Gauge 7: höher"
    message["Date"] = "Tue, 19 May 2026 08:30:00 +0200"
    message["Message-ID"] = "<7@example.org>"
    message["In-Reply-To"] = "<6@example.org>"
    message.set_content("Grüße vom Wehr.\n\nDer Pegel steigt.\n", charset="iso-8859-1")
    message.add_alternative("<p>Grüße vom <b>Wehr</b></p>", subtype="html")
    message.add_attachment(bytes(range(256)), "application", "octet-stream", filename="pegel.bin")
    message.add_attachment("a;b\n1;2\n", subtype="csv", filename="Über.csv")
    return message


def told(raw: bytes, form: str = "full") -> bytes:
    """As messages.get answers, with its attachments put in."""
    tree = take_apart(raw, "@")
    payload = tree.payload if form == "full" else tree.head()
    fill(payload, tree.attachments)
    resource = {"id": "18c2", "labelIds": ["INBOX"], "snippet": tree.snippet, "payload": payload}
    if form == "minimal":
        del resource["payload"]
    return json.dumps(resource, sort_keys=True).encode()


def fill(part: dict[str, Any], attachments: list[bytes]) -> None:
    body = part.get("body", {})
    if attachment := body.pop("attachmentId", None):
        body["data"] = base64url(attachments[int(attachment[1:])])
    for each in part.get("parts", ()):
        fill(each, attachments)


def analyzed(data: bytes, media_type: str) -> Analysis:
    analyzer = analyzer_for(media_type)
    assert analyzer is not None
    return analyzer.analyze(Content(data, media_type))


def members(data: bytes, media_type: str) -> dict[str, bytes | None]:
    found = expand(Content(data, media_type), Limits())
    return {each.path: each.data for each in found.members}


def test_it_says_what_the_mail_says() -> None:
    raw = letter().as_bytes()
    ours, theirs = analyzed(told(raw), MEDIA_TYPE), analyzed(raw, "message/rfc822")
    assert ours.message == theirs.message
    assert (ours.text.split(), ours.title) == (theirs.text.split(), theirs.title)
    assert [unit.kind for unit in ours.units] == [unit.kind for unit in theirs.units]
    assert [u.start_place.part for u in ours.units] == [u.start_place.part for u in theirs.units]
    assert {unit.start_place.byte for unit in ours.units} == {None}


def test_attachments_are_members() -> None:
    raw = letter().as_bytes()
    assert members(told(raw), MEDIA_TYPE) == members(raw, "message/rfc822")
    assert members(told(raw), MEDIA_TYPE)["pegel.bin"] == bytes(range(256))


def test_an_enclosed_mail_is_a_member() -> None:
    outer = letter()
    outer.add_attachment(letter())
    found = members(told(outer.as_bytes()), MEDIA_TYPE)
    [inner] = [data for path, data in found.items() if path.endswith(".eml") and data]
    assert b"Message-ID: <7@example.org>" in inner


@pytest.mark.parametrize("form", ["metadata", "minimal"])
def test_without_its_parts_the_snippet_is_read(form: str) -> None:
    found = analyzed(told(letter().as_bytes(), form), MEDIA_TYPE)
    assert "Grüße vom Wehr." in found.text
    assert found.message is not None
    assert (found.message.subject == "Gauge 7: höher") == (form == "metadata")


def test_its_type_is_what_is_declared_if_it_is_json() -> None:
    data = told(letter().as_bytes())
    assert detect(data, "18c2", MEDIA_TYPE).media_type == MEDIA_TYPE
    assert detect(data, "18c2", "").media_type == "application/json"
    assert detect(b"no json at all", "18c2", MEDIA_TYPE).media_type == "text/plain"


@pytest.mark.parametrize(
    "resource",
    [
        [],
        {"payload": 3},
        {"payload": {"headers": [3]}},
        {"payload": {"mimeType": "text/plain", "body": {"data": "a"}}},
        {"payload": {"mimeType": "text/plain", "body": {"data": 7}}},
    ],
)
def test_what_is_no_mail_is_refused(resource: object) -> None:
    with pytest.raises(SkipContent):
        rebuilt(json.dumps(resource).encode())


def test_a_tree_that_is_too_deep_is_refused() -> None:
    part: dict[str, Any] = {"mimeType": "text/plain", "body": {"data": "YQ"}}
    for _ in range(250):
        part = {"mimeType": "multipart/mixed", "parts": [part]}
    with pytest.raises(SkipContent):
        rebuilt(json.dumps({"payload": part}).encode())


def test_a_value_cannot_add_a_header() -> None:
    headers = [
        {"name": "Subject", "value": "one\r\nBcc: evil@example.org"},
        {"name": "X\r\nBcc", "value": "evil@example.org"},
    ]
    mail = rebuilt(json.dumps({"payload": {"headers": headers, "mimeType": "a/b"}}).encode())
    assert b"\nBcc" not in mail


@given(st.binary(max_size=300), st.text(max_size=50))
def test_any_content_comes_back(content: bytes, name: str) -> None:
    message = EmailMessage()
    message["Subject"] = "one"
    message.set_content("text")
    message.add_attachment(content or b"x", "application", "octet-stream", filename="a.bin")
    data = told(message.as_bytes())
    assert members(data, MEDIA_TYPE)["a.bin"] == (content or b"x")
    assert io.BytesIO(rebuilt(data)).read()
