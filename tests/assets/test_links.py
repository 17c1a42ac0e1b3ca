"""Links of mails and plain texts: which are found, and that they become edges."""

from __future__ import annotations

import time
from email.message import EmailMessage

import polars as pl
import pytest

from dataq_analyzers.links.address import address
from dataq_analyzers.links.read import MOST, Links, Page, read_links
from dataq_analyzers.mail.flowed import unflowed
from dataq_assets.stages import link_reading
from dataq_assets.stages.relations import links_to
from tests.assets.test_relationships import relate, texts_of, told
from tests.assets.way import Way, gone, item

HOST = "https://example.org"
HEAD = b"From: ann@example.org\nTo: ben@example.org\nMIME-Version: 1.0\n"


def of_text(text: str) -> list[str]:
    return read_links(Page(text.encode(), "text/plain", "a.txt")).hrefs


def of_mail(type_: str, body: bytes, encoding: str = "8bit") -> list[str]:
    fields = f"Content-Type: {type_}\nContent-Transfer-Encoding: {encoding}\n\n"
    return read_links(Page(HEAD + fields.encode() + body, "message/rfc822", "m.eml")).hrefs


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("See https://h.org/a.", ["https://h.org/a"]),
        ("Really (https://h.org/a?b=1&c=2#d)?!", ["https://h.org/a?b=1&c=2#d"]),
        ("(see https://h.org/a_(b).)", ["https://h.org/a_(b)"]),
        ("'https://h.org/a', \"https://h.org/b\" “https://h.org/c”", [*"abc"]),
        ("[x](https://h.org/a),[y](https://h.org/b)", [*"ab"]),
        ("[https://h.org/a] https://h.org/?b[]=1", ["https://h.org/a", "https://h.org/?b[]=1"]),
        ("<https://h.org/a.> <URL:ftp://h.org/b>", ["https://h.org/a.", "ftp://h.org/b"]),
        ("<https://h.org/long\r\n  /path>", ["https://h.org/long/path"]),
        ("<https://h.org/a label> | https://h.org/b|", [*"ab"]),
        ("*https://h.org/a* _https://h.org/b_ -https://h.org/c", [*"abc"]),
        ("见https://h.org/a。然后", ["https://h.org/a"]),
        ("HTTPS://h.org/A https://h.org/ä", ["HTTPS://h.org/A", "https://h.org/ä"]),
        ("https://h.org/a https://h.org/a", ["https://h.org/a"]),
        ("mid:1@h.org, cid:2@h.org mailto:a@h.org", ["mid:1@h.org"]),
        ("ftp://h.org/[ http://h.org/(a", ["ftp://h.org/", "http://h.org/"]),
        ("h.org www.h.org git+https://h.org/a xhttps://h.org https:// mid: mid:2 high:3", []),
        ("https://h.org/" + "x" * 2_000, []),
        ("https://[broken https://[::1]/a", ["https://[::1]/a"]),
    ],
)
def test_bare_urls_are_told_from_what_is_around_them(text: str, expected: list[str]) -> None:
    assert of_text(text) == [f"https://h.org/{x}" if len(x) == 1 else x for x in expected]


def test_markdown_has_bare_urls_too_but_not_in_code_and_no_link_twice() -> None:
    text = f"See {HOST}/a, [{HOST}/no]({HOST}/b) and `{HOST}/no`\n\n    {HOST}/no\n\n<{HOST}/c>\n"
    read = read_links(Page(text.encode(), "text/markdown", "a.md"))
    assert read.hrefs == [f"{HOST}/a", f"{HOST}/b", f"{HOST}/c"]


def test_parts_of_mails_are_decoded() -> None:
    broken = b"See https://example.org/a=\n-long?x=3D1 and =E2=80=9Chttps://example.org/b=E2=80=9D"
    expected = [f"{HOST}/a-long?x=1", f"{HOST}/b"]
    assert of_mail("text/plain; charset=utf-8", broken, "quoted-printable") == expected
    html = b'<a href=3D"https://example.org/=\na">a</a> https://example.org/no'
    assert of_mail("text/html", html, "quoted-printable") == [f"{HOST}/a"]
    assert of_mail("text/plain", b"aHR0cHM6Ly9leGFtcGxlLm9yZy9h", "base64") == [f"{HOST}/a"]


def test_half_a_character_is_no_part_of_a_link() -> None:
    assert of_mail("text/plain; charset=utf-7", b"https://example.org/+2AA-a") == [f"{HOST}/?a"]
    html = b'<a href="https://example.org/+2AA-a">'
    assert of_mail("text/html; charset=utf-7", html) == [f"{HOST}/?a"]


def test_urls_that_flow_over_lines_are_whole() -> None:
    body = b"> See https://example.org/a/ \r\n> b/ \r\n> c\r\n>> not this\r\n"
    assert of_mail("text/plain; format=Flowed; delsp=yes", body) == [f"{HOST}/a/b/c"]
    assert of_mail("text/plain; format=flowed", body) == [f"{HOST}/a/"]
    assert of_mail("text/plain", body) == [f"{HOST}/a/"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", ""),
        ("a \nb\nc", "a b\nc"),
        ("> a \n>> b", "a \nb"),
        ("text \n-- \nname", "text \n-- \nname"),
        (" From x\n  y", "From x\n y"),
        ("a \r\nb\r\n", "a b\n"),
    ],
)
def test_flowed_text_is_paragraphs(text: str, expected: str) -> None:
    assert unflowed(text) == expected


def test_all_shown_parts_of_a_mail_are_read_but_nothing_attached() -> None:
    mail = EmailMessage()
    mail["From"], mail["To"] = "ann@example.org", "ben@example.org"
    mail.set_content(f"In plain: {HOST}/plain")
    html = (
        f'<a href="{HOST}/html">x</a><a href="page.html"></a><img src="cid:1@x"><a href="mid:9@x">'
    )
    mail.add_alternative(html, subtype="html")
    mail.add_attachment(f"{HOST}/attached", filename="a.txt")
    read = read_links(Page(mail.as_bytes(), "message/rfc822", "https://lists.example.org/1"))
    assert read.addresses == [f"{HOST}/plain", f"{HOST}/html", "mid:9@x"]


def test_a_base_in_a_mail_counts_where_it_is_a_url() -> None:
    page = b'<base href="https://example.org/d/"><a href="a.html">a</a>'
    assert of_mail("text/html", page) == ["a.html"]
    assert of_mail("text/html", page.replace(b"https://example.org", b"")) == []


@pytest.mark.parametrize(
    ("href", "expected"),
    [
        ("mid:1@x", "mid:1@x"),
        ("MID:1@x/part@x", "mid:1@x"),
        ("mid:%3Ca%2Fb+c@x%3E", "mid:a/b+c@x"),
        ("mid:a/b?c#d@x", "mid:a/b?c#d@x"),
        ("mid:", None),
        ("mid:<>", None),
        ("cid:1@x", None),
        ("ftp://Host.org/a", "ftp://host.org/a"),
    ],
)
def test_a_link_to_a_mail_leads_to_its_message_id(href: str, expected: str | None) -> None:
    assert address("site/a.html", href) == expected


EVIL = {
    "starts": "https://" * 100_000,
    "brackets": "https://a(" * 100_000,
    "closed": "https://a)" * 100_000,
    "angles": "<https://a\n" * 100_000,
    "lines": "<https://a" + "\na" * 500_000,
    "spaces": "<https://a" + " " * 1_000_000,
    "dots": "https://a" + "." * 1_000_000,
    "one": "https://a" + "(b)[c]" * 100_000,
}


@pytest.mark.parametrize("name", EVIL)
def test_no_text_takes_for_ever(name: str) -> None:
    before = time.process_time()
    of_text(EVIL[name])
    of_mail("text/plain; format=flowed; delsp=yes", EVIL[name].encode())
    assert time.process_time() - before < 5


def test_a_text_has_ten_thousand_links_at_most() -> None:
    assert len(of_text("".join(f"{HOST}/{n} " for n in range(MOST + 5)))) == MOST
    assert read_links(Page(b"", "message/rfc822", "m.eml")) == Links([], [])


def mail_with(body: str, message_id: str) -> bytes:
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Message-ID"] = "ann@x.org", "ben@x.org", f"<{message_id}>"
    mail.set_content(body)
    return mail.as_bytes()


def test_mails_and_texts_have_edges_to_pages_and_mails_in_any_source(way: Way) -> None:
    way.observe(
        item("1.eml", mail_with(f"See {HOST}/page.", "1@x")),
        item("2.eml", mail_with("As in mid:1@x, and mid:2@x is this.", "2@x")),
        item("notes.txt", f"From <mid:1@x/part@x> (cf. {HOST}/page#top), or mid:lost@x".encode()),
        item("a.html", b'<a href="mid:2%40x">mail</a>'),
    )
    copy = item("0.eml", mail_with("Elsewhere", "1@x"))
    way.observe(item(f"{HOST}/page", b"<p>Page</p>"), copy, source="t")
    for source in "uvwxyz":
        way.observe(copy, source=source)
    texts_of(way)
    relate(way, "links_to")
    linked = {
        ("links_to", "1.eml", f"{HOST}/page", "url"),
        ("links_to", "2.eml", "1.eml", "message_id"),
        ("links_to", "notes.txt", "1.eml", "message_id"),
        ("links_to", "notes.txt", f"{HOST}/page", "url"),
        ("links_to", "a.html", "2.eml", "message_id"),
    }
    assert told(way.lake) == linked
    way.observe(gone("1.eml"))
    way.observe(item("3.eml", mail_with("Found again", "lost@x")))
    texts_of(way)
    relate(way, "links_to")
    assert told(way.lake) == {
        ("links_to", "2.eml", "0.eml", "message_id"),
        ("links_to", "notes.txt", "0.eml", "message_id"),
        ("links_to", "notes.txt", "3.eml", "message_id"),
        ("links_to", "notes.txt", f"{HOST}/page", "url"),
        ("links_to", "a.html", "2.eml", "message_id"),
    }


def test_a_mail_whose_header_is_read_later_is_found_then(way: Way) -> None:
    way.observe(item("1.eml", mail_with("Hello", "1@x")), item("a.txt", b"mid:1@x"))
    way.derive("gate", "assets")
    relate(way, "links_to")
    assert told(way.lake) == set()
    way.derive("texts", "segments")
    relate(way, "links_to")
    assert told(way.lake) == {("links_to", "a.txt", "1.eml", "message_id")}


def test_what_an_earlier_reader_read_is_read_anew_once(
    way: Way, monkeypatch: pytest.MonkeyPatch
) -> None:
    way.observe(item("a.txt", f"{HOST}/a".encode()), item("b.txt", b"nothing"))
    texts_of(way)
    for module in (link_reading, links_to):
        monkeypatch.setattr(module, "READER_VERSION", "1")
    relate(way, "links_to")
    monkeypatch.undo()
    way.observe(item("c.txt", b"new"))
    texts_of(way)
    relate(way, "links_to")
    rows = pl.DataFrame(way.rows("links"))
    assert sorted(rows["reader_version"]) == ["2", "2", "2"]
    version = way.lake.table("links").version()
    way.observe(item("a.html", b"<p>newer</p>"))
    texts_of(way)
    relate(way, "links_to")
    assert len(way.rows("links")) == 4
    assert way.lake.table("links").version() == version + 1
