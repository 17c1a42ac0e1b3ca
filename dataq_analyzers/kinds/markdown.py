"""Markdown: sections, with headings, code and tables kept whole where they fit."""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING

from dataq_analyzers.decode import Locator, decode
from dataq_analyzers.interface import Analysis, Content, Unit
from dataq_analyzers.segments import ENOUGH, TARGET
from dataq_analyzers.tools import version_of

if TYPE_CHECKING:
    from semantic_text_splitter import MarkdownSplitter

_HEADING = re.compile(r"^ {0,3}#{1,6}[ \t]+(.+?)[ \t]*#*[ \t]*$|^(\S.*)\n(?:=+|-+)[ \t]*$", re.M)


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
        locator = Locator(decoded)
        units = tuple(
            Unit(
                "section",
                start,
                start + len(chunk),
                locator.place(start),
                locator.place(start + len(chunk)),
            )
            for start, chunk in _splitter().chunk_indices(text)
            if chunk and not chunk.isspace()
        )
        heading = _HEADING.search(text)
        title = (heading.group(1) or heading.group(2)) if heading else None
        return Analysis(text, units, title=title)


@cache
def _splitter() -> MarkdownSplitter:
    from semantic_text_splitter import MarkdownSplitter

    return MarkdownSplitter((ENOUGH, TARGET))


ANALYZER = MarkdownAnalyzer()
