"""Markdown: sections, with headings, code and tables kept whole where they fit."""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING

from dataq_analyzers.decode import Locator, decode
from dataq_analyzers.interface import Analysis, Content
from dataq_analyzers.segments import ENOUGH, TARGET, Block, cut
from dataq_analyzers.tools import version_of

if TYPE_CHECKING:
    from semantic_text_splitter import MarkdownSplitter

_HEADING = re.compile(r"^ {0,3}#{1,6}[ \t]+(\S.*)$|^(\S.*)\n(?:=+|-+)[ \t]*$", re.M)


class MarkdownAnalyzer:
    """Sections of CommonMark with GitHub's tables."""

    name = "markdown"
    version = "1"
    media_types = ("text/markdown",)

    def tools(self) -> dict[str, str]:
        return {"semantic-text-splitter": version_of("semantic-text-splitter")}

    def analyze(self, content: Content) -> Analysis:
        decoded = decode(content.data)
        text = decoded.text
        blocks = (
            Block(at, at + len(chunk), "section") for at, chunk in _splitter().chunk_indices(text)
        )
        # The splitter's idea of white space is not Python's: cut trims once more.
        units = Locator(decoded).units(piece for block in blocks for piece in cut(text, block))
        heading = _HEADING.search(text)
        title = (heading.group(1) or heading.group(2)).strip("# \t\r") if heading else None
        return Analysis(text, units, title=title)


@cache
def _splitter() -> MarkdownSplitter:
    from semantic_text_splitter import MarkdownSplitter

    return MarkdownSplitter((ENOUGH, TARGET))


ANALYZER = MarkdownAnalyzer()
