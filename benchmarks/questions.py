"""What is asked of the million segments: words as they stand in passages that were held out."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from benchmarks.segments import Segments

_SENTENCE = re.compile(r"\b[A-Z]?[a-z]+(?: [a-z]{2,}){2,5}\b")


def questions(found: Segments, count: int) -> list[str]:
    """The first `count` runs of three to six plain words, one a passage; each different."""
    first = (_SENTENCE.search(text) for text in found.held_out["text"].to_pylist())
    words = dict.fromkeys(each[0].lower() for each in first if each)
    return list(words)[:count]


def percentile(values: Sequence[float], share: float = 0.95) -> float:
    """The value that this share of them keeps to: one that was measured, not between two."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, round(share * len(ordered)))]
