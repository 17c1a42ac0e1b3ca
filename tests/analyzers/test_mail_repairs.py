"""What is wrong with a mail is put right in its text, told, and left in its bytes."""

from __future__ import annotations

from typing import NamedTuple

import pytest

from dataq_analyzers.analysis import analyze
from dataq_analyzers.interface import Content, Finding
from dataq_analyzers.mail import mime
from dataq_analyzers.members import expand
from tests.analyzers.contract import check
from tests.analyzers.test_mail import read


class Nasty(NamedTuple):
    """A mail, what is wrong with it and where, its subject, and words of its text."""

    source: bytes
    repairs: dict[str, str]
    subject: str | None = "s"
    text: str = ""


MIXED = b"Subject: s\nContent-Type: multipart/mixed; boundary=b\n\n"
PLAIN = b"Subject: s\nContent-Type: text/plain; charset="
RUSSIAN = "Счета за прошлый месяц лежат в той папке, где и всегда. "
NASTY = {
    "sound": Nasty(b"Subject: s\n\nbody", {}, text="body"),
    "utf-8 header": Nasty("Subject: Grüße\n\nbody".encode(), {}, "Grüße"),
    "no charset": Nasty(
        b"Subject: s\n\n" + RUSSIAN.encode("koi8-r"), {"charset_missing": "1"}, text="прошлый месяц"
    ),
    "utf-8 as ascii": Nasty(
        PLAIN + "us-ascii\n\nGrüße aus Köln".encode(), {"charset_wrong": "1"}, text="Grüße aus Köln"
    ),
    "utf-8 as latin-1": Nasty(
        PLAIN + "iso-8859-1\n\nGrüße".encode(), {"charset_wrong": "1"}, text="Grüße"
    ),
    "latin-1 as it says": Nasty(
        PLAIN + b"iso-8859-1\n\n" + "Grüße".encode("latin-1"), {}, text="Grüße"
    ),
    "latin-1 as utf-8": Nasty(
        PLAIN + b"utf-8\n\n" + "Fünf größere Züge fahren über Köln".encode("latin-1"),
        {"charset_wrong": "1"},
        text="Fünf größere Züge",
    ),
    "unknown charset": Nasty(
        PLAIN + "x-nobody-knows\n\nGrüße".encode(), {"charset_wrong": "1"}, text="Grüße"
    ),
    "twice": Nasty(
        PLAIN + "utf-8\n\nGrÃ¼ÃŸe â€“ aus KÃ¶ln".encode(),
        {"charset_doubled": "1"},
        text="Grüße – aus Köln",
    ),
    "twice in the header": Nasty(
        "Subject: GrÃ¼ÃŸe\n\nbody".encode(), {"header_doubled": "header"}, "Grüße"
    ),
    "not twice": Nasty("Subject: Ã¼ and ü\n\nbody".encode(), {}, "Ã¼ and ü"),
    "8-bit header": Nasty(
        b"Subject: " + "Счета".encode("koi8-r") + PLAIN[10:] + b"koi8-r\n\nx",
        {"header_charset": "header"},
        "Счета",
    ),
    "word without end": Nasty(b"Subject: =?utf-8?q?a_b\n\nx", {"header_words": "header"}, "a b"),
    "word with question": Nasty(
        b"Subject: =?utf-8?Q?who are you??=\n\nx", {"header_words": "header"}, "who are you?"
    ),
    "word over two lines": Nasty(
        b"Subject: =?utf-8?B?R3LD\n vMOfZQ==?=\n\nx", {"header_words": "header"}, "Grüße"
    ),
    "carriage returns": Nasty(
        b"Subject: s\rFrom: a@b\r\rone\r\rtwo", {"bare_cr": "header"}, text="one\n\ntwo"
    ),
    "one in the header": Nasty(
        b"From: a@b\rSubject: s\n\nbody", {"bare_cr": "header"}, text="body"
    ),
    "no blank line": Nasty(
        b"Subject: s\nFrom: a@b\nDear Bob\n", {"header_end_missing": "header"}, text="Dear Bob"
    ),
    "fold without space": Nasty(
        b"Subject: s\nand more\nFrom: a@b\n\nx", {"broken_fold": "header"}, "s and more"
    ),
    "boundary of nobody": Nasty(MIXED + b"none", {"boundary_missing": "header"}, text="none"),
    "boundary without name": Nasty(
        b"Subject: s\nContent-Type: multipart/mixed\n\n--x\n\none\n--x--\n",
        {"boundary_unnamed": "header"},
        text="one",
    ),
    "cut off": Nasty(MIXED + b"--b\n\none\n--b\n\ntw", {"boundary_unclosed": "header"}, text="tw"),
    "cut off inside": Nasty(
        MIXED + b"--b\nContent-Type: multipart/mixed; boundary=c\n\n--c\n\none\n--b--\n",
        {"boundary_unclosed": "1"},
        text="one",
    ),
    "a part of another charset": Nasty(
        MIXED + b"--b\n\none\n--b\n\n" + RUSSIAN.encode("cp1251") + b"\n--b--",
        {"charset_missing": "2"},
        text="прошлый месяц",
    ),
    "ten thousand parts": Nasty(MIXED + b"--b\n\nx\n" * 10_000, {"parts_too_many": "header"}),
    "header without end": Nasty(
        b"Subject: " + b"a" * 200_000 + b"\n\nx", {"header_cut": "header"}, "a" * 99_999
    ),
}  # fmt: skip


@pytest.mark.parametrize("nasty", NASTY.values(), ids=NASTY)
def test_what_is_wrong_is_put_right_and_told(nasty: Nasty) -> None:
    analysis = analyze(Content(nasty.source, "message/rfc822"))
    check(analysis)
    assert analysis.mail is not None and analysis.message is not None
    expected = {Finding(kind, part) for kind, part in nasty.repairs.items()}
    assert set(analysis.mail.repairs) == expected
    assert analysis.message.subject == nasty.subject
    assert nasty.text in analysis.text


def test_repairs_are_bounded() -> None:
    hostile = MIXED + b"--b\nContent-Type: multipart/mixed; boundary=c\n\n--c\n\nx\n" * 1_000
    mail = read(hostile).mail
    assert mail is not None
    assert len(mail.repairs) <= mime.MAX_REPAIRS + 10


def test_names_of_members_are_put_together() -> None:
    """RFC 2231, as programs write it and as they get it wrong."""
    told = {
        "filename*=utf-8''Gr%C3%BC%C3%9Fe.txt": "Grüße.txt",
        "filename*0*=utf-8''Gr%C3; filename*1*=%BC%C3%9Fe.txt": "Grüße.txt",
        'filename="=?utf-8?B?R3LDvMOfZS50eHQ=?="': "Grüße.txt",
        "filename*=no-such'de'Gr%C3%BC.txt": "Grü.txt",
        "filename=../../etc/passwd": "passwd",
    }
    for parameter, name in told.items():
        header = f"Content-Disposition: attachment; {parameter}"
        part = f"--b\nContent-Type: text/plain\n{header}\n\nbytes\r\n".encode()
        (member,) = expand(Content(MIXED + part + b"--b--", "message/rfc822")).members
        assert (member.path, member.data) == (name, b"bytes")


def test_members_of_a_mail_with_carriage_returns_have_their_bytes() -> None:
    part = b"--b\nContent-Type: image/gif; name=a.gif\n\nGIF89a\n--b--"
    (member,) = expand(Content((MIXED + part).replace(b"\n", b"\r"), "message/rfc822")).members
    assert (member.path, member.data) == ("a.gif", b"GIF89a")
