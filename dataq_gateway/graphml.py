"""Edges as GraphML (http://graphml.graphdrawing.org), which tools for graphs read."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from io import TextIOBase
from typing import Any
from xml.sax.saxutils import XMLGenerator
from xml.sax.xmlreader import AttributesImpl

NAMESPACE = "http://graphml.graphdrawing.org/xmlns"
KEYS = (
    ("path", "node", "string"),
    ("relationship_type", "edge", "string"),
    ("strength", "edge", "double"),
    ("method", "edge", "string"),
)
# What XML 1.0 has no way to write.
_UNWRITABLE = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def write_graphml(rows: Iterable[Mapping[str, Any]], stream: TextIOBase) -> None:
    """Write edges (rows of `dataq_lake.graph.edges`) to `stream`, each node before its first."""
    xml = XMLGenerator(stream, "utf-8", short_empty_elements=True)
    xml.startDocument()
    seen: set[str] = set()
    with _element(xml, "graphml", xmlns=NAMESPACE):
        for name, owner, kind in KEYS:
            attributes = {"id": name, "for": owner, "attr.name": name, "attr.type": kind}
            with _element(xml, "key", **attributes):
                pass
        with _element(xml, "graph", id="relationships", edgedefault="directed"):
            for row in rows:
                for end in ("source", "target"):
                    if row[f"{end}_id"] not in seen:
                        seen.add(row[f"{end}_id"])
                        _node(xml, row[f"{end}_id"], row[f"{end}_path"])
                _edge(xml, row)
    xml.endDocument()


def _node(xml: XMLGenerator, id_: str, path: str | None) -> None:
    with _element(xml, "node", id=id_):
        if path is not None:
            _data(xml, "path", path)


def _edge(xml: XMLGenerator, row: Mapping[str, Any]) -> None:
    ends = {"source": row["source_id"], "target": row["target_id"]}
    with _element(xml, "edge", id=row["id"], **ends):
        for name, owner, _ in KEYS:
            if owner == "edge":
                _data(xml, name, str(row[name]))


def _data(xml: XMLGenerator, key: str, text: str) -> None:
    with _element(xml, "data", key=key):
        xml.characters(_UNWRITABLE.sub("\ufffd", text))


@contextmanager
def _element(xml: XMLGenerator, name: str, /, **attributes: str) -> Iterator[None]:
    xml.startElement(name, AttributesImpl(attributes))
    yield
    xml.endElement(name)
