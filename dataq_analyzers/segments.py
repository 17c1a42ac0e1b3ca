"""Cuts and joins blocks of a text into units of a size that searches well."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import NamedTuple

# About 200 tokens: long enough to mean something alone, short enough for one vector.
TARGET = 900
LIMIT = 1_200
# A heading begins a new unit once the one before it is at least this long.
ENOUGH = 200

_PARAGRAPH = re.compile(r"\S[^\n]*(?:\n(?![^\S\n]*\n)[^\n]*)*")
# Where a block that is too long may be cut, best first.
_CUTS = (
    re.compile(r"\n\s*"),
    re.compile(r"(?<=[.!?…])[\"'”’)\]]*\s+|(?<=[。！？])"),
    re.compile(r"(?<=[;:,、，；])\s*"),
    re.compile(r"\s+"),
)


class Block(NamedTuple):
    """Characters [start, end) that belong together; a heading belongs to what follows it."""

    start: int
    end: int
    kind: str = "paragraph"
    heading: bool = False


def paragraphs(text: str, start: int = 0, end: int | None = None) -> Iterator[Block]:
    """The paragraphs of plain text: what stands between blank lines, trimmed."""
    for match in _PARAGRAPH.finditer(text, start, len(text) if end is None else end):
        stop = match.start() + len(match.group().rstrip())
        yield Block(match.start(), stop)


def pack(text: str, blocks: Iterable[Block]) -> Iterator[Block]:
    """Units of at most LIMIT characters made of neighbouring blocks, in order.

    Blocks come in order, apart, and trimmed; a block over the limit is cut where it hurts least.
    """
    start = end = -1
    kind = ""
    only_headings = True
    for block in blocks:
        full = start >= 0 and (
            block.end - start > TARGET
            or (block.heading and not only_headings and end - start >= ENOUGH)
        )
        # A heading alone would be lost to search: it stays with what follows, cut if need be.
        if full and not (only_headings and end - start < ENOUGH):
            yield from cut(text, Block(start, end, kind))
            start = -1
        if start < 0:
            start, kind, only_headings = block.start, block.kind, block.heading
        elif kind != block.kind:
            kind = "section"
        only_headings = only_headings and block.heading
        end = block.end
    if start >= 0:
        yield from cut(text, Block(start, end, kind))


def cut(text: str, block: Block) -> Iterator[Block]:
    """`block` as pieces of at most LIMIT characters, trimmed, none empty."""
    start, end = block.start, block.end
    while end - start > LIMIT:
        stop, resume = _best_cut(text, start, min(end, start + LIMIT))
        piece = text[start:stop]
        first = start + len(piece) - len(piece.lstrip())
        last = start + len(piece.rstrip())
        if last > first:
            yield Block(first, last, block.kind)
        start = resume
    piece = text[start:end]
    first = start + len(piece) - len(piece.lstrip())
    last = start + len(piece.rstrip())
    if last > first:
        yield Block(first, last, block.kind)


def _best_cut(text: str, start: int, end: int) -> tuple[int, int]:
    """End of the piece that begins at `start` and begin of the next one."""
    earliest = start + (end - start) // 2
    for pattern in _CUTS:
        found = None
        for match in pattern.finditer(text, earliest, end):
            found = match
        if found is not None and found.end() > earliest:
            return max(found.start(), start + 1), max(found.end(), start + 1)
    return end, end
