"""Why a hit was found, as a sentence."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def reasons(why: Mapping[str, Any]) -> str:
    """The retrievers that found the hit with rank and score, and the words that matched."""
    parts = [
        f"{name} rank {found['rank']} (score {found['score']:.3g})"
        for name, found in why.get("retrievers", {}).items()
        if found
    ]
    terms = dict.fromkeys(str(each["term"]) for each in why.get("terms", ()))
    if terms:
        parts.append(f"words {', '.join(terms)}")
    return "; ".join(parts) or "no retriever says"
