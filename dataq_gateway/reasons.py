"""Why a hit was found, in words, and the part of its text that shows it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import click

from dataq_gateway.output import width

RETRIEVERS = {"text": "words", "vector": "meaning"}


def reasons(why: Mapping[str, Any]) -> str:
    """Rank and score in each retriever, and the words that matched."""
    parts = []
    for name, says in RETRIEVERS.items():
        if name in why and (found := why[name]):
            parts.append(f"{says} rank {found['rank']} (score {found['score']:.3g})")
        elif name in why:
            parts.append(f"{says} not among the best")
    if words := {_matched(each) for each in why.get("terms", ())}:
        telling = sorted(words, key=lambda word: (-len(word), word))
        parts.append(f"matched {', '.join(telling)}")
    parts += _likeness(why.get("likeness", {}))
    if why.get("feedback", {}).get("factor", 1) != 1:
        parts.append(f"feedback × {why['feedback']['factor']:.2f}")
    return "; ".join(parts)


def _matched(term: Mapping[str, Any]) -> str:
    """The word as it stands, and the unknown one that it was taken for."""
    word = term["text"].lower()
    return f"{word} (for {term['for']})" if "for" in term else word


def _likeness(likeness: Mapping[str, Any]) -> list[str]:
    """How near it is to each example, by cosine."""
    return [
        f"{says} {each['id'][:8]} {each['score']:.2f}"
        for says in ("like", "unlike")
        for each in likeness.get(says, ())
    ]


def passage(snippet: Mapping[str, Any], length: int) -> str:
    """A snippet of a text of this `length` on one line, what matched in it marked."""
    text, at = snippet["text"], 0
    pieces = ["…" if snippet["start"] else ""]
    for start, end in snippet["highlights"]:
        if at <= start:
            pieces.append(calm(text[at:start]))
            pieces.append(click.style(calm(text[start:end]), bold=True))
            at = end
    pieces += [calm(text[at:]), "…" if snippet["end"] < length else ""]
    return " ".join("".join(pieces).split())


def hanging(text: str, indent: str, columns: int) -> str:
    """Words of `text` in lines of at most `columns`, each after `indent`; colours take no room."""
    lines, room = [indent], columns - width(indent)
    left = room
    for word in text.split():
        taken = width(click.unstyle(word))
        if taken + 1 > left < room:
            lines.append(indent)
            left = room
        lines[-1] += word if left == room else f" {word}"
        left -= taken if left == room else taken + 1
    return "\n".join(lines)


def calm(text: str) -> str:
    """`text` without characters that would do something to a terminal."""
    return "".join(each if each.isprintable() else " " for each in text)
