"""The visible text of an HTML page, block by block, each with the element it stands in."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

from dataq_analyzers.segments import Block

if TYPE_CHECKING:
    from selectolax.lexbor import LexborHTMLParser, LexborNode

_HEADINGS = frozenset({"h1", "h2", "h3", "h4", "h5", "h6"})
_KINDS = {
    **dict.fromkeys(_HEADINGS, "heading"),
    **dict.fromkeys(("li", "dt", "dd"), "list"),
    **dict.fromkeys(("tr", "td", "th", "caption"), "table"),
    "pre": "code",
}
_BLOCKS = frozenset(
    "address article aside blockquote body button caption center dd details dialog dir div dl dt "
    "fieldset figcaption figure footer form h1 h2 h3 h4 h5 h6 header hgroup hr html legend li "
    "listing main menu nav ol optgroup option p plaintext pre search section select summary table "
    "tbody textarea tfoot thead title tr ul xmp".split()
)
_CELLS = frozenset({"td", "th"})
_HIDDEN = frozenset(
    "script style template noscript head iframe object svg math audio video canvas datalist "
    "noembed noframes".split()
)
_VERBATIM = frozenset({"pre", "textarea", "listing", "xmp", "plaintext"})
# A path longer than this says nothing to a reader; deep pages are made to hurt.
_PATH_PARTS = 40


class Page(NamedTuple):
    """Text, its blocks, and for each block the CSS path of its element."""

    text: str
    blocks: tuple[Block, ...]
    elements: tuple[str, ...]
    title: str | None
    language: str | None
