"""Mails to fill a mailbox with: generated ones, and those of the corpus."""

from __future__ import annotations

import quopri
import random
from base64 import b64encode, encodebytes
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from urllib.parse import quote

START = datetime(2024, 1, 1, 8, tzinfo=UTC)
PEOPLE = ("Mira Okafor", "Jonas Lindqvist", "Ana Beltrán", "Yuki Tanaka", "田中 雪")
WORDS = ("heron", "gauge", "shaft", "water", "bracket", "spider", "ladder", "mesh", "staff", "noon")
# Labels by folder of the corpus.
FOLDERS = {"spam-1": ("SPAM",), "spam-2": ("SPAM", "UNREAD"), "easy-ham-2": ("Lists", "INBOX")}
Letter = tuple[bytes, tuple[str, ...]]


def letters(count: int, seed: int = 1, words: int = 80) -> Iterator[Letter]:
    """Mails with the names of their labels, the same for a seed: threads, HTML, attachments."""
    chance = random.Random(seed)
    for number in range(count):
        yield letter(number, chance, words), _labels(chance)


def letter(number: int, chance: random.Random, words: int = 80) -> bytes:
    """One mail; each fifth with HTML, each seventh with an attachment, two of three an answer.

    Written by hand: Python's own way takes fifty times as long. Each eleventh is in Latin-1, each
    thirteenth has bare line feeds, each seventeenth a subject in 8 bits.
    """
    end = b"\n" if number % 13 == 12 else b"\r\n"
    text = " ".join(chance.choices(WORDS, k=words))
    part = _text("plain", f"{text}\nGrüße & <greetings> of {number}\n", number % 11 == 10)
    if number % 5 == 0:
        both = (part, _text("html", f"<p>{text}</p><p>Gr&uuml;&szlig;e</p>\n", False))
        part = _several("alternative", f"=_{number}_a_=", both)
    if number % 7 == 0:
        content = bytes(chance.getrandbits(8) for _ in range(300))
        part = _several("mixed", f"=_{number}_m_=", (part, _file(f"größe {number}.bin", content)))
    head = "".join(f"{name}: {value}\n" for name, value in _head(number))
    return f"{head}{part}".encode().replace(b"\n", end)


def _head(number: int) -> Iterator[tuple[str, str]]:
    first = number - number % 3
    subject = f"Gauge {first}: {WORDS[number // 3 % len(WORDS)]} — números"
    subject = f"Re: {subject}" if number % 3 else subject
    yield "Subject", subject if number % 17 == 16 else _word(subject)
    yield "From", f"{_word(PEOPLE[number % len(PEOPLE)])}\n <{number % len(PEOPLE)}@example.org>"
    yield "To", "Ana <ana@example.org>"
    yield "Date", format_datetime(START + timedelta(minutes=number * 37))
    yield "Message-ID", f"<{number}@letters.example>"
    if number % 3:
        yield "In-Reply-To", f"<{first}@letters.example>"
        yield "References", f"<{first}@letters.example>"
    yield "MIME-Version", "1.0"


def _word(text: str) -> str:
    """As an encoded word where it has to be one (RFC 2047)."""
    return text if text.isascii() else f"=?utf-8?b?{b64encode(text.encode()).decode()}?="


def _text(kind: str, text: str, is_latin: bool) -> str:
    charset, coding = ("iso-8859-1", "quoted-printable") if is_latin else ("utf-8", "8bit")
    if is_latin:
        text = quopri.encodestring(text.encode("latin-1")).decode()
    head = f'Content-Type: text/{kind}; charset="{charset}"\n'
    return f"{head}Content-Transfer-Encoding: {coding}\n\n{text}"


def _file(name: str, content: bytes) -> str:
    head = "Content-Type: application/octet-stream\nContent-Transfer-Encoding: base64\n"
    where = f"Content-Disposition: attachment; filename*=utf-8''{quote(name)}\n"
    return f"{head}{where}\n{encodebytes(content).decode()}"


def _several(kind: str, boundary: str, parts: Iterable[str]) -> str:
    inner = "".join(f"\n--{boundary}\n{part}" for part in parts)
    head = f'Content-Type: multipart/{kind}; boundary="{boundary}"\n'
    return f"{head}{inner}\n--{boundary}--\n"


def corpus_letters(folder: Path, count: int | None = None) -> Iterator[Letter]:
    """The mails below `folder` by their paths, labelled by the folder in which they lie."""
    paths = sorted(path for path in folder.rglob("*.eml") if path.is_file())
    for path in paths[:count]:
        yield path.read_bytes(), FOLDERS.get(path.parent.name, ("INBOX", "UNREAD"))


def _labels(chance: random.Random) -> tuple[str, ...]:
    place = chance.choices(("INBOX", "SENT", "SPAM", "TRASH", "Work"), (70, 12, 5, 3, 10))[0]
    more = ("UNREAD",) if chance.random() < 0.3 and place != "SENT" else ()
    return (place, *more)
