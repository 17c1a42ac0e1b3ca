"""The words of many texts as hashes, a few operations a word: most of a comparison is reading."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

if TYPE_CHECKING:
    from numpy.typing import NDArray

_WIDE = 8
_MASKS = np.array([(1 << 8 * size) - 1 for size in range(_WIDE + 1)], dtype=np.uint64)
_MIX = np.uint64(0x9E3779B97F4A7C15)  # 2**64 / golden ratio: Fibonacci hashing, Knuth 6.4
_SHIFT = np.uint64(29)
# What is no word becomes 0, capitals become small; whatever is not ASCII is part of a word.
_LETTERS = bytes(
    byte if byte >= 0x80 or chr(byte).isalnum() or byte == ord("_") else 0
    for byte in bytes(range(256)).lower()
)


def word_hashes(texts: Sequence[str]) -> tuple[NDArray[np.uint64], NDArray[np.int64]]:
    r"""The words (`\w+`) of each text in small letters, as hashes of 64 bits.

    Those of all texts, one after another, and how many each text has. Words of up to eight bytes
    have hashes of their own.
    """
    encoded = [text.encode("utf-8", "replace") for text in _plain(texts)]
    data = (b"\0".join(encoded) + bytes(_WIDE + 1)).translate(_LETTERS)
    letters = np.frombuffer(data, dtype=np.uint8) != 0
    borders = np.flatnonzero(letters[1:] != letters[:-1]) + 1
    if letters[0]:
        borders = np.concatenate([[0], borders])
    starts, ends = borders[0::2], borders[1::2]
    sizes = np.fromiter(map(len, encoded), dtype=np.int64, count=len(encoded))
    before = np.searchsorted(starts, np.cumsum(sizes + 1))
    return _hashes(data, starts, ends), np.diff(before, prepend=0)


def mixed(hashes: NDArray[np.uint64], more: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Each two numbers as one that looks random."""
    found = (hashes ^ more) * _MIX
    found ^= found >> _SHIFT
    return found


def _hashes(data: bytes, starts: NDArray[np.int64], ends: NDArray[np.int64]) -> NDArray[np.uint64]:
    """Eight bytes of every word at a time; only the longer ones go on."""
    eights = np.ndarray((len(data) - _WIDE + 1,), dtype="<u8", buffer=data, strides=(1,))
    sizes = ends - starts
    nothing = np.zeros(1, dtype=np.uint64)
    hashes = mixed(eights[starts] & _MASKS[np.minimum(sizes, _WIDE)], nothing)
    longer, at = np.flatnonzero(sizes > _WIDE), _WIDE
    while len(longer):
        left = sizes[longer] - at
        part = eights[starts[longer] + at] & _MASKS[np.minimum(left, _WIDE)]
        hashes[longer] = mixed(hashes[longer], part)
        longer, at = longer[left > _WIDE], at + _WIDE
    return hashes


def _plain(texts: Sequence[str]) -> Sequence[str]:
    """Small letters, and spaces instead of signs, where a text has others than those of ASCII."""
    foreign = [number for number, text in enumerate(texts) if not text.isascii()]
    if not foreign:
        return texts
    found = pl.Series([texts[number] for number in foreign], dtype=pl.String)
    small = found.str.to_lowercase().str.replace_all(r"[^\w\x00-\x7f]+", " ")
    told = list(texts)
    for number, text in zip(foreign, small, strict=True):
        told[number] = text
    return told
