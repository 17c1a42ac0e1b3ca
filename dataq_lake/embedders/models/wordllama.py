"""wordllama: the mean of token vectors distilled from Llama 2; the fast default.

The weights and the tokenizer are those inside the package; its own code is not imported (that takes
half a second and looks for a network) but gives the same vectors, which a test holds it to.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from dataq_lake.embedders.packages import package_file, package_version
from dataq_lake.embedders.words import WordTokenizer

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

_INSTALL = "wordllama==0.4.0.post1"
_BATCH_TEXTS = 256
_BATCH_CHARACTERS = 1_000_000
_POOLED_TOKENS = 8192
_FEW_TEXTS = 32  # up to here half-precision rows are widened as needed, not the whole table


class WordLlama:
    """256 dimensions; a text of any length counts as a whole, nothing is cut off."""

    name = "wordllama"
    dimensions = 256

    def __init__(self, weights: Path, tokenizer: Path, version: str) -> None:
        self.version = version
        self._half = _table(weights, self.dimensions)
        self._full: NDArray[np.float32] | None = None
        self._tokenizer = WordTokenizer(tokenizer)

    def load(self) -> None:
        """Widen the whole table and load the tokenizer, as many texts need them."""
        if self._full is None:
            self._full = self._half.astype(np.float32)
        self._tokenizer.load()

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """One row a text, (n, 256), of unit length; zeros where a text is empty."""
        vectors = np.zeros((len(texts), self.dimensions), np.float32)
        if len(texts) > _FEW_TEXTS:
            self.load()
        row = 0
        for batch in _batches(texts):
            for ids in self._tokenizer.encode(batch):
                self._add_up(np.frombuffer(ids, np.int32), vectors[row])
                row += 1
        # The mean differs from the sum by a factor, which unit length takes away.
        lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
        np.divide(vectors, lengths, out=vectors, where=lengths > 0)
        return vectors

    def _add_up(self, ids: NDArray[np.int32], total: NDArray[np.float32]) -> None:
        table = self._half if self._full is None else self._full
        for start in range(0, len(ids), _POOLED_TOKENS):
            rows = table.take(ids[start : start + _POOLED_TOKENS], axis=0)
            total += np.add.reduce(rows, axis=0, dtype=np.float32)


def load() -> WordLlama:
    """The model from the installed package; raises ModelNotInstalled where it is not."""
    return WordLlama(
        package_file("wordllama", "weights/l2_supercat_256.safetensors", _INSTALL),
        package_file("wordllama", "tokenizers/l2_supercat_tokenizer_config.json", _INSTALL),
        package_version("wordllama", _INSTALL),
    )


def _table(weights: Path, dimensions: int) -> NDArray[np.float16]:
    """The token vectors, mapped, not read. Format: 8 bytes length, JSON header, then the tensor."""
    with weights.open("rb") as file:
        header = int.from_bytes(file.read(8), "little")
    return np.memmap(weights, np.float16, mode="r", offset=8 + header).reshape(-1, dimensions)


def _batches(texts: Sequence[str]) -> Iterator[Sequence[str]]:
    start = characters = 0
    for end, text in enumerate(texts):
        if end > start and (
            end - start == _BATCH_TEXTS or characters + len(text) > _BATCH_CHARACTERS
        ):
            yield texts[start:end]
            start, characters = end, 0
        characters += len(text)
    if start < len(texts):
        yield texts[start:]
