"""The part of a text that shows best why it was found."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

SNIPPET = 240
_EDGE = re.compile(r"\s")
_REACH = 24  # so far from an edge a word is looked for that begins or ends there
_LEAD = 40


def snippet(text: str, terms: Sequence[dict[str, Any]], room: int = SNIPPET) -> dict[str, Any]:
    """About `room` characters of `text`, those with the most different of the matched `terms`.

    `start` and `end` are their place in `text`, in characters; `highlights` the matches within, as
    [start, end] in the snippet's own text. Without a match it is the beginning.
    """
    start, end = _window(text, terms, room)
    inside = [term for term in terms if start <= term["start"] and term["end"] <= end]
    return {
        "text": text[start:end],
        "start": start,
        "end": end,
        "highlights": [[term["start"] - start, term["end"] - start] for term in inside],
    }


def _window(text: str, terms: Sequence[dict[str, Any]], room: int) -> tuple[int, int]:
    if len(text) <= room:
        return 0, len(text)
    first, last = _densest(terms, room)
    lead = min(_LEAD, max(0, room - (last - first)) // 2)
    start = max(0, min(first - lead, len(text) - room))
    end = min(len(text), max(start + room, last))
    return _after_space(text, start, first), _before_space(text, end, last)


def _densest(terms: Sequence[dict[str, Any]], room: int) -> tuple[int, int]:
    """Where the stretch of at most `room` with the most different terms begins and ends.

    Of equal ones that with more matches, of these the first.
    """
    best, found = (0, 0), (0, 0)
    left = 0
    counts: dict[str, int] = {}
    for right, term in enumerate(terms):
        counts[term["term"]] = counts.get(term["term"], 0) + 1
        while left < right and term["end"] - terms[left]["start"] > room:
            gone = terms[left]["term"]
            counts[gone] -= 1
            if not counts[gone]:
                del counts[gone]
            left += 1
        worth = (len(counts), right - left + 1)
        if worth > best:
            best, found = worth, (terms[left]["start"], term["end"])
    return found


def _after_space(text: str, start: int, limit: int) -> int:
    """The beginning of the next word, if that is near and before `limit`."""
    if not start or text[start - 1].isspace():
        return start
    space = _EDGE.search(text, start, max(start, min(start + _REACH, limit)))
    return space.end() if space else start


def _before_space(text: str, end: int, limit: int) -> int:
    """The end of the last whole word, if that is near and after `limit`."""
    if end == len(text) or text[end].isspace():
        return end
    near = max(end - _REACH, limit)
    for place in range(end, near, -1):
        if text[place - 1].isspace():
            return place - 1
    return end
