"""What the gate tells of an item at a glance: language, title, length, quality, class."""

from __future__ import annotations

import re
from dataclasses import dataclass

SAMPLE_CHARACTERS = 4_000
# Enough to tell a language, and it takes time in proportion; analyzers look at more.
LANGUAGE_CHARACTERS = 500
TITLE_CHARACTERS = 200

_HEADING = re.compile(
    r"<title[^>]*>\s*(?P<html>[^<]+?)\s*</title|^#{1,3}\s+(?P<markdown>.+?)\s*#*$"
    r"|^subject:\s*(?P<mail>.+)$",
    re.IGNORECASE | re.MULTILINE,
)
_ARCHIVES = r"application/(zip|gzip|x-(tar|7z|rar|bzip2|xz|gzip|lzma|zstd|lz4))|.*-compressed"
_PROGRAMS = r"application/(x-(executable|sharedlib|dosexec|mach|object|pie)|vnd\.microsoft\.port)"
_CLASSES = (
    ("mail", re.compile(r"message/|application/mbox")),
    ("page", re.compile(r"text/html|application/xhtml")),
    (
        "data",
        re.compile(r"text/(csv|tab-sep)|application/(x-ndjson|json|xml|yaml|toml)|.*\+(json|xml)$"),
    ),
    ("code", re.compile(r"text/(x-|javascript|css)|application/(javascript|sql|x-sh)")),
    ("archive", re.compile(_ARCHIVES)),
    ("program", re.compile(_PROGRAMS)),
    ("document", re.compile(r"application/(pdf|msword|rtf|epub|vnd\.|postscript)")),
    ("text", re.compile(r"text/")),
    ("image", re.compile(r"image/")),
    ("audio", re.compile(r"audio/")),
    ("video", re.compile(r"video/")),
)


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


def glance(text: str, quality: float) -> Glance:
    """A look at a decoded text; `quality` is the share of its characters that make sense."""
    from dataq_analyzers.language import language_of

    language = language_of(text[:LANGUAGE_CHARACTERS])
    return Glance(language, title_of(text[:SAMPLE_CHARACTERS]), len(text), round(quality, 4))


def title_of(sample: str) -> str | None:
    """The first title, heading or subject, None where there is none."""
    match = _HEADING.search(sample)
    if match is None:
        return None
    found = next(group for group in match.groups() if group is not None)
    return " ".join(found.split())[:TITLE_CHARACTERS] or None
