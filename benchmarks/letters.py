"""Makes well-formed mails as mail programs write them: the same ones every time."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime

from benchmarks.trees import words

MEAN_BYTES = 20_000
_FIRST = datetime(2023, 1, 1, 8, 30, tzinfo=UTC)
# Python 3.11 folds encoded words so that they lose spaces and gain commas: no line needs folding.
_POLICY = SMTP.clone(max_line_length=900)
_NAMES = ("Ana Köhler", "Bęn Wójcik", "Chloé Dubois", "Dmitri Иванов", "Eve", "Finn, the miller")
_FILES = (
    ("plan.pdf", "application/pdf"),
    ("Messwerte März.csv", "text/csv"),
    ("a.png", "image/png"),
)


def letters(count: int) -> list[bytes]:
    """Mails of MEAN_BYTES on average: plain ones, with HTML, with attachments, in answers."""
    chance = random.Random(7)
    pool = words(200_000, seed=7)
    return [_letter(number, chance, pool).as_bytes(policy=_POLICY) for number in range(count)]


def _letter(number: int, chance: random.Random, pool: list[str]) -> EmailMessage:
    message = EmailMessage(policy=_POLICY)
    message["From"] = _address(chance)
    message["To"] = tuple(_address(chance) for _ in range(chance.randint(1, 5)))
    if number % 3 == 0:
        message["Cc"] = tuple(_address(chance) for _ in range(chance.randint(1, 3)))
    message["Date"] = format_datetime(_FIRST + timedelta(minutes=37 * number))
    accent = " für Müller" if number % 4 == 0 else ""
    message["Subject"] = _text(chance, pool, 9).rstrip(".") + accent
    message["Message-ID"] = f"<{number}.{chance.randrange(10**9)}@example.org>"
    if number % 2:
        message["In-Reply-To"] = f"<{number - 1}@example.org>"
        message["References"] = " ".join(f"<{n}@example.org>" for n in range(number % 9))
    for hop in range(chance.randint(2, 6)):
        message["Received"] = f"from a{hop}.example.org by b{hop}.example.org; {message['Date']}"
    body = "\n\n".join(_text(chance, pool, chance.randint(20, 120)) for _ in range(8)) + accent
    message.set_content(body)
    if number % 2:
        page = "".join(f"<p>{part}</p>\n" for part in body.split("\n\n"))
        message.add_alternative(f"<html><body>{page}</body></html>", subtype="html")
    if number % 3 == 0:
        name, kind = _FILES[number // 3 % len(_FILES)]
        main, _, sub = kind.partition("/")
        content = chance.randbytes(chance.randint(5_000, 50_000))
        message.add_attachment(content, maintype=main, subtype=sub, filename=name)
    return message


def _address(chance: random.Random) -> Address:
    return Address(chance.choice(_NAMES), f"a{chance.randrange(1_000)}", "example.org")


def _text(chance: random.Random, pool: list[str], length: int) -> str:
    start = chance.randrange(len(pool) - length)
    return " ".join(pool[start : start + length]).capitalize() + "."
