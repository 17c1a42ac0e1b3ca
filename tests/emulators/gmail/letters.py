"""Mails to fill a mailbox with: generated ones, and those of the corpus."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from pathlib import Path

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
    """One mail; each fifth with HTML, each seventh with an attachment, each third an answer."""
    message = EmailMessage(policy=SMTP)
    sender = PEOPLE[number % len(PEOPLE)]
    subject = f"Gauge {number - number % 3}: {WORDS[number // 3 % len(WORDS)]} — números"
    message["Subject"] = f"Re: {subject}" if number % 3 else subject
    message["From"] = f"{sender} <{number % len(PEOPLE)}@example.org>"
    message["To"] = "Ana <ana@example.org>"
    message["Date"] = format_datetime(START + timedelta(minutes=number * 37))
    message["Message-ID"] = f"<{number}@letters.example>"
    if number % 3:
        first = f"<{number - number % 3}@letters.example>"
        message["In-Reply-To"], message["References"] = first, first
    text = " ".join(chance.choices(WORDS, k=words))
    message.set_content(f"{text}\nGrüße & <greetings> of {number}\n")
    if number % 5 == 0:
        message.add_alternative(f"<p>{text}</p><p>Gr&uuml;&szlig;e</p>", subtype="html")
    if number % 7 == 0:
        content = bytes(chance.getrandbits(8) for _ in range(300))
        message.add_attachment(
            content, "application", "octet-stream", filename=f"größe {number}.bin"
        )
    for place, part in enumerate(message.walk()):
        if part.is_multipart():
            part.set_boundary(f"=_{number}_{place}_=")  # Python's own are other ones each time
    return message.as_bytes()


def corpus_letters(folder: Path, count: int | None = None) -> Iterator[Letter]:
    """The mails below `folder` by their paths, labelled by the folder in which they lie."""
    paths = sorted(path for path in folder.rglob("*.eml") if path.is_file())
    for path in paths[:count]:
        yield path.read_bytes(), FOLDERS.get(path.parent.name, ("INBOX", "UNREAD"))


def _labels(chance: random.Random) -> tuple[str, ...]:
    place = chance.choices(("INBOX", "SENT", "SPAM", "TRASH", "Work"), (70, 12, 5, 3, 10))[0]
    more = ("UNREAD",) if chance.random() < 0.3 and place != "SENT" else ()
    return (place, *more)
