"""Segment ids as 16 bytes in numpy: a quarter of the size of their hex digits, and sortable."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterable

    import pyarrow as pa
    from numpy.typing import NDArray

KEY = "S16"


def to_keys(ids: Iterable[str]) -> NDArray[np.bytes_]:
    """The ids, 32 hex digits each, as an array of keys in the same order."""
    return np.frombuffer(bytes.fromhex("".join(ids)), dtype=KEY)


def to_id_array(keys: NDArray[np.bytes_]) -> pa.StringArray:
    """The keys as hex digits, without an object of Python for each."""
    import pyarrow as pa  # a search reads keys and needs none of it

    text = np.ascontiguousarray(keys).tobytes().hex().encode()
    offsets = np.arange(0, len(text) + 1, 32, dtype=np.int32)
    return pa.StringArray.from_buffers(len(keys), pa.py_buffer(offsets), pa.py_buffer(text))


def to_ids(keys: NDArray[np.bytes_]) -> list[str]:
    """The keys as hex digits again."""
    text = np.ascontiguousarray(keys).tobytes().hex()
    return [text[start : start + 32] for start in range(0, len(text), 32)]


def find_keys(keys: NDArray[np.bytes_], sorted_keys: NDArray[np.bytes_]) -> NDArray[np.int64]:
    """Where each of `keys` stands in `sorted_keys`, -1 for those that are not there."""
    if not len(sorted_keys):
        return np.full(len(keys), -1, np.int64)
    places = np.searchsorted(sorted_keys, keys).astype(np.int64)
    places[places == len(sorted_keys)] = 0
    return np.where(sorted_keys[places] == keys, places, -1)
