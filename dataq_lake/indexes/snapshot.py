"""A published snapshot, opened to be searched."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from dataq_lake.errors import NothingIndexed
from dataq_lake.indexes.folder import IndexFolder, indexes_in

if TYPE_CHECKING:  # a search by text alone needs no vectors and none of what reads them
    from collections.abc import Sequence

    import numpy as np
    import pyarrow as pa
    import tantivy
    from numpy.typing import NDArray

    from dataq_lake.indexes.manifest import Manifest
    from dataq_lake.indexes.part import Part
    from dataq_lake.lake import Lake
    from dataq_lake.location import Location


class Snapshot:
    """The parts and the text index of one snapshot; nothing is read before it is needed."""

    def __init__(self, folder: IndexFolder, manifest: Manifest) -> None:
        self.manifest = manifest
        self._folder = folder

    @cached_property
    def parts(self) -> list[Part]:
        """Its vectors."""
        from dataq_lake.indexes.part import open_parts

        return open_parts(self._folder, self.manifest)

    @cached_property
    def text(self) -> tantivy.Index:
        """Its text index."""
        from dataq_lake.indexes.fulltext import open_text

        return open_text(self._folder.snapshot_folder(self.manifest) / "text")

    @property
    def is_kept(self) -> bool:
        """Whether nobody has retired it by now."""
        return self.manifest.folder in self._folder.names()

    def segment_ids(self) -> pa.ChunkedArray:
        """The ids of every segment in it, in no particular order."""
        import pyarrow as pa

        from dataq_lake.indexes.keys import to_id_array

        live = (part.keys if part.gone is None else part.keys[~part.gone] for part in self.parts)
        return pa.chunked_array(map(to_id_array, live), pa.string())

    @cached_property
    def lake(self) -> Lake:
        """The tables as they were when it was published."""
        from datetime import datetime

        from dataq_lake.past import PastLake

        created = datetime.fromisoformat(self.manifest.created_at)
        return PastLake(self._folder.lake_root, created, self.manifest)

    def has(self, segment_id: str) -> bool:
        """Whether a segment is in it."""
        from dataq_lake.indexes.keys import to_keys

        key = to_keys([segment_id])
        return any(part.find(key)[0] >= 0 for part in self.parts)

    def vector(self, segment_id: str) -> NDArray[np.float32] | None:
        """The vector of a segment, None if it is not in the snapshot."""
        return self.vectors([segment_id]).get(segment_id)

    def vectors(self, segment_ids: Sequence[str]) -> dict[str, NDArray[np.float32]]:
        """The vectors of those segments that are in it."""
        from dataq_lake.indexes.keys import to_keys

        found: dict[str, NDArray[np.float32]] = {}
        keys = to_keys(segment_ids)
        for part in self.parts if len(keys) else ():
            for id_, row in zip(segment_ids, part.find(keys).tolist(), strict=True):
                if row >= 0:
                    found[id_] = part.index.reconstruct(row)
        return found


def open_snapshot(lake_root: Location, snapshot: str | None = None) -> Snapshot:
    """The current snapshot, or the one whose id begins with `snapshot`.

    Raises NothingIndexed before anything was published, UnknownSnapshot for an id that is not kept.
    """
    folder = indexes_in(lake_root)
    return open_manifest(folder, folder.latest() if snapshot is None else folder.find(snapshot))


def open_manifest(folder: IndexFolder, manifest: Manifest | None) -> Snapshot:
    """The snapshot of `manifest`; raises NothingIndexed if there is none, or nothing in it."""
    if manifest is None or not manifest.has_index:
        raise NothingIndexed("nothing is indexed yet: `dataq run` archives and indexes the sources")
    return Snapshot(folder, manifest)
