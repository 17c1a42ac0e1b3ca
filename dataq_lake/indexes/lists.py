"""Inverted lists beside the vectors of a large part: where its nearest ones most likely are.

They hold a bit a dimension (RaBitQ), in clusters that FAISS finds: a search looks through the codes
of the nearest clusters and compares the best CANDIDATES by their full vectors. The file is mapped;
what is read is the centroids, and of the codes those that are looked at.
"""

from __future__ import annotations

from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from dataq_lake.errors import REPAIR, IndexDamaged

if TYPE_CHECKING:
    import faiss
    from numpy.typing import NDArray

FILE = "lists.faiss"
LISTED_ROWS = 32_768
"""A part with so many rows has lists; a smaller one is searched row by row, in milliseconds."""
CANDIDATES = 1_024
PROBES = 256
"""So many clusters are looked through where all rows may be found: of a million rows a quarter."""
_WIDENED = 0.15
_SAMPLE = 64
"""Vectors a cluster from which the centroids are learnt."""
_ROUNDS = 10
_AT_ONCE = 16_384


class Lists:
    """The lists of one part."""

    def __init__(self, folder: Path) -> None:
        self._file = folder / FILE

    @property
    def there(self) -> bool:
        """Whether the part has any."""
        return self._file.exists()

    @cached_property
    def index(self) -> faiss.IndexIVFRaBitQ:
        """The FAISS index; raises IndexDamaged."""
        import faiss

        loose: Any = faiss
        try:
            index = loose.read_index(str(self._file), faiss.IO_FLAG_MMAP | faiss.IO_FLAG_READ_ONLY)
        except RuntimeError as error:
            part = self._file.parent.name
            raise IndexDamaged(f"{FILE} of index part {part} cannot be read: {REPAIR}") from error
        # With 32 threads it would read ahead for each query.
        loose.downcast_InvertedLists(index.invlists).prefetch_nthread = 0
        found: faiss.IndexIVFRaBitQ = index
        return found

    def candidates(
        self, query: NDArray[np.float32], allowed: NDArray[np.bool_] | None, share: float
    ) -> NDArray[np.int64]:
        """Up to CANDIDATES rows, sorted, that are probably nearest; `share` of all is allowed.

        The fewer may be found, the more clusters are looked through, for the nearest ones that may
        be found can then be far away.
        """
        import faiss

        loose: Any = faiss
        probes = min(self.index.nlist, round(PROBES * share**-_WIDENED))
        more = {}
        if allowed is not None:
            bits = np.packbits(allowed, bitorder="little")
            more["sel"] = loose.IDSelectorBitmap(bits)
        params = loose.IVFRaBitQSearchParameters(nprobe=probes, **more)
        count = min(CANDIDATES, self.index.ntotal)
        _, rows = self.index.search(query.reshape(1, -1), count, params=params)
        found: NDArray[np.int64] = np.sort(rows[0][rows[0] >= 0])
        return found


def write_lists(folder: Path, vectors: faiss.Index) -> None:
    """Stores the lists of `vectors`, of which `folder` is the part's; the same each time."""
    import faiss

    faiss.omp_set_num_threads(1)
    loose: Any = faiss
    rows = vectors.ntotal
    clusters = 1 << round(np.log2(max(1, rows)) / 2)
    index = loose.index_factory(vectors.d, f"IVF{clusters},RaBitQ", faiss.METRIC_INNER_PRODUCT)
    index.cp.niter = _ROUNDS
    # Rows are in order of ids, which are hashes: every n-th is a fair sample.
    sample = np.linspace(0, rows - 1, min(rows, _SAMPLE * clusters)).astype(np.int64)
    index.train(vectors.reconstruct_batch(sample))
    for start in range(0, rows, _AT_ONCE):
        index.add(vectors.reconstruct_n(start, min(_AT_ONCE, rows - start)))
    loose.write_index(index, str(folder / FILE))
