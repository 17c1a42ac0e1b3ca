"""Mail as it is found: who, when, what about, the text that is shown, and where it stands."""

from __future__ import annotations

from datetime import UTC, datetime
from email.message import EmailMessage

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dataq_analyzers.analysis import analyze
from dataq_analyzers.interface import Analysis, Content, Message
from tests.analyzers.contract import check


def read(source: str | bytes) -> Analysis:
    data = source.encode() if isinstance(source, str) else source
    analysis = analyze(Content(data, "message/rfc822"))
    check(analysis)
    for unit in analysis.units:
        if unit.start_place.byte is not None:
            piece = data[unit.start_place.byte : unit.end_place.byte]
            assert piece.decode("utf-8", "replace") == analysis.text[unit.start : unit.end]
            line = data[: unit.start_place.byte].count(b"\n") + 1
            assert unit.start_place.line == line
    return analysis


def message(source: str | bytes) -> Message:
    found = read(source).message
    assert found is not None
    return found


LETTER = """Return-Path: <ann@example.org>
Message-ID: <1@example.org>
In-Reply-To: Your letter <0@example.org>
References: <-1@example.org>
 <0@example.org> <0@example.org>
From: =?utf-8?q?Ann_M=C3=BCller?= <ann@example.org>
To: "Smith, Bob" <bob@example.org>, carol@example.org
Cc: =?iso-8859-1?B?RPpyZXI=?= <d@example.org>
Date: Fri, 1 Mar 2024 12:30:00 +0130
Subject: =?utf-8?b?R3LDvMOf?= =?utf-8?b?ZSBhdXM=?=
  =?utf-8?q?_K=C3=B6ln?=
X-Gmail-Labels: Inbox,Work

Dear Bob,

the tide is high.
"""


def test_a_letter() -> None:
    analysis = read(LETTER)
    assert analysis.message == Message(
        message_id="1@example.org",
        in_reply_to="0@example.org",
        references=("-1@example.org", "0@example.org"),
        sender="Ann Müller <ann@example.org>",
        to=("Smith, Bob <bob@example.org>", "carol@example.org"),
        cc=("Dúrer <d@example.org>",),
        date=datetime(2024, 3, 1, 11, 0, tzinfo=UTC),
        subject="Grüße aus Köln",
        labels=("Inbox", "Work"),
    )
    assert analysis.title == "Grüße aus Köln"
    assert [unit.kind for unit in analysis.units] == ["subject", "paragraph"]
    body = analysis.units[1]
    assert analysis.text[body.start : body.end] == "Dear Bob,\n\nthe tide is high."
    assert (body.start_place.part, body.start_place.line, body.end_place.line) == ("1", 14, 16)


def test_the_row_of_a_message_names_its_columns() -> None:
    row = message(LETTER).row()
    assert row["from"] == "Ann Müller <ann@example.org>"
    assert row["references"] == ["-1@example.org", "0@example.org"]


def multipart(kind: str, *parts: str) -> str:
    body = "".join(f"--b\n{part}\n" for part in parts)
    return f"Subject: s\nContent-Type: multipart/{kind}; boundary=b\n\n{body}--b--\n"


PLAIN = "Content-Type: text/plain\n\n"
HTML = "Content-Type: text/html\n\n"


def shown(source: str) -> str:
    return read(source).text.removeprefix("s\n\n").strip()


def test_of_alternatives_the_plain_text_is_read() -> None:
    long = "All that there is to say about it is said here. " * 6
    assert shown(multipart("alternative", HTML + f"<p>{long}", PLAIN + long)) == long.strip()


def test_a_plain_text_that_says_little_gives_way() -> None:
    page = "<p>" + "All that there is to say is said here. " * 9
    assert "All that" in shown(multipart("alternative", PLAIN + "Please use HTML.", HTML + page))
    assert shown(multipart("alternative", PLAIN + "Yes.", HTML + "<p>Yes.")) == "Yes."


def test_every_text_of_a_mixed_mail_is_read_and_attachments_are_not() -> None:
    attached = "Content-Type: text/plain; name=notes.txt\n\nnot this"
    disposed = "Content-Type: text/plain\nContent-Disposition: attachment\n\nnor this"
    source = multipart("mixed", PLAIN + "one", attached, disposed, HTML + "<p>two", PLAIN + "three")
    assert shown(source).split() == ["one", "two", "three"]


def test_a_unit_of_a_page_knows_part_and_element() -> None:
    inner = multipart("related", HTML + "<p>hello", "Content-Type: image/png\n\nx")
    unit = read(inner).units[1]
    assert (unit.start_place.part, unit.start_place.element) == ("1", "body > p:nth-of-type(1)")


@pytest.mark.parametrize(
    ("encoding", "body"),
    [
        ("quoted-printable", "Gr=C3=BC=C3=9Fe=\n aus"),
        ("base64", "R3LDvMOfZSBhdXM"),
        ("BASE64", "R3LD vMOf\n  ZSBh!dXM=\n"),
        ("8bit", "Grüße aus"),
        ("x-unheard-of", "Grüße aus"),
    ],
)
def test_transfer_encodings_are_undone(encoding: str, body: str) -> None:
    source = f"Content-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: {encoding}\n\n"
    assert read(source + body).text.strip() == "Grüße aus"


def test_uuencoded_text() -> None:
    source = "Content-Transfer-Encoding: x-uuencode\n\nbegin 644 a\n%:&5L;&\\\n \nend\n"
    assert read(source).text == "hello"


def test_crlf_and_eight_bit_headers() -> None:
    source = "From: Jörg <j@x.org>\r\nSubject: Grüße\r\n\r\nHallo,\r\n\r\nDu da.\r\n"
    for encoding in ("utf-8", "latin-1"):
        analysis = read(source.encode(encoding))
        assert analysis.message is not None
        assert (analysis.message.sender, analysis.title) == ("Jörg <j@x.org>", "Grüße")
        assert analysis.text.endswith("Hallo,\r\n\r\nDu da.\r\n")


@pytest.mark.parametrize(
    ("header", "subject"),
    [
        ("Subject: =?utf-8?q?a_b?=", "a b"),
        ("Subject: =?utf-8?q?a b c?= d", "a b c d"),
        ("Subject: =?utf-8?q?=C3?= =?utf-8?q?=BC?=", "ü"),
        ("Subject: =?no-such?q?a?=", "a"),
        ("Subject: =?utf-8?b?!!!?= rest", "rest"),
        ("Subject: =?utf-8?q?open", "open"),
        ("Subject: =?utf-8?q?what now??=", "what now?"),
        ("Subject: =?utf-8?b?R3LDvMOfZ?=", "Grüß"),
        ("Subject: =?iso-2022-jp?B?GyRCRnxLXBsoQg==?=", "日本"),
        ("SUBJECT : shouting", "shouting"),
        ("Subject:", None),
        ("Subject: one\nSubject: two", "one"),
        ("Subject: folded\n\tover\n  lines", "folded over lines"),
    ],
)
def test_subjects(header: str, subject: str | None) -> None:
    assert message(f"{header}\nFrom: a@b\n\nbody").subject == subject


@pytest.mark.parametrize(
    ("field", "found"),
    [
        ("a@b.org", ("a@b.org",)),
        ("A B <a@b.org>", ("A B <a@b.org>",)),
        ("a@b.org (A B)", ("A B <a@b.org>",)),
        ("friends: a@b.org, c@d.org;", ("a@b.org", "c@d.org")),
        ("undisclosed-recipients:;", ("undisclosed-recipients:;",)),
        ("nobody at all", ("nobody at all",)),
        ("<>", ("<>",)),
        ("", ()),
        ("a@b.org,\n c@d.org", ("a@b.org", "c@d.org")),
        ('"=?utf-8?q?J=C3=B6rg?=" <j@x.org>', ("Jörg <j@x.org>",)),
    ],
)
def test_addresses(field: str, found: tuple[str, ...]) -> None:
    assert message(f"Subject: s\nTo: {field}\n\nbody").to == found


@pytest.mark.parametrize(
    ("field", "found"),
    [
        ("Fri, 1 Mar 2024 12:30:00 +0130", datetime(2024, 3, 1, 11, 0, tzinfo=UTC)),
        ("1 Mar 24 12:30 EST", datetime(2024, 3, 1, 17, 30, tzinfo=UTC)),
        ("Fri Mar  1 12:30:00 2024", datetime(2024, 3, 1, 12, 30, tzinfo=UTC)),
        ("31 Feb 2024 12:30:00 +0000", None),
        ("31 Dec 9999 23:00:00 -1400", None),
        ("yesterday", None),
        ("", None),
    ],
)
def test_dates_are_utc(field: str, found: datetime | None) -> None:
    assert message(f"Subject: s\nDate: {field}\n\nbody").date == found


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("", ""),
        ("\n\n", ""),
        ("no header at all", "no header at all"),
        ("Subject: s", "s"),
        ("Subject: s\nbody at once", "s\n\nbody at once"),
        ("Subject: s\nbroken fold\nFrom: a@b\n\nbody", "s broken fold\n\nbody"),
        ("From a@b Fri Mar  1 12:30:00 2024\nSubject: s\n\nbody", "s\n\nbody"),
        ("22\nSubject: s\n\nbody\n1234\n<?xml version='1.0'?>", "s\n\nbody\n1234\n"),
        ("Subject: s\nContent-Type: multipart/mixed; boundary=b\n\nno parts", "s\n\nno parts"),
        ("Subject: s\nContent-Type: multipart/mixed\n\n--x\n\none\n--x--\n", "s\n\none"),
        ("Subject: s\nContent-Type: multipart/mixed; boundary=b\n\n--b\n\nno end", "s\n\nno end"),
        ("Subject: s\nContent-Type: nonsense\n\nbody", "s\n\nbody"),
        ("Subject: s\nContent-Type: text/plain; charset=nonsense\n\nbody", "s\n\nbody"),
    ],
)
def test_malformed_mail_is_read_all_the_same(source: str, text: str) -> None:
    assert read(source).text == text


def test_nested_without_end_is_bounded() -> None:
    part = "Content-Type: multipart/mixed; boundary=b{0}\n\n--b{0}\n"
    read("".join(part.format(depth) for depth in range(2_000)) + "\ndeep")
    many = multipart("mixed", *[PLAIN + "x"] * 5_000)
    assert len(read(many).units) < 5_000


@given(
    st.text(st.characters(exclude_categories=("Cs", "Cc")), min_size=1).filter(str.strip),
    st.text(st.characters(exclude_categories=("Cs", "Cc")) | st.just("\n"), min_size=1).filter(
        str.strip
    ),
    st.sampled_from(["7bit", "8bit", "quoted-printable", "base64"]),
)
def test_what_the_standard_library_writes_we_read(subject: str, body: str, cte: str) -> None:
    source = EmailMessage()
    source["Subject"] = subject
    source["From"] = "a@b.org"
    source.set_content(body, cte=cte if cte != "7bit" or body.isascii() else "base64")
    analysis = read(bytes(source))
    assert analysis.message is not None
    assert (analysis.message.subject or "").split() == subject.split()
    assert analysis.text.split()[-len(body.split()) :] == body.split()


FRAGMENTS = [
    b"Subject: ", b"From: a@b\n", b"Content-Type: multipart/mixed; boundary=b\n", b"\n", b"--b\n",
    b"--b--\n", b"Content-Transfer-Encoding: base64\n", b"\r\n", b"=?utf-8?b?", b"?=", b"\xff",
    b"Content-Type: text/html; charset=utf-16\n", b"<p>", b"Date: 1 Jan", b" folded\n", b"\0",
    b'Content-Disposition: attachment; filename*0*=utf-8\'\'%ff; filename*1="x', b"word ",
    b"Content-Type: message/rfc822\n", b"From x 1\n", b"To: <<a>, ((", b"Content-Type: text/plain;",
]  # fmt: skip


@given(st.lists(st.one_of(st.sampled_from(FRAGMENTS), st.binary(max_size=10)), max_size=50))
def test_any_bytes_are_a_mail(pieces: list[bytes]) -> None:
    check(analyze(Content(b"".join(pieces), "message/rfc822")))
