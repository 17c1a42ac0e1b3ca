"""What an unknown word may have been meant to be: words of the index a few edits away.

An edit inserts, removes or changes a letter, or swaps two that are neighbours (optimal string
alignment): https://en.wikipedia.org/wiki/Damerau-Levenshtein_distance
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from string import ascii_lowercase
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dataq_lake.search.words import Word, Words

SHORTEST = 4  # letters: a shorter word has too many neighbours
LONG = 8  # from here on two edits count
MOST = 5
_KEPT = 256
_SURE = 2  # letters at the beginning of a word that two edits leave as they are


@dataclass(frozen=True)
class Near:
    """A word of the index, as a stem, that an unknown one `typed` may stand for.

    `distance` is that of their stems.
    """

    term: str
    typed: str
    distance: int


class Spelling:
    """Knows the words of one text index."""

    def __init__(self, words: Words) -> None:
        self._words = words
        self.near = lru_cache(_KEPT)(self._near)

    def _near(self, word: Word, fields: tuple[str, ...]) -> tuple[Near, ...]:
        """The nearest to a word, at most MOST, the most frequent first.

        None for a word that is known, short, or has digits: a code is meant as it stands.
        """
        if len(word.stem) < SHORTEST or not word.stem.isalpha() or self._words.knows(word, fields):
            return ()
        for term in (word.stem, *(stem for stem, _ in word.others)):
            found = self._one_edit(term, fields) if len(term) >= SHORTEST else {}
            if found:
                return _most_frequent(term, 1, found)
        if len(word.stem) < LONG:
            return ()
        return _most_frequent(word.stem, 2, self._two_edits(word.stem, fields))

    def _one_edit(self, term: str, fields: Sequence[str]) -> dict[str, int]:
        if term.isascii():
            tried = {each: self._words.frequency(each, fields) for each in set(_edited(term))}
            return {each: count for each, count in tried.items() if count}
        return self._beginning(term, term[0], fields, 1)

    def _two_edits(self, term: str, fields: Sequence[str]) -> dict[str, int]:
        return self._beginning(term, term[:_SURE], fields, 2)

    def _beginning(
        self, term: str, prefix: str, fields: Sequence[str], most: int
    ) -> dict[str, int]:
        """The words that begin so and are up to `most` edits from `term`."""
        found: dict[str, int] = {}
        for field in fields:
            for each, count in self._words.searcher.terms_with_prefix(field, prefix):
                if abs(len(each) - len(term)) <= most and edits(term, each) <= most:
                    found[each] = found.get(each, 0) + count
        return found


def _most_frequent(typed: str, distance: int, found: dict[str, int]) -> tuple[Near, ...]:
    best = sorted(found, key=lambda term: (-found[term], term))[:MOST]
    return tuple(Near(term, typed, distance) for term in best)


def _edited(term: str) -> Iterator[str]:
    """Every word one edit away; after https://norvig.com/spell-correct.html."""
    for at in range(len(term) + 1):
        left, right = term[:at], term[at:]
        yield from (left + letter + right for letter in ascii_lowercase)
        if right:
            yield left + right[1:]
            yield from (left + letter + right[1:] for letter in ascii_lowercase)
        if len(right) > 1:
            yield left + right[1] + right[0] + right[2:]


def edits(one: str, other: str) -> int:
    """How many edits make `other` of `one`."""
    before: list[int] = []
    row = list(range(len(other) + 1))
    for i, letter in enumerate(one, 1):
        last, before, row = before, row, [i]
        for j, wanted in enumerate(other, 1):
            cost = min(before[j] + 1, row[j - 1] + 1, before[j - 1] + (letter != wanted))
            if i > 1 and j > 1 and letter == other[j - 2] and one[i - 2] == wanted:
                cost = min(cost, last[j - 2] + 1)
            row.append(cost)
    return row[-1]
