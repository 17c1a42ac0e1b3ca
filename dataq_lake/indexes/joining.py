"""Makes one part of several, a piece at a time: however many rows there are, few are in memory."""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from dataq_lake.indexes.keys import KEY
from dataq_lake.indexes.places import PLACE, write_columns
from dataq_lake.indexes.shown import write_tables

if TYPE_CHECKING:
    import pyarrow as pa
    from numpy.typing import NDArray

    from dataq_lake.indexes.part import Part

AT_ONCE = 8_192
_FLOATS = struct.Struct("<Q")


class Joined:
    """What still counts of several parts, in order of keys."""

    def __init__(self, parts: Sequence[Part]) -> None:
        self._parts = parts
        live = [_live(part) for part in parts]
        keys = np.concatenate([part.keys[rows] for part, rows in zip(parts, live, strict=True)])
        order = np.argsort(keys)
        owners = np.repeat(np.arange(len(parts), dtype=np.int32), [len(rows) for rows in live])
        self.keys = keys[order]
        self._owners = owners[order]
        self._rows = np.concatenate(live)[order]

    def pieces(self) -> Iterator[list[tuple[Part, NDArray[np.int64], NDArray[np.int64]]]]:
        """For each piece in turn: of each part which places of the piece come from which rows."""
        for start in range(0, len(self.keys), AT_ONCE):
            owners = self._owners[start : start + AT_ONCE]
            rows = self._rows[start : start + AT_ONCE]
            yield [
                (self._parts[owner], places, rows[places])
                for owner in np.unique(owners).tolist()
                for places in (np.flatnonzero(owners == owner),)
            ]


def write_joined(folder: Path, parts: Sequence[Part]) -> None:
    """Stores what still counts of `parts` in the empty `folder`, sorted by key."""
    joined = Joined(parts)
    np.save(folder / "ids.npy", joined.keys.astype(KEY), allow_pickle=False)
    _write_vectors(folder / "vectors.faiss", joined, parts[0].index.d)
    _write_places(folder, joined, parts)
    write_tables(folder, _shown(joined))


def _live(part: Part) -> NDArray[np.int64]:
    return np.arange(len(part.keys)) if part.gone is None else np.flatnonzero(~part.gone)


def _write_vectors(file: Path, joined: Joined, wide: int) -> None:
    """An index as FAISS writes it, without having all of it in memory.

    https://github.com/facebookresearch/faiss/blob/main/faiss/impl/index_write.cpp: the number of
    rows is the eight bytes from the ninth on, that of floats the eight before the floats.
    """
    import faiss

    head = bytearray(faiss.serialize_index(faiss.IndexFlatIP(wide)).tobytes())
    rows = len(joined.keys)
    _FLOATS.pack_into(head, 8, rows)
    _FLOATS.pack_into(head, len(head) - _FLOATS.size, rows * wide)
    with file.open("wb") as stream:
        stream.write(head)
        for piece in joined.pieces():
            vectors = np.empty((sum(len(places) for _, places, _ in piece), wide), np.float32)
            for part, places, numbers in piece:
                vectors[places] = part.index.reconstruct_batch(numbers)
            stream.write(vectors.data)


def _write_places(folder: Path, joined: Joined, parts: Sequence[Part]) -> None:
    numbers: dict[PLACE, int] = {}
    maps = {}
    for part in parts:
        used = np.unique(part.places.of_row[_live(part)])
        mine = np.zeros(len(part.places.times), np.uint32)
        mine[used] = [numbers.setdefault(part.places.place(n), len(numbers)) for n in used.tolist()]
        maps[part.id] = mine
    of_row = np.empty(len(joined.keys), np.uint32)
    start = 0
    for piece in joined.pieces():
        for part, places, rows in piece:
            of_row[start + places] = maps[part.id][part.places.of_row[rows]]
        start += sum(len(places) for _, places, _ in piece)
    write_columns(folder, list(numbers), of_row)


def _shown(joined: Joined) -> Iterator[pa.Table]:
    import pyarrow as pa

    for piece in joined.pieces():
        tables = [part.shown.taken(rows) for part, _, rows in piece]
        order: Any = np.argsort(np.concatenate([places for _, places, _ in piece]))
        yield pa.concat_tables(tables).take(order)
