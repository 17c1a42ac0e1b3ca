"""A part of the vectors: an exact FAISS index over rows in order of their segment ids.

Files: vectors.faiss, ids.npy (sorted keys), what places.py keeps for filters and shown.py for hits.
Never changed once written.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from dataq_lake.errors import REPAIR, IndexDamaged
from dataq_lake.indexes.keys import KEY, find_keys
from dataq_lake.indexes.places import Places, load, write_places

if TYPE_CHECKING:
    import faiss
    import pyarrow as pa
    from numpy.typing import NDArray

    from dataq_lake.indexes.folder import IndexFolder
    from dataq_lake.indexes.manifest import Manifest
    from dataq_lake.indexes.shown import Shown

AT_ONCE = 4_096


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
        """Similarities and rows of the up to `k` best among `wanted`, the best first."""
        import faiss

        allowed = self.allowed(wanted)
        if allowed is not None and not allowed.any():
            return np.zeros(0, np.float32), np.zeros(0, np.int64)
        loose: Any = faiss  # its wrappers take other arguments than its stubs tell
        params = None
        if allowed is not None:
            bits = np.packbits(allowed, bitorder="little")
            params = loose.SearchParameters(sel=loose.IDSelectorBitmap(bits))
        similarities, rows = self.index.search(
            query.reshape(1, -1), min(k, len(self.keys)), params=params
        )
        found = rows[0] >= 0
        return similarities[0][found], rows[0][found]

    def live(self) -> Rows:
        """The rows that still count, for a part that takes this one's place."""
        vectors = self.index.reconstruct_n(0, len(self.keys))
        keep = np.arange(len(self.keys)) if self.gone is None else np.flatnonzero(~self.gone)
        return Rows(np.array(self.keys)[keep], vectors[keep], self.shown.table().take(keep))


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
