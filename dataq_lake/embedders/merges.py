"""Byte-pair merges for a handful of words, as a search needs them.

Reading the merges costs a third of what loading the tokenizer does, 40 against 110 ms, which is
most of what a search from the shell would wait for. A test holds both to the same ids.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


class Merges:
    """The vocabulary and merges of a tokenizer file of the kind of Llama 2, with byte fallback."""

    def __init__(self, file: Path) -> None:
        model = json.loads(file.read_bytes())["model"]
        self._ids: dict[str, int] = model["vocab"]
        self._ranks = {pair: rank for rank, pair in enumerate(model["merges"])}

    def encode(self, word: str) -> list[int]:
        """The token ids of one word, its spaces written as ▁."""
        parts = list(word)
        while True:
            ranked = [
                (self._ranks[pair], at)
                for at in range(len(parts) - 1)
                if (pair := f"{parts[at]} {parts[at + 1]}") in self._ranks
            ]
            if not ranked:
                return [id_ for part in parts for id_ in self._token(part)]
            _, at = min(ranked)
            parts[at : at + 2] = [parts[at] + parts[at + 1]]

    def _token(self, part: str) -> list[int]:
        if part in self._ids:
            return [self._ids[part]]
        return [self._ids[f"<0x{byte:02X}>"] for byte in part.encode()]
