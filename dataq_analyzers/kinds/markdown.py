"""Markdown: sections under their headings; fenced code and tables stay whole where they fit."""

from __future__ import annotations

import re
from collections.abc import Iterator

from dataq_analyzers.decode import Locator, decode
from dataq_analyzers.interface import Analysis, Content
from dataq_analyzers.segments import Block, pack, paragraphs

# What begins a block of its own wherever it stands: a heading, or a fence of code (CommonMark).
_START = re.compile(r"^ {0,3}(?:(#{1,6})(?:[ \t]|$)|(`{3,}|~{3,}))", re.M)
_FRONT_MATTER = re.compile(r"\A---[ \t]*\r?\n(?:[^\n]*\n){0,200}?(?:---|\.\.\.)[ \t]*\r?$", re.M)
_FRONT_TITLE = re.compile(r"^title:[ \t]*(\S[^\n]*)$", re.M)
_UNDERLINE = re.compile(r"\n {0,3}(?:=+|-+)[ \t\r]*\Z")
_ITEM = re.compile(r"(?:[-*+]|\d{1,9}[.)])[ \t]")


class MarkdownAnalyzer:
    """Blocks of CommonMark and of GitHub's tables, joined section by section."""

    name = "markdown"
    version = "1"
    media_types = ("text/markdown",)

    def tools(self) -> dict[str, str]:
        return {}

    def analyze(self, content: Content) -> Analysis:
        decoded = decode(content.data)
        text = decoded.text
        blocks = list(_blocks(text))
        units = Locator(decoded).units(pack(text, blocks))
        return Analysis(text, units, title=_title(text, blocks))


def _blocks(text: str) -> Iterator[Block]:
    """The blocks of a document in order."""
    at = 0
    if match := _FRONT_MATTER.match(text):
        at = match.end()
        yield Block(0, match.end(), "metadata")
    while match := _START.search(text, at):
        yield from _between(text, at, match.start())
        at = _line_end(text, match.start()) if match.group(1) else _fence_end(text, match)
        start = match.start() + len(match.group()) - len(match.group().lstrip(" "))
        end = start + len(text[start:at].rstrip())
        yield Block(start, end, "heading" if match.group(1) else "code", bool(match.group(1)))
    yield from _between(text, at, len(text))


def _between(text: str, start: int, end: int) -> Iterator[Block]:
    for block in paragraphs(text, start, end):
        piece = text[block.start : block.end]
        if _UNDERLINE.search(piece) and piece.count("\n") == 1:
            yield block._replace(kind="heading", heading=True)
        elif piece.startswith("|"):
            yield block._replace(kind="table")
        else:
            yield block._replace(kind="list" if _ITEM.match(piece) else "paragraph")


def _line_end(text: str, start: int) -> int:
    end = text.find("\n", start)
    return len(text) if end < 0 else end


def _fence_end(text: str, opening: re.Match[str]) -> int:
    """The end of the line that closes a fence: as long at least, of the same character."""
    fence = opening.group(2)
    closing = re.compile(rf"^ {{0,3}}{fence[0]}{{{len(fence)},}}[ \t\r]*$", re.M)
    match = closing.search(text, _line_end(text, opening.start()))
    return match.end() if match else len(text)


def _title(text: str, blocks: list[Block]) -> str | None:
    """The title of the front matter, else the first heading."""
    for block in blocks:
        piece = text[block.start : block.end]
        if block.kind == "metadata" and (match := _FRONT_TITLE.search(piece)):
            return match.group(1).strip().strip("\"'") or None
        if block.heading:
            return piece.partition("\n")[0].strip("# \t\r") or None
    return None


ANALYZER = MarkdownAnalyzer()
