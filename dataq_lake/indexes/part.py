"""A part of the vectors: a FAISS index over rows in order of their segment ids.

Files: vectors.faiss, ids.npy (sorted keys), what places.py keeps for filters and shown.py for hits;
a large one has lists.py's besides. Never changed once written.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from dataq_lake.errors import REPAIR, IndexDamaged
from dataq_lake.indexes.keys import KEY, find_keys
from dataq_lake.indexes.lists import LISTED_ROWS, Lists, write_lists
from dataq_lake.indexes.places import Places, load, write_places

if TYPE_CHECKING:
    import faiss
    import pyarrow as pa
    from numpy.typing import NDArray

    from dataq_lake.indexes.folder import IndexFolder
    from dataq_lake.indexes.manifest import Manifest
    from dataq_lake.indexes.shown import Shown

AT_ONCE = 4_096
SCANNED_ROWS = 16_384
"""So few rows that may be found are all compared, in a part of any size."""
FIRST = 256
"""So many hits are looked for in a part's lists; what follows them is exact."""


@dataclass(frozen=True)
class Rows:
    """Segments with their vectors (n, dimensions) and what hits show, in the same order."""

    keys: NDArray[np.bytes_]
    vectors: NDArray[np.float32]
    shown: pa.Table


class Part:
    """One part, mapped rather than read; `gone` marks the rows that no longer count."""

    def __init__(self, folder: Path, gone: NDArray[np.bool_] | None = None) -> None:
        self.id = folder.name
        self.folder = folder
        self.gone = gone
        self.places = Places(folder)
        self.lists = Lists(folder)

    @cached_property
    def keys(self) -> NDArray[np.bytes_]:
        """The sorted keys of the rows, gone ones included."""
        return load(self.folder / "ids.npy")

    @cached_property
    def index(self) -> faiss.Index:
        """The FAISS index."""
        import faiss

        # Threads are for many queries at once: one of 33,000 vectors took 12 ms with one and,
        # on a busy machine, 60 with two.
        faiss.omp_set_num_threads(1)
        flags = faiss.IO_FLAG_MMAP_IFC | faiss.IO_FLAG_READ_ONLY
        try:
            return faiss.read_index(str(self.folder / "vectors.faiss"), flags)
        except RuntimeError as error:
            raise IndexDamaged(f"index part {self.id} cannot be read: {REPAIR}") from error

    @cached_property
    def shown(self) -> Shown:
        """What a hit shows of each row."""
        from dataq_lake.indexes.shown import Shown

        return Shown(self.folder)

    @property
    def count(self) -> int:
        """How many rows still count."""
        return len(self.keys) - (0 if self.gone is None else int(self.gone.sum()))

    def find(self, keys: NDArray[np.bytes_]) -> NDArray[np.int64]:
        """The row of each key, -1 where it is not here or gone."""
        rows = find_keys(keys, self.keys)
        return rows if self.gone is None else np.where(self.gone[rows], -1, rows)

    def allowed(self, wanted: NDArray[np.bool_] | None) -> NDArray[np.bool_] | None:
        """The rows that count and are `wanted`; None for all of them."""
        if self.gone is None:
            return wanted
        return ~self.gone if wanted is None else wanted & ~self.gone

    def nearest(
        self, query: NDArray[np.float32], k: int, wanted: NDArray[np.bool_] | None = None
    ) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
        """Similarities and rows of the up to `k` best among `wanted`, the best first.

        Exact where few may be found or the part has no lists; else of the first FIRST some may be
        missed. Whatever `k` is, the rows are the beginning of the same sequence.
        """
        allowed = self.allowed(wanted)
        rows = len(self.keys)
        kept = rows if allowed is None else int(np.count_nonzero(allowed))
        if not kept:
            return np.zeros(0, np.float32), np.zeros(0, np.int64)
        if not self.lists.there:
            return self._searched(query, min(k, rows), allowed)
        if allowed is not None and kept <= SCANNED_ROWS:
            return self._compared(query, np.flatnonzero(allowed), k)
        first = self._compared(query, self.lists.candidates(query, allowed, kept / rows), FIRST)
        if k <= len(first[0]) == FIRST:
            return first[0][:k], first[1][:k]
        return self._continued(query, first, k, allowed)

    def _searched(
        self, query: NDArray[np.float32], k: int, allowed: NDArray[np.bool_] | None
    ) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
        """The best by FAISS, which orders equal ones as it likes."""
        import faiss

        loose: Any = faiss  # its wrappers take other arguments than its stubs tell
        params = None
        if allowed is not None:
            bits = np.packbits(allowed, bitorder="little")
            params = loose.SearchParameters(sel=loose.IDSelectorBitmap(bits))
        similarities, rows = self.index.search(query.reshape(1, -1), k, params=params)
        found = rows[0] >= 0
        return similarities[0][found], rows[0][found]

    def _compared(
        self, query: NDArray[np.float32], rows: NDArray[np.int64], k: int
    ) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
        """The best of `rows`, which are sorted; equal ones in their order."""
        import faiss

        loose: Any = faiss
        similarities = np.empty(len(rows), np.float32)
        if not len(rows):
            return similarities, rows
        query = np.ascontiguousarray(query, np.float32)
        loose.downcast_index(self.index).compute_distance_subset(
            1, loose.swig_ptr(query), len(rows), loose.swig_ptr(similarities), loose.swig_ptr(rows)
        )
        best = np.argsort(-similarities, kind="stable")[:k]
        return similarities[best], rows[best]

    def _continued(
        self,
        query: NDArray[np.float32],
        first: tuple[NDArray[np.float32], NDArray[np.int64]],
        k: int,
        allowed: NDArray[np.bool_] | None,
    ) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
        """`first` and all that comes after it; what it missed before its end stays missed.

        Else a hit would turn up on one page, or push another onto two, as one looks further down.
        """
        every = np.arange(len(self.keys)) if allowed is None else np.flatnonzero(allowed)
        if len(first[0]) < FIRST:
            return self._compared(query, every, k)
        similarities, rows = self._compared(query, every, len(every))
        last, row = first[0][-1], first[1][-1]
        after = (similarities < last) | ((similarities == last) & (rows > row))
        return (
            np.concatenate([first[0], similarities[after]])[:k],
            np.concatenate([first[1], rows[after]])[:k],
        )


def join_rows(several: list[Rows]) -> Rows:
    """All of them as one."""
    import pyarrow as pa

    return Rows(
        np.concatenate([rows.keys for rows in several]),
        np.concatenate([rows.vectors for rows in several]),
        pa.concat_tables([rows.shown for rows in several]).combine_chunks(),
    )


def write_part(folder: Path, rows: Rows) -> None:
    """Stores `rows` in the empty `folder`, sorted by key."""
    from dataq_lake.indexes.shown import write_shown

    order = np.argsort(rows.keys)
    np.save(folder / "ids.npy", rows.keys[order].astype(KEY), allow_pickle=False)
    _write_vectors(folder, rows.vectors, order)
    write_places(folder, rows.shown, order)
    write_shown(folder, rows.shown, order)


def _write_vectors(folder: Path, vectors: NDArray[np.float32], order: NDArray[np.int64]) -> None:
    import faiss

    index = faiss.IndexFlatIP(vectors.shape[1])
    for start in range(0, len(order), AT_ONCE):  # all at once would be one more copy of them
        index.add(vectors[order[start : start + AT_ONCE]])
    faiss.write_index(index, str(folder / "vectors.faiss"))


def add_lists(folder: Path) -> None:
    """Puts lists into the folder of a part that is large enough to need them."""
    part = Part(folder)
    if len(part.keys) >= LISTED_ROWS:
        write_lists(folder, part.index)


def open_parts(folder: IndexFolder, manifest: Manifest) -> list[Part]:
    """The parts of a snapshot, each with the rows that no longer count in it."""
    some_gone = any(entry.gone for entry in manifest.parts)
    home = folder.snapshot_folder(manifest) if some_gone else folder.snapshots
    return [
        Part(
            folder.part_folder(entry.id),
            np.load(gone_file(home, entry.id), allow_pickle=False) if entry.gone else None,
        )
        for entry in manifest.parts
    ]


def gone_file(snapshot: Path, part: str) -> Path:
    """Where a snapshot keeps which rows of a part no longer count."""
    return snapshot / f"gone-{part}.npy"
