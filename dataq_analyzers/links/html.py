"""The links of an HTML page, in the order of the page."""

from __future__ import annotations

_SELECTOR = (
    "a[href], area[href], link[href], img[src], iframe[src], audio[src], video[src], source[src]"
)
_NAMES = ("href", "src")


def html_links(html: str) -> tuple[list[str], str | None]:
    """The links as they are written, and the page's own base if it names one."""
    from selectolax.lexbor import LexborHTMLParser

    tree = LexborHTMLParser(html)
    base = tree.css_first("base[href]")
    attributes = (node.attributes for node in tree.css(_SELECTOR))
    found = (each.get(name) for each in attributes for name in _NAMES)
    return [href for href in found if href], base.attributes.get("href") if base else None
