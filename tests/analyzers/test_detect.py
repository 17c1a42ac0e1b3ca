"""Types are told by content; names and declarations decide only between kinds of text."""

from __future__ import annotations

import gzip
import io
import lzma
import os
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dataq_analyzers.detect import BINARY, EMPTY, HEAD, Detected, detect, is_text
from dataq_analyzers.detection import magic_library

MAIL = "From: a@b.org\nTo: c@d.org\nSubject: s\nDate: Fri, 1 Mar 2024 12:30:00 +0000\n\nbody\n"
SEPARATOR = "From a@b Fri Mar  1 12:30:00 2024\n"


def kind(data: bytes | str, name: str = "", declared: str = "") -> str:
    return detect(data.encode() if isinstance(data, str) else data, name, declared).media_type


@pytest.mark.parametrize(
    ("data", "name", "media_type"),
    [
        ("", "", EMPTY),
        ("Just some words.\n", "", "text/plain"),
        ("Just some words.\n", "notes.txt", "text/plain"),
        ("Just some words.\n", "page.html", "text/plain"),
        ("Just some words.\n", "data.json", "text/plain"),
        ("# Title\n\nwords", "README.md", "text/markdown"),
        ("<h1 align=center>Title</h1>\n\nwords", "README.md", "text/markdown"),
        ("<!doctype html><p>x", "README.md", "text/html"),
        ("<!DOCTYPE HTML PUBLIC '-//W3C'>\n<HTML>", "", "text/html"),
        ("<!-- saved --><html><body>x", "a.bin", "text/html"),
        ("<p>Hello <b>you</b></p>", "", "text/html"),
        ("<?xml version='1.0'?><html xmlns='http://www.w3.org/x'>", "", "application/xhtml+xml"),
        ("<?xml version='1.0'?><!-- x --><gpx version='1.1'>", "", "application/gpx+xml"),
        ("<svg xmlns='http://www.w3.org/2000/svg'/>", "", "image/svg+xml"),
        ("<kml><Document/></kml>", "", "application/vnd.google-earth.kml+xml"),
        ("<?xml version='1.0'?><note>x</note>", "", "application/xml"),
        ("<note lang='en'>x</note>", "", "application/xml"),
        ("< 5 and > 3", "", "text/plain"),
        ('{"a": [1, 2]}', "", "application/json"),
        ('{"a": [1, 2]}', "a.txt", "application/json"),
        ('{"a": 1}\n{"a": 2}\n', "", "application/x-ndjson"),
        ('{"type": "FeatureCollection"}', "a.geojson", "application/geo+json"),
        ("[1] Knuth, D.: Concrete Mathematics", "", "text/plain"),
        ("{not json}", "", "text/plain"),
        ("[" * 100_000, "", "application/json"),
        ('{"a": "' + "x" * 100_000 + '"}', "", "application/json"),
        ("a,b,c\n1,2,3\n4,5,6\n", "", "text/csv"),
        ("a\tb\tc\n1\t2\t3\n4\t5\t6\n", "", "text/tab-separated-values"),
        ("a,b\n1,2\n", "a.csv", "text/csv"),
        ("One, two, three.\nAnd, well, four.\nFive, six, seven, eight.\n", "", "text/plain"),
        ("#!/usr/bin/env python3\nprint(1)", "tool", "text/x-python"),
        ("#!/bin/bash -e\nls", "tool", "text/x-shellscript"),
        ("int main() {}", "main.c", "text/x-c"),
        ("fn main() {}", "main.rs", "text/x-rust"),
        ("all:\n\ttrue", "Makefile", "text/x-makefile"),
        ("BEGIN:VCARD\nEND:VCARD", "", "text/vcard"),
        (MAIL, "", "message/rfc822"),
        (MAIL.replace("\n", "\r\n"), "", "message/rfc822"),
        (MAIL, "letter.txt", "message/rfc822"),
        ("Received: from x\n\tby y\nSubject: s\n\n", "", "message/rfc822"),
        ("Subject: s\n\nbody", "a.eml", "message/rfc822"),
        (SEPARATOR + MAIL, "", "message/rfc822"),
        ((SEPARATOR + MAIL + "\n") * 2, "", "application/mbox"),
        (SEPARATOR + MAIL + "x" * HEAD + "\n\n" + SEPARATOR + MAIL, "", "application/mbox"),
        ("From: me\nto: you\nsubject: config", "a.yaml", "application/yaml"),
        ("Note: this is a text\nDate: today\n\nx", "", "text/plain"),
    ],
)  # fmt: skip
def test_texts(data: str, name: str, media_type: str) -> None:
    found = detect(data.encode(), name)
    assert found.media_type == media_type
    assert is_text(found) == bool(data)


@pytest.mark.parametrize(
    ("declared", "media_type"),
    [
        ("text/markdown; charset=utf-8", "text/markdown"),
        ("text/calendar", "text/calendar"),
        ("text/plain", "text/plain"),
        ("image/png", "text/plain"),
        ("application/json", "text/plain"),
    ],
)
def test_what_was_declared_decides_where_nothing_else_does(declared: str, media_type: str) -> None:
    assert kind("Some words", "", declared) == media_type


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-le", "utf-32"])
def test_encodings(encoding: str) -> None:
    found = detect("<html><p>Hello, world".encode(encoding))
    assert (found.media_type, found.quality) == ("text/html", 1.0)
    assert found.encoding == "utf-8" if encoding == "utf-8-sig" else found.encoding


def test_old_encodings_are_text_of_unknown_name() -> None:
    found = detect("Schöne Grüße aus Köln\n".encode("cp1252"))
    assert found == Detected("text/plain", "unknown-8bit", 0.9)
    assert detect("Однажды в студеную зимнюю пору\n".encode("koi8-r")).encoding == "unknown-8bit"


def test_a_character_cut_in_two_at_the_edge_is_no_mistake() -> None:
    data = ("x" * (HEAD - 1) + "ü" * 10).encode()
    assert detect(data) == Detected("text/plain", "utf-8", 1.0)


def test_quality_falls_with_noise() -> None:
    assert 0.9 < detect(b"text with one\x01 bad character in it, of many").quality < 1


def zipped(**members: str) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name, text in members.items():
            archive.writestr(name, text)
    return file.getvalue()


def tarred(mode: str) -> bytes:
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode=mode) as archive:  # type: ignore[call-overload]
        archive.addfile(tarfile.TarInfo("a.txt"))
    return file.getvalue()


@pytest.mark.parametrize(
    ("data", "name", "media_type"),
    [
        (zipped(**{"a.txt": "x"}), "", "application/zip"),
        (zipped(**{"a.txt": "x"}), "a.docx", "application/zip"),
        (zipped(**{"[Content_Types].xml": "x", "word/document.xml": "x"}), "a.zip",
         "application/vnd.openxmlformats-officedocument.wordprocessingml.document"),
        (zipped(**{"[Content_Types].xml": "x", "xl/workbook.xml": "x"}), "a.xlsm",
         "application/vnd.ms-excel.sheet.macroenabled.12"),
        (zipped(mimetype="application/epub+zip"), "a.zip", "application/epub+zip"),
        (zipped(**{"META-INF/MANIFEST.MF": "x"}), "", "application/java-archive"),
        (zipped(**{"a.py": "x"}), "a.whl", "application/x-wheel+zip"),
        (tarred("w:"), "", "application/x-tar"),
        (tarred("w:gz"), "", "application/gzip"),
        (gzip.compress(b"x"), "", "application/gzip"),
        (lzma.compress(b"x"), "", "application/x-xz"),
        (b"%PDF-1.7\n" + b"text\n" * 100, "a.txt", "application/pdf"),
        (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\1\0\0\0\1\1\0\0\0\0", "", "image/png"),
        (b"{\\rtf1 words}", "", "application/rtf"),
        (bytes(range(256)) * 16, "a.txt", BINARY),
        (b"\0" * 1000, "", BINARY),
    ],
)  # fmt: skip
def test_binaries(data: bytes, name: str, media_type: str) -> None:
    found = detect(data, name)
    assert found.media_type == media_type
    assert not is_text(found)


@given(
    st.binary(max_size=2_000), st.sampled_from(["", "a.txt", "a.json", "a.html", "a.zip", "a.eml"])
)
def test_any_bytes_have_a_type(data: bytes, name: str) -> None:
    found = detect(data, name)
    assert "/" in found.media_type
    assert 0 <= found.quality <= 1


@given(st.text(min_size=1), st.sampled_from(["", "a.txt", "a.json", "a.html", "a.csv", "a.md"]))
def test_any_text_has_a_type(text: str, name: str) -> None:
    assert "/" in detect(text.encode("utf-8", "replace"), name).media_type


def test_libmagic_comes_from_the_wheel_and_changes_nothing_around_it() -> None:
    program = (
        "import ctypes, os; before = dict(os.environ), ctypes.CDLL.__init__\n"
        "from dataq_analyzers.detect import detect\n"
        "print(detect(b'\\x89PNG\\r\\n\\x1a\\n\\0\\0\\0\\rIHDR').media_type)\n"
        "assert before == (dict(os.environ), ctypes.CDLL.__init__)\n"
        "print([line.split()[-1] for line in open('/proc/self/maps') if 'libmagic' in line][0])"
    )
    root = Path(__file__).resolve().parents[2]
    environment = {**os.environ, "PATH": "/nonexistent", "LD_LIBRARY_PATH": ""}
    run = subprocess.run(
        [sys.executable, "-c", program],
        cwd=root, env=environment, capture_output=True, text=True, check=True,
    )  # fmt: skip
    media_type, library = run.stdout.split()
    assert media_type == "image/png"
    assert "pylibmagic" in library
    assert magic_library.version().startswith("5.")
