"""Signed and encrypted parts are told and left as they are; pictures know where they are shown."""

from __future__ import annotations

from email import message_from_bytes
from email.message import EmailMessage
from hashlib import sha256
from pathlib import Path

import pytest

from dataq_analyzers.interface import Content, Finding, Mail
from dataq_analyzers.mail import mime
from dataq_analyzers.mail.mime import part_bytes
from dataq_analyzers.members import expand
from tests.analyzers.test_mail import multipart, read

MAILS = Path(__file__).parent / "mails"
PGP = "-----BEGIN PGP {}-----\n\nabc\n-----END PGP {}-----\n"


def facts(source: str | bytes) -> Mail:
    found = read(source).mail
    assert found is not None
    return found


def test_a_signed_part_is_exactly_what_its_signature_is_about() -> None:
    """Made by OpenSSL: its signature holds the SHA-256 of what was signed."""
    data = (MAILS / "smime_signed.eml").read_bytes()
    assert facts(data).protection == (Finding("smime_signed", "1"),)
    part = part_bytes(data, "1")
    assert part is not None
    assert part.endswith(b"The heron is signed.  \r\n\r\n")
    (signature,) = expand(Content(data, "message/rfc822")).members
    assert signature.data is not None
    assert sha256(part).digest() in signature.data
    assert dict(signature.context)["role"] == "signature"
    assert facts(data).attachments == 0


@pytest.mark.parametrize(
    ("name", "kind"), [("opaque", "smime_signed_opaque"), ("encrypted", "smime_encrypted")]
)
def test_a_closed_mail_is_told_by_its_type_or_its_content(name: str, kind: str) -> None:
    data = (MAILS / f"smime_{name}.eml").read_bytes()
    silent = b" ".join(each for each in data.split(b" ") if not each.startswith(b"smime-type"))
    assert silent != data
    for source in (data, silent):
        assert facts(source).protection == (Finding(kind, "1"),)
        (member,) = expand(Content(source, "message/rfc822")).members
        assert member.data == message_from_bytes(source).get_payload(decode=True)


@pytest.mark.parametrize(
    ("source", "found"),
    [
        (
            multipart(
                'signed; protocol="application/pgp-signature"',
                "Content-Type: text/plain\n\nhello",
                "Content-Type: application/pgp-signature\n\n"
                + PGP.format("SIGNATURE", "SIGNATURE"),
            ),
            [("pgp_signed", "1")],
        ),
        (
            multipart("signed", "Content-Type: text/plain\n\nhello", "Content-Type: a/b\n\nx"),
            [("signed", "1")],
        ),
        (
            multipart(
                'encrypted; protocol="application/pgp-encrypted"',
                "Content-Type: application/pgp-encrypted\n\nVersion: 1",
                "Content-Type: application/octet-stream\n\n" + PGP.format("MESSAGE", "MESSAGE"),
            ),
            [("pgp_encrypted", "2")],
        ),
        ("Subject: s\n\n" + PGP.format("MESSAGE", "MESSAGE"), [("pgp_inline_encrypted", "1")]),
        (
            "Subject: s\n\n" + PGP.format("SIGNED MESSAGE", "SIGNED MESSAGE"),
            [("pgp_inline_signed", "1")],
        ),
        ("Subject: s\n\nsay -----BEGIN PGP MESSAGE----- to him", []),
        ("Subject: s\n\n> -----BEGIN PGP MESSAGE-----", []),
    ],
)
def test_kinds_of_protection(source: str, found: list[tuple[str, str]]) -> None:
    assert [tuple(each) for each in facts(source).protection] == found


def test_parts_are_had_by_number() -> None:
    inner = multipart("mixed", "Content-Type: text/plain\n\none", "\ntwo").replace("=b", "=c")
    source = multipart("mixed", inner.replace("--b", "--c"), "\nlast").encode()
    assert part_bytes(source, "1.1") == b"Content-Type: text/plain\n\none"
    assert part_bytes(source, "2") == b"\nlast"
    assert part_bytes(source, "3") is None
    assert part_bytes(b"Subject: s\n\nx", "1") == b"Subject: s\n\nx"
    for part in mime.parse(source).parts():
        assert source[part.first : part.end].endswith(source[part.start : part.end])


def test_what_a_page_shows_is_no_attachment() -> None:
    message = EmailMessage()
    message["Subject"] = "s"
    message.set_content("plain")
    page = '<img src="cid:a%40x"><div style="background:url(CID:b@x)"><img src=cid:a@x>'
    message.add_alternative(page, subtype="html")
    related = message.get_payload()[1]  # type: ignore[index]
    for name in "abc":
        related.add_related(b"GIF89a", "image", "gif", cid=f"<{name}@x>", filename=f"{name}.gif")  # type: ignore[union-attr]
    members = expand(Content(message.as_bytes(), "message/rfc822")).members
    told = {member.path: dict(member.context) for member in members}
    assert {name: each["role"] for name, each in told.items()} == {
        "a.gif": "inline",
        "b.gif": "inline",
        "c.gif": "attachment",
    }
    assert (told["a.gif"]["shown_in"], told["a.gif"]["reference"]) == ("2.1", "1")
    assert (told["b.gif"]["shown_in"], told["b.gif"]["reference"]) == ("2.1", "2")
    assert "shown_in" not in told["c.gif"]
    assert (facts(message.as_bytes()).attachments, facts(message.as_bytes()).attachment_bytes) == (
        1,
        6,
    )


def test_of_related_parts_the_one_that_start_names_is_read() -> None:
    source = multipart(
        'related; start="<page@x>"',
        "Content-Type: text/html\n\n<p>not this",
        "Content-Type: text/html\nContent-ID: <page@x>\n\n<p>this",
    )
    assert read(source).text == "s\n\nthis"


def test_facts_of_a_header() -> None:
    found = facts(
        'From: "M\u00fcller, Ann (home)" <"ann"@EXAMPLE.org.>\nSender: list-bounce@example.org\n'
        "To: Team: bob+x@M\u00dcLLER.example, eve@example.org;, undisclosed-recipients:;\n"
        'Cc: "a b"@example.org (a comment)\nBcc: Eve@example.org, bob@[127.0.0.1]\n'
        "Reply-To: list@example.org\nList-Id: All <All.Example.Org>\nX-Priority: 1 (Highest)\n"
        "Auto-Submitted: auto-replied (vacation)\nX-Mozilla-Keys: $label1 work   \n\nbody"
    )
    assert found._replace(body_hash=None) == Mail(
        sender="list-bounce@example.org",
        reply_to=("list@example.org",),
        from_name="Müller, Ann (home)",
        from_address="ann@example.org",
        to_addresses=("bob+x@xn--mller-kva.example", "eve@example.org"),
        cc_addresses=('"a b"@example.org',),
        bcc_addresses=("Eve@example.org", "bob@[127.0.0.1]"),
        list_id="all.example.org",
        importance="high",
        auto_submitted="auto-replied",
        size=found.size,
    )


def test_an_address_that_is_hidden_in_a_word_is_found() -> None:
    found = facts("From: =?utf-8?Q?Ann_=3Cann=40example.org=3E?=\n\nbody")
    assert (found.from_name, found.from_address) == ("Ann", "ann@example.org")
