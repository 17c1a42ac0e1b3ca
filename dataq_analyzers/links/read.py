"""The links of one page, text or mail, bounded, in a worker process."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import NamedTuple

from dataq_analyzers.decode import decode
from dataq_analyzers.links.address import address

VERSION = "2"
HTML_TYPES = ("text/html", "application/xhtml+xml")
MARKDOWN_TYPES = ("text/markdown",)
TEXT_TYPES = ("text/plain", "text/x-rst")
MAIL_TYPES = ("message/rfc822",)
TYPES = (*HTML_TYPES, *MARKDOWN_TYPES, *TEXT_TYPES, *MAIL_TYPES)
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
    found = dict.fromkeys(each for each in _found(page) if len(each[0]) <= LONGEST)
    kept = list(islice(found, MOST))
    return Links([href for href, _ in kept], [to for _, to in kept])


def _found(page: Page) -> Iterator[tuple[str, str]]:
    if page.media_type in MAIL_TYPES:
        from dataq_analyzers.links.mail import mail_links

        return mail_links(page.data)
    hrefs, base = _written(page)
    leads = ((href, address(page.path, href, base)) for href in dict.fromkeys(hrefs))
    return ((href, to) for href, to in leads if to is not None)


def _written(page: Page) -> tuple[Iterable[str], str | None]:
    """The links of a page, and the base that it names, if any."""
    if page.media_type in TEXT_TYPES:
        from dataq_analyzers.links.text import text_links

        return text_links(decode(page.data).text), None
    if page.media_type in MARKDOWN_TYPES:
        from dataq_analyzers.links.markdown import markdown_links

        return markdown_links(decode(page.data).text), None
    from dataq_analyzers.kinds.html import declared_charset
    from dataq_analyzers.links.html import html_links

    return html_links(decode(page.data, declared_charset(page.data)).text)


def size(page: Page) -> int:
    """What a page weighs in the pool."""
    return len(page.data)
