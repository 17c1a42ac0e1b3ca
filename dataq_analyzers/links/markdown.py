"""The links of a Markdown document, in the order of the document."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from dataq_analyzers.links.text import text_links

if TYPE_CHECKING:
    from markdown_it.token import Token


def markdown_links(text: str) -> list[str]:
    """The targets of links and images, in angle brackets and by reference, and bare URLs."""
    from markdown_it import MarkdownIt

    return list(_targets(MarkdownIt("commonmark").parse(text)))


def _targets(tokens: Iterable[Token]) -> Iterator[str]:
    depth = 0
    for token in tokens:
        depth += token.nesting if token.type.startswith("link_") else 0
        if token.type == "text" and not depth:
            yield from text_links(token.content)
        target = token.attrGet("href") or token.attrGet("src")
        if target:
            yield str(target)
        yield from _targets(token.children or ())
