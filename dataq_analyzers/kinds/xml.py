"""XML without an analyzer of its own: the words in its elements, each with its XPath."""

from __future__ import annotations

import re
from typing import NamedTuple
from xml.parsers import expat

from dataq_analyzers.decode import require_size
from dataq_analyzers.errors import SkipContent
from dataq_analyzers.interface import Analysis, Content, Place, Unit
from dataq_analyzers.segments import Block, pack

# Numbers and times are measurements: thousands of them say nothing to a search for words.
_MEASURED = re.compile(r"[\d\s.,:;+\-/%eETZ]*")
_TITLES = frozenset({"title", "name"})
_PATH_PARTS = 40


class _Found(NamedTuple):
    """The words of an element at a place; `title`: whether it may name the document."""

    text: str
    place: Place
    title: bool


class XmlAnalyzer:
    """Read by expat with entities and external references refused."""

    name = "xml"
    version = "1"
    media_types = ("application/xml", "text/xml", "*+xml")

    def tools(self) -> dict[str, str]:
        return {"expat": expat.EXPAT_VERSION.removeprefix("expat_")}

    def analyze(self, content: Content) -> Analysis:
        require_size(content.data)
        reader = _Reader()
        warning = reader.read(content.data)
        if warning and not reader.found:
            raise SkipContent(f"not read as XML: {warning}")
        warnings = (f"read only until the XML breaks: {warning}",) if warning else ()
        title = next((found.text for found in reader.found if found.title), None)
        text = "\n".join(found.text for found in reader.found)
        return Analysis(text, _units(text, reader.found), title, warnings=warnings)


def _units(text: str, found: list[_Found]) -> tuple[Unit, ...]:
    starts: dict[int, Place] = {}
    ends: dict[int, Place] = {}
    blocks = []
    at = 0
    for text_of, place, _ in found:
        end = at + len(text_of)
        blocks.append(Block(at, end))
        starts[at] = ends[end] = place
        at = end + 1
    units = []
    begin = finish = Place()
    for start, end, kind, _ in pack(text, blocks):
        # A long text that was cut keeps the place of its element.
        begin = starts.get(start, begin)
        finish = ends.get(end, begin)
        units.append(Unit(kind, start, end, begin, finish))
    return tuple(units)


class _Reader:
    """Collects the words of every element in document order."""

    def __init__(self) -> None:
        self.found: list[_Found] = []
        self._stack: list[tuple[str, dict[str, int]]] = [("", {})]
        self._raw: list[str] = []
        self._place = Place()
        self._parser = parser = expat.ParserCreate()
        parser.buffer_text = True
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._characters
        parser.EntityDeclHandler = _refuse_entity
        parser.ExternalEntityRefHandler = _refuse_reference

    def read(self, data: bytes) -> str | None:
        """Read as far as possible; what stopped it, if anything did."""
        try:
            self._parser.Parse(data.lstrip(b"\r\n\t "), True)
        except (expat.ExpatError, LookupError, ValueError) as error:
            return " ".join(str(error).split())
        return None

    def _start(self, name: str, attributes: dict[str, str]) -> None:  # noqa: ARG002
        self._close()
        counts = self._stack[-1][1]
        counts[name] = counts.get(name, 0) + 1
        self._stack.append((f"{name}[{counts[name]}]", {}))

    def _end(self, name: str) -> None:  # noqa: ARG002
        self._close()
        self._stack.pop()

    def _characters(self, text: str) -> None:
        if not self._raw:
            if text.isspace():
                return
            parser = self._parser
            self._place = Place(byte=parser.CurrentByteIndex, line=parser.CurrentLineNumber)
        self._raw.append(text)

    def _close(self) -> None:
        raw, self._raw = "".join(self._raw), []
        text = " ".join(raw.split())
        if not text or _MEASURED.fullmatch(text):
            return
        path = "/".join(part for part, _ in self._stack[-_PATH_PARTS:])
        last = self._stack[-1][0].partition("[")[0].rpartition(":")[2].lower()
        place = self._place._replace(element=path)
        self.found.append(_Found(text, place, last in _TITLES and len(text) <= 200))


def _refuse_entity(name: str, *_: object) -> None:
    raise SkipContent(f"declares the entity {name}: entities are refused")


def _refuse_reference(*_: object) -> int:
    return 1  # go on without what it refers to


ANALYZER = XmlAnalyzer()
