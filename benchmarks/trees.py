"""Makes the folders that are archived: the same ones every time, of any size."""

from __future__ import annotations

import email.message
import math
import os
import random
import shutil
from pathlib import Path

from benchmarks.setting import corpus

MONTHS = 12
YEAR = 1_672_531_200  # 2023
VOCABULARY = 20_000


def words(count: int, seed: int = 1) -> list[str]:
    """Words of a made-up language, as frequent as words are (Zipf)."""
    chance = random.Random(seed)
    letters = "etaoinshrdlucmfwypvbgkqjxz"
    lexicon = [
        "".join(chance.choices(letters, weights=range(26, 0, -1), k=chance.randint(2, 10)))
        for _ in range(VOCABULARY)
    ]
    weights = [1 / rank for rank in range(1, VOCABULARY + 1)]
    return chance.choices(lexicon, weights=weights, k=count)


def files(folder: Path, count: int, median: int = 50_000, sigma: float = 1.0) -> int:
    """Write files of log-normal size over a year of mtimes, and return their bytes.

    A thousand to a folder; each begins with its own number, so no two are alike.
    """
    chance = random.Random(2)
    pool = " ".join(words(1 << 20)).encode()
    total = 0
    for number in range(count):
        path = folder / f"{number // 1000:03d}" / f"{number:06d}.txt"
        if not number % 1000:
            path.parent.mkdir(parents=True, exist_ok=True)
        size = max(1, round(chance.lognormvariate(math.log(median), sigma)))
        start = chance.randrange(len(pool))
        body = (
            b"%d\n" % number + (pool[start : start + size] + pool * (size // len(pool) + 1))[:size]
        )
        path.write_bytes(body)
        stamp = YEAR + number * 31_536_000 // count
        os.utime(path, (stamp, stamp))
        total += len(body)
    return total


def pages(folder: Path, count: int) -> None:
    """Write pages of HTML of some 15 kB: headings, paragraphs, a list, a table, navigation."""
    chance = random.Random(3)
    pool = words(400_000, seed=3)
    for number in range(count):
        path = folder / f"{number // 500:02d}" / f"page-{number:05d}.html"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(_page(number, chance, pool))
        stamp = YEAR + number * 31_536_000 // count
        os.utime(path, (stamp, stamp))


def mails(folder: Path, count: int) -> int:
    """Copy mails of the corpus, where there is one, else write some; return how many."""
    real = corpus()
    folder.mkdir(parents=True, exist_ok=True)
    if real is not None:
        found = sorted(path for path in (real / "mail").rglob("*") if path.is_file())
        chosen = [path for path in found if "tricky" not in path.parts][:count]
        for number, path in enumerate(chosen):
            shutil.copy2(path, folder / f"{number:05d}-{path.name}")
        return len(chosen)
    chance = random.Random(4)
    pool = words(200_000, seed=4)
    for number in range(count):
        (folder / f"{number:05d}.eml").write_bytes(_mail(number, chance, pool))
    return count


def _text(chance: random.Random, pool: list[str], length: int) -> str:
    start = chance.randrange(len(pool) - length)
    return " ".join(pool[start : start + length]).capitalize() + "."


def _page(number: int, chance: random.Random, pool: list[str]) -> str:
    title = f"Page {number}: {_text(chance, pool, 4)}"
    parts = [
        f"<!doctype html><html lang=en><head><meta charset=utf-8><title>{title}</title>"
        "<style>body { margin: 2em }</style></head><body><nav><ul>"
        + "".join(f"<li><a href='/{n}'>{_text(chance, pool, 2)}</a></li>" for n in range(10))
        + f"</ul></nav><main><h1>{title}</h1>"
    ]
    for section in range(6):
        parts.append(f"<h2>{section + 1}. {_text(chance, pool, 5)}</h2>")
        parts += [f"<p>{_text(chance, pool, chance.randint(30, 120))}</p>" for _ in range(4)]
    rows = "".join(
        f"<tr><td>{_text(chance, pool, 2)}<td>{chance.randint(1, 999)}" for _ in range(12)
    )
    parts.append(f"<table>{rows}</table></main><footer>{_text(chance, pool, 8)}</footer>")
    return "\n".join(parts) + "</body></html>"


def _mail(number: int, chance: random.Random, pool: list[str]) -> bytes:
    message = email.message.EmailMessage()
    message["From"] = f"{chance.choice(pool)} <a{number % 50}@example.org>"
    message["To"] = "everybody@example.org"
    message["Subject"] = _text(chance, pool, 6)
    message["Message-ID"] = f"<{number}@example.org>"
    if number % 3:
        message["In-Reply-To"] = f"<{number - number % 3}@example.org>"
    paragraphs = [_text(chance, pool, chance.randint(20, 120)) for _ in range(chance.randint(2, 8))]
    message.set_content("\n\n".join(paragraphs))
    return message.as_bytes()
