"""The visible text of an HTML page, block by block, each with the element it stands in."""

from __future__ import annotations

import re
from bisect import bisect_right
from typing import TYPE_CHECKING, NamedTuple

from dataq_analyzers.html.element_path import ElementPaths
from dataq_analyzers.interface import Place, Unit
from dataq_analyzers.segments import Block, pack

if TYPE_CHECKING:
    from selectolax.lexbor import LexborHTMLParser, LexborNode

_HEADINGS = frozenset({"h1", "h2", "h3", "h4", "h5", "h6"})
_KINDS = {
    **dict.fromkeys(_HEADINGS, "heading"),
    **dict.fromkeys(("li", "dt", "dd"), "list"),
    **dict.fromkeys(("table", "tr", "caption"), "table"),
    **dict.fromkeys(("pre", "listing", "xmp"), "code"),
}
_CELLS = frozenset({"td", "th"})
_HIDDEN = frozenset({
    "script", "style", "template", "noscript", "head", "iframe", "object", "svg", "math",
    "audio", "video", "canvas", "datalist", "noembed", "noframes",
})  # fmt: skip
_BLOCKS = _HIDDEN | frozenset({
    "address", "article", "aside", "blockquote", "body", "button", "caption", "center", "dd",
    "details", "dialog", "dir", "div", "dl", "dt", "fieldset", "figcaption", "figure",
    "footer", "form", "h1", "h2", "h3", "h4", "h5", "h6", "header", "hgroup", "hr", "legend",
    "li", "listing", "main", "menu", "nav", "ol", "optgroup", "option", "p", "plaintext",
    "pre", "search", "section", "select", "summary", "table", "tbody", "td", "textarea",
    "tfoot", "th", "thead", "tr", "ul", "xmp",
})  # fmt: skip
_VERBATIM = frozenset({"pre", "textarea", "listing", "xmp", "plaintext"})
_TIGHT = frozenset({"list", "table"})

# Put into the tree as text, so that one call for all text also tells where elements begin and end:
# a walk over every node of a page in Python takes three times as long.
_OPEN, _CLOSE, _BREAK = "\x01", "\x02", "\x03"
_MARKS = re.compile("([\x01-\x03])")
_FORGED = re.compile(r"&#(?:[xX]0*[123](?![0-9a-fA-F])|0*[123](?![0-9]));?")
_CELL = "\x1f"


class Page(NamedTuple):
    """The text of a page, its units with their elements, its title and its language."""

    text: str
    units: tuple[Unit, ...]
    title: str | None
    language: str | None


class _Element:
    """A block or hidden element; `owner` is the one whose text its own text belongs to."""

    __slots__ = ("heading", "hidden", "kind", "node", "owner", "tag", "verbatim")

    def __init__(self, node: LexborNode, tag: str, parent: _Element | None) -> None:
        self.node = node
        self.tag = tag
        self.heading = tag in _HEADINGS
        self.hidden = tag in _HIDDEN
        self.verbatim = tag in _VERBATIM
        self.kind = _KINDS.get(tag, "paragraph")
        self.owner: _Element = self
        if parent is not None:
            self.hidden = self.hidden or parent.hidden
            self.verbatim = self.verbatim or parent.verbatim
            if tag not in _KINDS and not parent.heading:
                self.kind = parent.kind
            # A row is one block, however many cells it has.
            if tag in _CELLS and parent.tag == "tr":
                self.owner = parent


class _Walk:
    """Collects the text of a tree in document order, block by block."""

    def __init__(self) -> None:
        self.pieces: list[str] = []
        self.length = 0
        self.blocks: list[Block] = []
        self.elements: list[_Element] = []
        self._raw: list[str] = []
        self._current: _Element | None = None

    def run(self, root: LexborNode) -> None:
        nodes = _mark(root)
        element = _Element(root, "html", None)
        stack = [element]
        before, *opened = root.text().split(_OPEN)
        self._add(element, before)
        for (node, tag), piece in zip(nodes, opened, strict=True):
            element = _Element(node, tag, stack[-1])
            stack.append(element)
            self._enter(element)
            inside, *after = piece.split(_CLOSE)
            if not element.hidden:
                self._add(element.owner, inside)
            for text in after:
                stack.pop()
                if not stack[-1].hidden:
                    self._add(stack[-1].owner, text)
        self._close()

    def _enter(self, element: _Element) -> None:
        if element.hidden:
            return
        if element.owner is element:
            self._close()
        elif element.owner is self._current:
            self._raw.append(_CELL)

    def _add(self, owner: _Element, text: str) -> None:
        if owner is not self._current:
            # White space between blocks begins none.
            if not text or text.isspace():
                return
            self._close()
            self._current = owner
        self._raw.append(text)

    def _close(self) -> None:
        element = self._current
        if element is None:
            return
        self._current = None
        raw, self._raw = "".join(self._raw), []
        text = _verbatim(raw) if element.verbatim else _collapsed(raw)
        if not text:
            return
        if self.blocks:
            tight = element.kind in _TIGHT and self.blocks[-1].kind == element.kind
            self.pieces.append("\n" if tight else "\n\n")
            self.length += len(self.pieces[-1])
        self.pieces.append(text)
        end = self.length + len(text)
        self.blocks.append(Block(self.length, end, element.kind, element.heading))
        self.elements.append(element)
        self.length = end


def _mark(root: LexborNode) -> list[tuple[LexborNode, str]]:
    """Write marks around the blocks below `root`; these blocks in order, with their tags."""
    known: dict[int, str] = {}
    found = []
    for node in root.traverse():
        # The number of a tag is cheaper to ask for than its name.
        number = node.tag_id
        if number not in known:
            tag = node.tag or ""
            known[number] = tag if tag in _BLOCKS or tag == "br" else ""
        if known[number]:
            found.append((node, known[number]))
    for node, tag in found:
        if tag == "br":
            node.insert_before(_BREAK)
        else:
            node.insert_before(_OPEN)
            node.insert_child(_CLOSE)
    return [(node, tag) for node, tag in found if tag != "br"]


def _collapsed(raw: str) -> str:
    """Text as a browser shows it: white space is one blank, cells stand a tab apart."""
    if _BREAK not in raw and _CELL not in raw:
        return " ".join(raw.split())
    lines = []
    for line in raw.split(_BREAK):
        cells = (" ".join(cell.split()) for cell in line.split(_CELL))
        lines.append("\t".join(cell for cell in cells if cell))
    return "\n".join(line for line in lines if line)


def _verbatim(raw: str) -> str:
    return raw.replace(_BREAK, "\n").replace(_CELL, "\t").strip()


def read_page(html: str) -> Page:
    """The page that `html` shows to a reader."""
    from selectolax.lexbor import LexborHTMLParser

    if any(mark in html for mark in (_OPEN, _CLOSE, _BREAK)):
        html = _MARKS.sub(" ", html)
    html = _FORGED.sub(" ", html)
    tree = LexborHTMLParser(html)
    walk = _Walk()
    if tree.root is not None:
        walk.run(tree.root)
    text = "".join(walk.pieces)
    return Page(text, _units(text, walk), _title(tree, walk, text), _language(tree))


def _units(text: str, walk: _Walk) -> tuple[Unit, ...]:
    starts = [block.start for block in walk.blocks]
    paths = ElementPaths()
    units = []
    for block in pack(text, walk.blocks):
        first = walk.elements[bisect_right(starts, block.start) - 1]
        last = walk.elements[bisect_right(starts, block.end - 1) - 1]
        begin = Place(element=paths.path(first.node))
        end = begin if last is first else Place(element=paths.path(last.node))
        units.append(Unit(block.kind, block.start, block.end, begin, end))
    return tuple(units)


def _title(tree: LexborHTMLParser, walk: _Walk, text: str) -> str | None:
    node = tree.css_first("head > title")
    title = " ".join(node.text().split()) if node is not None else ""
    if title:
        return title
    headings = (text[block.start : block.end] for block in walk.blocks if block.heading)
    return next(headings, None)


def _language(tree: LexborHTMLParser) -> str | None:
    declared = tree.root.attributes.get("lang") if tree.root is not None else None
    code = (declared or "").strip().replace("_", "-").partition("-")[0].lower()
    return code if code.isascii() and code.isalpha() and len(code) in (2, 3) else None
