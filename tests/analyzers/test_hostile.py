"""Content made to take for ever: each piece is read, or given up, in seconds."""

from __future__ import annotations

import json
import time
from collections.abc import Callable

import pytest

from dataq_analyzers.analysis import analyze
from dataq_analyzers.detect import detect
from dataq_analyzers.errors import SkipContent
from dataq_analyzers.interface import Content
from dataq_analyzers.members import expand
from tests.analyzers.contract import check

N = 20_000
SECONDS = 5.0
EVIL = {
    "comments": "<!-- -->" * N + "<",
    "open comments": "<!--" * N,
    "doctypes": "<!DOCTYPE [" + "]" * N + "<a",
    "instructions": "<?x ?>" * N,
    "spaces": " " * N * 5 + "x",
    "blank lines": "\n" * N * 5 + "x",
    "lines": "a\n" * N,
    "one word": "x" * N * 5,
    "heading": "# x" + " " * N + "y",
    "hashes": "#" * N + " x" + " #" * N + "\n",
    "setext": "x\n" + "-" * N + "x",
    "quotes": '"' * N,
    "unclosed quote": 'a,"' + "b\n" * N,
    "commas": "," * N,
    "brackets": "[" * N,
    "braces": '{"a":' * N,
    "nested lists": "- " * 2_000 + "x",
    "block quotes": "> " * 2_000 + "x",
    "emphasis": "*a _b " * (N // 2),
    "links": "[" * (N // 2) + "](" * (N // 2),
    "fields": "a" * N + ": b\n" + "c: d\n" * (N // 2),
    "no colon": "a" * N + "\n\nb",
    "to": "To: " + " " * N + "x\nSubject: s\nFrom: a@b\n\n",
    "addresses": "To: " + "a@b," * N + "\nSubject: s\nFrom: a@b\n\n",
    "comments in addresses": "To: " + "(" * N + "\nSubject: s\nFrom: a@b\n\n",
    "groups": "To: " + "a:;" * (N // 2) + '"' + "\nSubject: s\nFrom: a@b\n\n",
    "folds": "Subject: s\n" + " x\n" * N + "\nbody",
    "words": "Subject: " + "=?utf-8?q?a?= " * N + "\nFrom: a@b\n\n",
    "open words": "Subject: " + "=?utf-8?q?" * N + "\nFrom: a@b\n\n",
    "separators": "From 1\nFrom: a@b\nTo: b\nSubject: c\n\nx\n\nFrom " + "1" * N,
    "parameters": "Content-Type: multipart/mixed" + "; a*0=b" * N + "\nFrom: a@b\nTo: x\n\n",
    "boundaries": "Content-Type: multipart/mixed; boundary=b\nFrom: a@b\nTo: x\n\n" + "--b\n" * N,
    "false boundaries": "Content-Type: multipart/mixed; boundary=b\n\n" + "--bb\n" * N,
    "bare returns": "Subject: s\rFrom: a@b\r" * N,
    "references": "References: " + "<a@b>" * N + "\nFrom: a@b\nSubject: s\n\nb",
    "keys": 'X-Gmail-Labels: "' + "a," * N + "\nFrom: a@b\nSubject: s\n\nb",
    "pictures": "Subject: s\nFrom: a@b\nContent-Type: text/html\n\n" + "<img src=cid:a>" * N,
    "armour": "Subject: s\nFrom: a@b\n\n" + "-----BEGIN PGP MESSAGE-----\n" * N,
    "depth": "Content-Type: multipart/mixed; boundary=b\n\n--b\n" * 1_000,
    "shebang": "#!" + "/" * N,
    "paragraphs": "<p>" * N,
    "breaks": "<br>" * N + "x",
    "spans": "<span>" * 2_000 + "x",
    "rows": "<table>" + "<tr><td>x" * (N // 2),
    "attributes": "<p " + "a " * N + ">x",
    "elements": "<a>" * N,
    "xml text": "<?xml version='1.0'?><a>" + "<b>x</b>" * (N // 2) + "</a>",
    "json text": json.dumps([["x" * 50] * 50] * 200),
    "functions": "def f():\n    pass\n" * 5_000,
    "calls": "f(" * (N // 2),
}
TYPES = [
    "text/plain", "text/markdown", "text/html", "application/json", "text/csv",
    "application/xml", "message/rfc822",
]  # fmt: skip


def within_seconds(work: Callable[[], object], what: str) -> None:
    before = time.process_time()
    work()
    assert time.process_time() - before < SECONDS, what


@pytest.mark.parametrize("name", EVIL)
def test_no_content_takes_for_ever(name: str) -> None:
    data = EVIL[name].encode()
    within_seconds(lambda: detect(data, "name"), "detect")
    for media_type in TYPES:
        content = Content(data, media_type, "name")
        within_seconds(lambda content=content: read(content), media_type)  # type: ignore[misc]
    for media_type in ("message/rfc822", "application/mbox"):
        content = Content(data, media_type, "name")
        within_seconds(lambda content=content: expand(content), media_type)  # type: ignore[misc]


def read(content: Content) -> None:
    try:
        check(analyze(content))
    except SkipContent:
        assert content.media_type == "application/xml"


def test_code_that_is_nothing_but_mistakes_is_read_as_text() -> None:
    content = Content(EVIL["comments"].encode(), "text/x-python", "name.py")
    before = time.process_time()
    analysis = analyze(content)
    assert time.process_time() - before < 2 * SECONDS
    check(analysis)
    assert analysis.warnings == ("too many mistakes to parse: read as plain text",)
    assert analyze(Content(b"def f(): pass", "text/x-python")).warnings == ()
