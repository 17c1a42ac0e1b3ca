"""The visible text of an HTML page, block by block, each with the element it stands in."""

from __future__ import annotations

from bisect import bisect_right
from typing import TYPE_CHECKING, NamedTuple

from dataq_analyzers.interface import Place, Unit
from dataq_analyzers.segments import Block, pack

if TYPE_CHECKING:
    from selectolax.lexbor import LexborHTMLParser, LexborNode

_HEADINGS = frozenset({"h1", "h2", "h3", "h4", "h5", "h6"})
_KINDS = {
    **dict.fromkeys(_HEADINGS, "heading"),
    **dict.fromkeys(("li", "dt", "dd"), "list"),
    **dict.fromkeys(("tr", "caption"), "table"),
    **dict.fromkeys(("pre", "listing", "xmp"), "code"),
}
_BLOCKS = frozenset(
    "address article aside blockquote body button caption center dd details dialog dir div dl dt "
    "fieldset figcaption figure footer form h1 h2 h3 h4 h5 h6 header hgroup hr html legend li "
    "listing main menu nav ol optgroup option p plaintext pre search section select summary table "
    "tbody textarea tfoot thead tr ul xmp".split()
)
_CELLS = frozenset({"td", "th"})
_HIDDEN = frozenset(
    "script style template noscript head iframe object svg math audio video canvas datalist "
    "noembed noframes -comment".split()
)
_VERBATIM = frozenset({"pre", "textarea", "listing", "xmp", "plaintext"})
_TIGHT = frozenset({"list", "table"})
# Stand for <br> and for the border of a cell until white space has been collapsed.
_BREAK, _CELL = "\x1e", "\x1f"
# A longer path says nothing to a reader; pages this deep are made to hurt.
_PATH_PARTS = 40


class Page(NamedTuple):
    """The text of a page, its units with their elements, its title and its language."""

    text: str
    units: tuple[Unit, ...]
    title: str | None
    language: str | None


class _Element:
    """A block element: what its text is, and where it hangs."""

    __slots__ = ("kind", "node", "nth", "parent", "tag", "verbatim")

    def __init__(self, node: LexborNode, tag: str, nth: int, parent: _Element | None) -> None:
        self.node = node
        self.tag = tag
        self.nth = nth
        self.parent = parent
        self.verbatim = tag in _VERBATIM or (parent is not None and parent.verbatim)
        inherited = parent.kind if parent else "paragraph"
        self.kind = _KINDS.get(tag, inherited if inherited != "heading" else "paragraph")

    def path(self) -> str:
        """Its CSS path, from the nearest element with an id."""
        parts: list[str] = []
        element: _Element | None = self
        while element is not None and len(parts) < _PATH_PARTS:
            if element.tag in ("html", "body"):
                parts.append(element.tag)
                break
            name = element.node.id
            if name and name.isascii() and name.replace("-", "").replace("_", "").isalnum():
                parts.append(f'[id="{name}"]')
                break
            parts.append(f"{element.tag}:nth-of-type({element.nth})")
            element = element.parent
        return " > ".join(reversed(parts))


class _Walk:
    """Collects the text of a tree in document order."""

    def __init__(self) -> None:
        self.pieces: list[str] = []
        self.length = 0
        self.blocks: list[Block] = []
        self.elements: list[_Element] = []
        self._open: _Element | None = None
        self._raw: list[str] = []
        self._seen: dict[tuple[int, str], int] = {}

    def run(self, root: LexborNode) -> None:
        # None stands for hidden; an element that is not a block shares its parent's entry.
        contexts: dict[int, _Element | None] = {}
        for node in root.traverse(include_text=True):
            tag = node.tag or ""
            parent = node.parent
            above = contexts.get(parent.mem_id) if parent is not None else None
            if tag == "-text":
                if above is not None:
                    self._text(above, node.text_content or "")
            elif tag in _HIDDEN or (above is None and tag != "html"):
                contexts[node.mem_id] = None
            elif tag in _BLOCKS:
                self._close()
                key = (parent.mem_id if parent is not None else 0, tag)
                nth = self._seen[key] = self._seen.get(key, 0) + 1
                contexts[node.mem_id] = _Element(node, tag, nth, above)
            else:
                contexts[node.mem_id] = above
                if tag == "br" and above is self._open:
                    self._raw.append(_BREAK)
                elif tag in _CELLS and above is self._open:
                    self._raw.append(_CELL)
        self._close()

    def _text(self, element: _Element, text: str) -> None:
        if element is not self._open:
            self._close()
            self._open = element
        self._raw.append(text)

    def _close(self) -> None:
        element, self._open = self._open, None
        raw, self._raw = "".join(self._raw), []
        if element is None:
            return
        text = _verbatim(raw) if element.verbatim else _collapsed(raw)
        if not text:
            return
        if self.blocks:
            tight = element.kind in _TIGHT and self.blocks[-1].kind == element.kind
            self.pieces.append("\n" if tight else "\n\n")
            self.length += len(self.pieces[-1])
        self.pieces.append(text)
        end = self.length + len(text)
        self.blocks.append(Block(self.length, end, element.kind, element.tag in _HEADINGS))
        self.elements.append(element)
        self.length = end


def _collapsed(raw: str) -> str:
    if _BREAK not in raw and _CELL not in raw:
        return " ".join(raw.split())
    lines = []
    for line in raw.split(_BREAK):
        cells = (" ".join(cell.split()) for cell in line.split(_CELL))
        lines.append("\t".join(cell for cell in cells if cell))
    return "\n".join(line for line in lines if line)


def _verbatim(raw: str) -> str:
    lines = raw.replace(_BREAK, "\n").replace(_CELL, "\t").rstrip().split("\n")
    while lines and not lines[0].strip():
        del lines[0]
    # Indentation matters inside, but a block begins with its first character.
    return "\n".join(lines).strip()


def read_page(html: str) -> Page:
    """The page that `html` shows to a reader."""
    from selectolax.lexbor import LexborHTMLParser

    tree = LexborHTMLParser(html)
    walk = _Walk()
    if tree.root is not None:
        walk.run(tree.root)
    text = "".join(walk.pieces)
    return Page(text, tuple(_units(text, walk)), _title(tree, walk, text), _language(tree))


def _units(text: str, walk: _Walk) -> list[Unit]:
    starts = [block.start for block in walk.blocks]
    units = []
    for block in pack(text, walk.blocks):
        first = walk.elements[bisect_right(starts, block.start) - 1]
        last = walk.elements[bisect_right(starts, block.end - 1) - 1]
        begin = Place(element=first.path())
        end = begin if last is first else Place(element=last.path())
        units.append(Unit(block.kind, block.start, block.end, begin, end))
    return units


def _title(tree: LexborHTMLParser, walk: _Walk, text: str) -> str | None:
    node = tree.css_first("head > title")
    title = " ".join((node.text() or "").split()) if node is not None else ""
    if title:
        return title
    headings = (text[block.start : block.end] for block in walk.blocks if block.heading)
    return next(headings, None)


def _language(tree: LexborHTMLParser) -> str | None:
    declared = tree.root.attributes.get("lang") if tree.root is not None else None
    code = (declared or "").strip().replace("_", "-").partition("-")[0].lower()
    return code if code.isalpha() and len(code) in (2, 3) else None
