"""The links of a Markdown document, in the order of the document."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from markdown_it.token import Token


def markdown_links(text: str) -> list[str]:
    """The targets of links and images, also of those in angle brackets and by reference."""
    from markdown_it import MarkdownIt

    return list(_targets(MarkdownIt("commonmark").parse(text)))


def _targets(tokens: Iterable[Token]) -> Iterator[str]:
    for token in tokens:
        target = token.attrGet("href") or token.attrGet("src")
        if target:
            yield str(target)
        yield from _targets(token.children or ())
