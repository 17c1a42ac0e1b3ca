"""The words of a query as the texts of one index may have them: by the stems of their languages.

What is typed is too short to tell its language. So a word stands for its stem in each language
that the texts have, and that stem is looked for in the texts of this language only.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import tantivy

    from dataq_lake.indexes.snapshot import Snapshot

Other = tuple[str, tuple[str, ...]]
"""A stem that is not the English one, and the ISO 639 codes of the languages that make it."""


@dataclass(frozen=True)
class Word:
    """What a word of a query may be in texts.

    `stem`, its English one, counts in any text: English takes little away, so that it is what
    names, codes and words of languages without a stemmer are.
    """

    stem: str
    others: tuple[Other, ...] = ()

    def stems(self, language: str | None) -> Iterator[str]:
        """What it is in texts of a language."""
        yield self.stem
        yield from (stem for stem, languages in self.others if language in languages)


class Words:
    """Knows the languages of one text index, and how frequent its words are."""

    def __init__(self, snapshot: Snapshot) -> None:
        from dataq_lake.indexes.fulltext import LANGUAGE
        from dataq_lake.indexes.words import ENGLISH, STEMMERS, analyzer

        self.searcher = snapshot.text.searcher()
        self._schema = snapshot.text.schema
        self._english = analyzer()
        self._others = {
            code: analyzer(stemmer)
            for code, stemmer in STEMMERS.items()
            if snapshot.manifest.stems_by_language
            and stemmer != ENGLISH
            and self.searcher.doc_freq(LANGUAGE, code)
        }

    def of(self, language: str | None = None) -> tantivy.TextAnalyzer:
        """What made the words of the texts in a language, by its ISO 639 code."""
        return self._others.get(language or "", self._english)

    def phrases(self, text: str) -> list[Other]:
        """The stems of `text` with a space between: first the English ones, of any language."""
        found: dict[str, list[str]] = {}
        for code, analyzer in self._others.items():
            found.setdefault(" ".join(analyzer.analyze(text)), []).append(code)
        english = " ".join(self._english.analyze(text))
        found.pop(english, None)
        return [(english, ()), *((stems, tuple(codes)) for stems, codes in found.items())]

    def words(self, text: str) -> list[Word]:
        """Its words, in their order."""
        (english, _), *others = self.phrases(text)
        words = []
        for number, stem in enumerate(english.split(" ") if english else ()):
            found: dict[str, tuple[str, ...]] = {}
            for stems, codes in others:
                other = stems.split(" ")[number]
                if other != stem:
                    found[other] = found.get(other, ()) + codes
            words.append(Word(stem, tuple(found.items())))
        return words

    def knows(self, word: Word, fields: Sequence[str]) -> bool:
        """Whether some text has it in one of `fields`."""
        if self.frequency(word.stem, fields):
            return True
        return any(self._has(other, field) for other in word.others for field in fields)

    def frequency(self, stem: str, fields: Iterable[str]) -> int:
        """In how many texts it is, once for each of `fields`."""
        return sum(self.searcher.doc_freq(field, stem) for field in fields)

    def query(self, word: Word, field: str) -> Iterator[tuple[tantivy.Query, float]]:
        """The word in a field as queries, and what the score of each counts.

        In one language it may be common and in another rare only because few texts are in that: it
        counts no more there than in all the others.
        """
        import tantivy

        yield tantivy.Query.term_query(self._schema, field, word.stem, "freq"), 1.0
        known = self.searcher.doc_freq(field, word.stem)
        for stem, languages in word.others:
            if count := self.searcher.doc_freq(field, stem):
                query = tantivy.Query.term_query(self._schema, field, stem, "freq")
                share = min(1.0, self._rarity(known) / self._rarity(count)) if known else 1.0
                yield self.within(query, languages), share

    def within(self, query: tantivy.Query, languages: tuple[str, ...]) -> tantivy.Query:
        """`query` in texts of these languages, or of any if there are none."""
        import tantivy

        from dataq_lake.indexes.fulltext import LANGUAGE

        if not languages:
            return query
        texts = tantivy.Query.term_set_query(self._schema, LANGUAGE, list(languages))
        return query.and_must_match(tantivy.Query.const_score_query(texts, 0.0))

    def _has(self, other: Other, field: str) -> bool:
        import tantivy

        stem, languages = other
        if not self.searcher.doc_freq(field, stem):
            return False
        query = tantivy.Query.term_query(self._schema, field, stem, "basic")
        return bool(self.searcher.search(self.within(query, languages), 1, count=False).hits)

    def _rarity(self, count: int) -> float:
        """The weight that BM25 gives a word of so many texts."""
        return math.log1p((self.searcher.num_docs - count + 0.5) / (count + 0.5))
