"""How rankings become one, and why a hit is where it is: ranks, scores, words in its text."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping
    from collections.abc import Set as AbstractSet

    from dataq_lake.search.documents import Document
    from dataq_lake.search.query import Question
    from dataq_lake.search.retrievers import Ranking
    from dataq_lake.search.spelling import Near
    from dataq_lake.search.words import Words

# Not the usual 60 and 1, and not by rank alone: docs/decisions/fusion-by-rank.md has the figures.
RRF_K = 10
WEIGHTS = {"text": 1.0, "vector": 0.7}
_FUSION = {
    "method": "reciprocal rank fusion",
    "k": RRF_K,
    "score": "sum over the retrievers that found it of weight / (k + rank), in text times share",
}
_OF_NUMBERS = 0.25
_SHOWN = 100


def weights_for(question: Question, weights: Mapping[str, float] = WEIGHTS) -> dict[str, float]:
    """What each retriever counts for a question, of what it counts as a rule.

    Meaning counts less where there are digits: to a model one code or date is much like another.
    """
    numbers = any(sign.isdigit() for sign in question.words)
    return {**weights, "vector": weights["vector"] * (_OF_NUMBERS if numbers else 1.0)}


def fuse(
    rankings: Mapping[str, Ranking], weights: Mapping[str, float] = WEIGHTS
) -> dict[str, float]:
    """Reciprocal rank fusion: for each id the sum of weight / (RRF_K + rank), ranks from 1.

    In text that is times the share of the best score that it has. Cormack, Clarke and Büttcher,
    "Reciprocal rank fusion outperforms Condorcet and individual rank learning methods", SIGIR 2009.
    """
    scores: dict[str, float] = {}
    for name, ranking in rankings.items():
        for id_, rank in ranking.ranks.items():
            share = _share(ranking, id_) if name == "text" else 1.0
            scores[id_] = scores.get(id_, 0.0) + weights[name] * share / (RRF_K + rank)
    return scores


def explain(
    document: Document,
    question: Question,
    words: Words,
    rankings: Mapping[str, Ranking],
    weights: Mapping[str, float] = WEIGHTS,
) -> dict[str, Any]:
    """Rank and score of the document in each retriever asked, None where that one missed it.

    In text also its share, from 0 to 1: its score by the best one's.

    `terms` lists the query's words in its text with their places, in characters; a word that an
    unknown one was taken for says which, and how many edits are between their stems.
    """
    why: dict[str, Any] = {
        name: _place(ranking, document["id"]) for name, ranking in rankings.items()
    }
    if why.get("text"):
        why["text"]["share"] = _share(rankings["text"], document["id"])
    why["terms"] = [
        each | _meant(question.near.get(each["term"]))
        for each in matches(document, question.stems(document.get("language")), words)
    ]
    if len(rankings) > 1:
        why["fusion"] = {**_FUSION, "weights": weights}
    return why


def matches(document: Document, stems: AbstractSet[str], words: Words) -> list[dict[str, Any]]:
    """Where words with these stems stand in the document's text, the first hundred."""
    if not stems:
        return []
    text, analyzer = document["text"], words.of(document.get("language"))
    found = (token for token in analyzer.pre_tokenize(text).tokens if token.text in stems)
    return [
        {
            "term": token.text,
            "text": text[token.char_offset_from : token.char_offset_to],
            "start": token.char_offset_from,
            "end": token.char_offset_to,
        }
        for token, _ in zip(found, range(_SHOWN), strict=False)
    ]


def _meant(near: Near | None) -> dict[str, Any]:
    return {} if near is None else {"for": near.typed, "edits": near.distance}


def _place(ranking: Ranking, id_: str) -> dict[str, Any] | None:
    if id_ not in ranking.scores:
        return None
    return {"rank": ranking.ranks[id_], "score": ranking.scores[id_]}


def _share(ranking: Ranking, id_: str) -> float:
    """How near a score comes to the best one; 1 where no hit has any, as with `*`."""
    best = next(iter(ranking.scores.values()))
    return ranking.scores[id_] / best if best > 0 else 1.0
