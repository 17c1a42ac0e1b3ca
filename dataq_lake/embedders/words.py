"""Token ids of texts by way of their words: exact, and several times faster than by whole texts.

The tokenizer of Llama 2 runs byte-pair merges over a whole text as one word. Its vocabulary has no
token in which a space follows anything but spaces, none with a newline in it and none that joins
ASCII letters, digits and punctuation, so merges never cross these borders: the ids of a text are
those of its words, and words repeat. A test holds the vocabulary to this.
"""

from __future__ import annotations

import re
from functools import cached_property
from itertools import chain
from threading import Lock
from typing import TYPE_CHECKING

import numpy as np

from dataq_lake.embedders.merges import Merges

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from tokenizers import Tokenizer

_words = re.compile(r"\n| *[^ \n]+| +").findall
# Of words in ASCII only: quotation marks and the like do merge with ASCII punctuation.
_pieces = re.compile(r" *[A-Za-z]+| *[0-9]| *[^A-Za-z0-9 ]+| +").findall
_sections = re.compile("(<unk>|<s>|</s>)").split  # the tokenizer takes these out first
_NEWLINE = 13
_FIXED = {
    "\n": np.int32(_NEWLINE).tobytes(),
    "<unk>": np.int32(0).tobytes(),
    "<s>": np.int32(1).tobytes(),
    "</s>": np.int32(2).tobytes(),
}
_REMEMBERED = 100_000  # words, about 30 MB
_LONG = 64  # characters: longer words hardly repeat and would fill the memory
_CHUNK = 500  # words
_FEW = 500  # characters: a search, for which loading the tokenizer would take longer


class WordTokenizer:
    """Turns texts into the token ids of the tokenizer in `file`, without its start token."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._words = dict(_FIXED)
        self._pieces = dict(_FIXED)
        self._lock = Lock()

    def load(self) -> None:
        """Load the tokenizer now rather than with the first texts."""
        _ = self._tokenizer

    def encode(self, texts: Sequence[str]) -> list[bytes]:
        """The ids of each text as bytes of int32; empty for an empty text."""
        split = [_split(text) for text in texts]
        with self._lock:
            unknown = set().union(*split).difference(self._words)
            if unknown:
                self._learn(unknown)
            get = self._words.__getitem__
            ids = [b"".join(map(get, words)) for words in split]
            self._forget(unknown)
        return ids

    def _learn(self, words: set[str]) -> None:
        spelled = [(word, _pieces(word) if word.isascii() else (word,)) for word in words]
        unknown = set(chain.from_iterable(pieces for _, pieces in spelled)).difference(self._pieces)
        self._pieces.update(self._merge(list(unknown)))
        get = self._pieces.__getitem__
        self._words.update((word, b"".join(map(get, pieces))) for word, pieces in spelled)

    @cached_property
    def _merges(self) -> Merges:
        return Merges(self._file)

    @cached_property
    def _tokenizer(self) -> Tokenizer:
        from tokenizers import Tokenizer, normalizers

        tokenizer = Tokenizer.from_file(str(self._file))
        tokenizer.normalizer = normalizers.Replace(" ", "▁")
        return tokenizer

    def _merge(self, pieces: list[str]) -> Iterable[tuple[str, bytes]]:
        """The ids of each piece; they go in by the hundred, as one call a word costs more."""
        if sum(map(len, pieces)) < _FEW and "_tokenizer" not in self.__dict__:
            for piece in pieces:
                ids = self._merges.encode(piece.replace(" ", "▁"))
                yield piece, np.array(ids, np.int32).tobytes()
            return
        chunks = [pieces[i : i + _CHUNK] for i in range(0, len(pieces), _CHUNK)]
        encoded = self._tokenizer.encode_batch_fast(
            ["\n".join(chunk) for chunk in chunks], add_special_tokens=False
        )
        for chunk, encoding in zip(chunks, encoded, strict=True):
            yield from zip(chunk, _cut(encoding.ids), strict=True)

    def _forget(self, new: set[str]) -> None:
        for known in (self._words, self._pieces):
            if len(known) > _REMEMBERED:
                known.clear()
                known.update(_FIXED)
        for word in new:
            if len(word) > _LONG:
                self._words.pop(word, None)
                self._pieces.pop(word, None)


def _split(text: str) -> list[str]:
    if "<" not in text:
        return _words(" " + text) if text else []
    words: list[str] = []
    for section in _sections(text):
        if section in _FIXED:
            words.append(section)
        elif section:
            words += _words(" " + section)
    return words


def _cut(ids: list[int]) -> Iterable[bytes]:
    """`ids` cut at the newlines, as bytes of int32."""
    array = np.array(ids, dtype=np.int32)
    data, start = array.tobytes(), 0
    for end in np.flatnonzero(array == _NEWLINE).tolist():
        yield data[4 * start : 4 * end]
        start = end + 1
    yield data[4 * start :]
