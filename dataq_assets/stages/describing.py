"""What the gate tells of an item at a glance: language, title, length, quality, class."""

from __future__ import annotations

import re
from dataclasses import dataclass

SAMPLE_CHARACTERS = 4_000
TITLE_CHARACTERS = 200

_HEADING = re.compile(
    r"<title[^>]*>\s*(?P<html>[^<]+?)\s*</title|^#{1,3}\s+(?P<markdown>.+?)\s*#*$"
    r"|^subject:\s*(?P<mail>.+)$",
    re.IGNORECASE | re.MULTILINE,
)
_CLASSES = (
    ("mail", re.compile(r"message/|application/mbox")),
    ("page", re.compile(r"text/html|application/xhtml")),
    ("code", re.compile(r"text/x-|application/(javascript|x-(sh|python|ruby|perl|php))")),
    ("data", re.compile(r"text/(csv|tab-separated)|application/(json|xml|yaml|toml|gpx)|.*\+(json|xml)$")),
    ("archive", re.compile(r"application/(zip|gzip|x-(tar|7z|rar|bzip2|xz|gzip|lzma|zstd|lz4))|.*-compressed")),
    ("document", re.compile(r"application/(pdf|msword|rtf|epub|vnd\.|postscript)")),
    ("program", re.compile(r"application/(x-(executable|sharedlib|dosexec|mach|object|pie)|vnd\.microsoft\.portable)")),
    ("text", re.compile(r"text/")),
    ("image", re.compile(r"image/")),
    ("audio", re.compile(r"audio/")),
    ("video", re.compile(r"video/")),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Glance:
    """What the first characters of a text tell; all None where it is no text."""

    language: str | None = None
    title: str | None = None
    text_length: int | None = None
    quality_score: float | None = None


def classification(media_type: str) -> str:
    """The class of a media type: mail, page, code, data, archive, document, …, other."""
    return next((name for name, types in _CLASSES if types.match(media_type)), "other")


def glance(text: str) -> Glance:
    """A look at a decoded text; `quality_score` is the share of characters that are no noise."""
    from dataq_analyzers.language import language_of

    sample = text[:SAMPLE_CHARACTERS]
    return Glance(language_of(sample), title_of(sample), len(text), quality_of(sample))


def title_of(sample: str) -> str | None:
    """The first title, heading or subject, None where there is none."""
    match = _HEADING.search(sample)
    if match is None:
        return None
    found = next(group for group in match.groups() if group is not None)
    return " ".join(found.split())[:TITLE_CHARACTERS] or None


def quality_of(sample: str) -> float:
    """From 0 to 1: 1 where every character is a letter, digit, space or common punctuation."""
    if not sample:
        return 0.0
    noise = sum(1 for character in sample if not (character.isprintable() or character.isspace()))
    noise += sample.count("\ufffd") * 9
    return round(max(0.0, 1.0 - noise / len(sample)), 4)
