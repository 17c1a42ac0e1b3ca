"""The links of one page, bounded, in a worker process."""

from __future__ import annotations

from typing import NamedTuple

from dataq_analyzers.decode import decode
from dataq_analyzers.links.address import address

VERSION = "1"
HTML_TYPES = ("text/html", "application/xhtml+xml")
MARKDOWN_TYPES = ("text/markdown",)
MOST = 10_000
LONGEST = 2_000
LARGEST_BYTES = 16 << 20
"""Larger pages are taken to have none."""


class Page(NamedTuple):
    """A page to read: its bytes, its media type, and its path within its source."""

    data: bytes
    media_type: str
    path: str


class Links(NamedTuple):
    """The links as they are written, each once, and where each leads."""

    hrefs: list[str]
    addresses: list[str]


def read_links(page: Page) -> Links:
    """The first 10,000 links of a page that lead somewhere, none longer than 2,000 characters."""
    base = None
    if page.media_type in MARKDOWN_TYPES:
        from dataq_analyzers.links.markdown import markdown_links

        found = markdown_links(decode(page.data).text)
    else:
        from dataq_analyzers.kinds.html import declared_charset
        from dataq_analyzers.links.html import html_links

        found, base = html_links(decode(page.data, declared_charset(page.data)).text)
    hrefs = [href for href in dict.fromkeys(found) if len(href) <= LONGEST]
    leads = ((href, address(page.path, href, base)) for href in hrefs)
    kept = [(href, to) for href, to in leads if to is not None][:MOST]
    return Links([href for href, _ in kept], [to for _, to in kept])


def size(page: Page) -> int:
    """What a page weighs in the pool."""
    return len(page.data)
