"""Real passages to measure search by: what is written in files that every machine here has.

They come from Python and its packages, from the headers and the documents of the system and, where
there is one, from the corpus: code, manuals, notes, licences, data. The same files give the same.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path

from benchmarks.setting import corpus

LEAST, MOST = 200, 800
"""Characters of a passage."""
OF_ONE_FILE = 2_000
_BYTES = (LEAST, 4_000_000)
TYPES = {
    ".c": "text/x-c",
    ".css": "text/css",
    ".eml": "message/rfc822",
    ".go": "text/x-go",
    ".h": "text/x-c",
    ".hpp": "text/x-c++",
    ".html": "text/html",
    ".java": "text/x-java",
    ".js": "text/javascript",
    ".json": "application/json",
    ".md": "text/markdown",
    ".pl": "text/x-perl",
    ".pm": "text/x-perl",
    ".pod": "text/x-perl",
    ".py": "text/x-python",
    ".pyi": "text/x-python",
    ".pyx": "text/x-cython",
    ".rb": "text/x-ruby",
    ".rs": "text/x-rust",
    ".rst": "text/x-rst",
    ".ts": "text/x-typescript",
    ".txt": "text/plain",
}
_blank_lines = re.compile(r"\n[ \t]*(?:\n[ \t]*)+").split
_letters = re.compile(r"[^\W\d_]").findall
_first_words = re.compile(r"[^\W\d_]{2,}(?:[ ,:'-]+[\w.()]+){2,12}").search


@dataclass(frozen=True)
class File:
    """A file, and the path that its passages have, which says nothing of this machine."""

    real: str
    path: str

    @property
    def mime_type(self) -> str:
        """Its content type, by its ending."""
        return TYPES[Path(self.real).suffix]


def files() -> list[File]:
    """Every file that passages come from, each once, in order of their paths."""
    found: dict[str, File] = {}
    for name, root in _places().items():
        for file in _below(root):
            real = os.path.realpath(file)
            found.setdefault(real, File(real, f"{name}/{file.relative_to(root).as_posix()}"))
    return sorted(found.values(), key=lambda file: file.path)


def read(file: File) -> tuple[str, list[str]]:
    """The title of a file and its passages; none of what cannot be read as UTF-8."""
    try:
        text = Path(file.real).read_text(encoding="utf-8")
    except (OSError, ValueError):
        return "", []
    return _title(file, text), [text for text in _cut(text) if _is_prose(text)][:OF_ONE_FILE]


def digest(text: str) -> bytes:
    """Sixteen bytes by which equal passages are known, and in whose order they stand."""
    return blake2b(text.encode(), digest_size=16, person=b"passage").digest()


def _places() -> dict[str, Path]:
    places = {
        "environment": Path(sys.prefix),
        "python": Path(sys.base_prefix),
        "include": Path("/usr/include"),
        "lib": Path("/usr/lib"),
        "local": Path("/usr/local"),
        "share": Path("/usr/share"),
    }
    real = corpus()
    return places if real is None else {**places, "corpus": real}


def _below(root: Path) -> Iterator[Path]:
    for folder, folders, names in os.walk(root):
        folders.sort()
        for name in sorted(names):
            file = Path(folder, name)
            if file.suffix in TYPES and _BYTES[0] <= _size(file) <= _BYTES[1]:
                yield file


def _size(file: Path) -> int:
    try:
        return file.stat().st_size
    except OSError:
        return 0


def _cut(text: str) -> Iterator[str]:
    """Paragraphs, short ones together; one that is too long is cut at its lines."""
    waiting = ""
    for paragraph in _blank_lines(text):
        for piece in _pieces(paragraph.strip("\n")):
            if waiting and len(waiting) + 2 + len(piece) > MOST:
                yield from _if_enough(waiting)
                waiting = ""
            waiting = f"{waiting}\n\n{piece}" if waiting else piece
        if len(waiting) >= LEAST:
            yield from _if_enough(waiting)
            waiting = ""
    yield from _if_enough(waiting)


def _pieces(paragraph: str) -> Iterator[str]:
    if len(paragraph) <= MOST:
        yield paragraph
        return
    waiting = ""
    for line in paragraph.split("\n"):
        if len(line) > MOST:  # nobody wrote this
            continue
        if waiting and len(waiting) + 1 + len(line) > MOST:
            yield waiting
            waiting = ""
        waiting = f"{waiting}\n{line}" if waiting else line
    yield waiting


def _if_enough(text: str) -> Iterator[str]:
    if len(text.strip()) >= LEAST:
        yield text.strip()


def _is_prose(text: str) -> bool:
    """Whether half of it is letters: tables of numbers are not what anybody searches."""
    return 2 * len(_letters(text)) >= len(text)


def _title(file: File, text: str) -> str:
    """The first few words that stand in a row, or the name of the file."""
    found = _first_words(text[:2_000])
    return found[0] if found else Path(file.path).name
