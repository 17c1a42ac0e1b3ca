"""What a query is about, so that queries can be told to be like each other."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import tantivy


def terms_of(query: str) -> frozenset[str]:
    """The stems of the words of `query`, without fields, and without words that say nothing."""
    from dataq_lake.search.fields import take_fields
    from dataq_lake.search.grammar import literals, parse, without_stop_words

    words = literals(without_stop_words(parse(_plain(take_fields(query).words))))
    analyzer = _analyzer()
    return frozenset(token.text for word in words for token in analyzer.pre_tokenize(word).tokens)


def likeness(one: frozenset[str], other: frozenset[str]) -> float:
    """How much two queries have in common: the Jaccard index of their stems, 0 to 1."""
    both = len(one & other)
    return both / (len(one) + len(other) - both) if both else 0.0


def _plain(text: str) -> str:
    return text.encode("utf-8", "replace").decode()  # lone surrogates are in no text


@cache
def _analyzer() -> tantivy.TextAnalyzer:
    from dataq_lake.indexes.words import analyzer

    return analyzer()
