"""Stretches of time, kept apart and in order: those of which every mail is known."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

Span = tuple[int, int]
"""Unix seconds, the start included, the end excluded."""
EARLIEST, LATEST = -62_135_596_800, 253_402_300_799
EVER: Span = (EARLIEST, LATEST)
FIRST_MAIL = 0
"""Gmail knows no time before 1970."""


class Spans:
    """A set of moments as the spans it consists of."""

    def __init__(self, spans: Iterable[Span] = ()) -> None:
        self._spans: list[Span] = []
        for span in spans:
            self.add(span)

    def __iter__(self) -> Iterator[Span]:
        return iter(self._spans)

    def __contains__(self, seconds: float) -> bool:
        return any(start <= seconds < end for start, end in self._spans)

    def add(self, span: Span) -> None:
        """Take in a span; those it touches become one with it."""
        start, end = span
        if start >= end:
            return
        apart = [each for each in self._spans if each[1] < start or each[0] > end]
        touching = [each for each in self._spans if not (each[1] < start or each[0] > end)]
        start = min([start, *(each[0] for each in touching)])
        end = max([end, *(each[1] for each in touching)])
        self._spans = sorted([*apart, (start, end)])

    def missing(self, span: Span) -> list[Span]:
        """Return what of a span is not in it."""
        found: list[Span] = []
        at, end = span
        for first, last in self._spans:
            if last <= at or first >= end:
                continue
            if first > at:
                found.append((at, first))
            at = max(at, last)
        if at < end:
            found.append((at, end))
        return found

    @property
    def is_whole(self) -> bool:
        """Whether every mail that there can be lies in it."""
        return not self.missing((FIRST_MAIL, LATEST))
