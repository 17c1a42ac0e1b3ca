"""What every analysis must keep, whatever the bytes were."""

from __future__ import annotations

from dataq_analyzers.analysis import TITLE
from dataq_analyzers.interface import Analysis, Content
from dataq_analyzers.segments import LIMIT


def check(analysis: Analysis) -> None:
    """Assert that units are ordered, apart, trimmed, not empty and not too long."""
    text = analysis.text
    text.encode("utf-8")  # a lone surrogate could not be stored
    end = 0
    for unit in analysis.units:
        assert end <= unit.start < unit.end <= len(text), unit
        piece = text[unit.start : unit.end]
        assert piece == piece.strip(), repr(piece)
        assert len(piece) <= LIMIT
        assert unit.kind
        end = unit.end
    if analysis.title is not None:
        assert analysis.title.strip()
        assert len(analysis.title) <= TITLE
        analysis.title.encode("utf-8")


def check_bytes(content: Content, analysis: Analysis, encoding: str = "utf-8") -> None:
    """Assert that each unit's bytes in the original, decoded, are its text."""
    for unit in analysis.units:
        start, end = unit.start_place.byte, unit.end_place.byte
        assert start is not None
        assert end is not None
        piece = analysis.text[unit.start : unit.end]
        assert content.data[start:end].decode(encoding) == piece
        assert unit.start_place.line == content.data[:start].decode(encoding).count("\n") + 1
        assert unit.end_place.line == content.data[:end].decode(encoding).count("\n") + 1
