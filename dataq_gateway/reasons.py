"""Why a hit was found, in words, and the part of its text that shows it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import click

from dataq_gateway.output import width

RETRIEVERS = {"text": "words", "vector": "meaning"}
LEAD = 40


def reasons(why: Mapping[str, Any]) -> str:
    """Rank and score in each retriever, and the words that matched."""
    parts = []
    for name, says in RETRIEVERS.items():
        if name in why and (found := why[name]):
            parts.append(f"{says} rank {found['rank']} (score {found['score']:.3g})")
        elif name in why:
            parts.append(f"{says} not among the best")
    if words := {each["text"].lower() for each in why.get("terms", ())}:
        telling = sorted(words, key=lambda word: (-len(word), word))
        parts.append(f"matched {', '.join(telling)}")
    return "; ".join(parts)


def passage(text: str, terms: list[dict[str, Any]], room: int = 240) -> str:
    """About `room` characters of `text` around the first matched word, matches marked."""
    first = terms[0]["start"] if terms else 0
    start = max(0, first - LEAD) if first + LEAD > room else 0
    end = min(len(text), start + room)
    pieces, at = ["…" if start else ""], start
    for term in terms:
        if at <= term["start"] and term["end"] <= end:
            pieces.append(calm(text[at : term["start"]]))
            pieces.append(click.style(calm(text[term["start"] : term["end"]]), bold=True))
            at = term["end"]
    pieces += [calm(text[at:end]), "…" if end < len(text) else ""]
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
