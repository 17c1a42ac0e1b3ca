"""The next snapshot while it is being made: nothing of it can be seen until it is finished."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from dataq_lake.errors import IndexDamaged
from dataq_lake.indexes.folder import IndexFolder
from dataq_lake.indexes.fulltext import TextWriter
from dataq_lake.indexes.keys import to_ids, to_keys
from dataq_lake.indexes.manifest import Manifest, Model, PartEntry
from dataq_lake.indexes.part import Part, Rows, write_part
from dataq_lake.indexes.snapshot import open_parts

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from numpy.typing import NDArray

PART_ROWS = 32_768
_MERGED = 8  # so many small parts become one; a search opens every part


class Draft:
    """Collects what leaves and what comes, in memory bounded by one part."""

    def __init__(self, folder: IndexFolder, base: Manifest | None, model: Model, id_: str) -> None:
        self.id = id_
        self.added = 0
        self.removed = 0
        self._folder = folder
        self._base = base
        self._model = model
        self._parts = open_parts(folder, base) if base else []
        self._waiting: list[Rows] = []
        self._waiting_rows = 0
        self._waiting_keys: set[bytes] = set()
        self._draft: Path | None = None
        self._text: TextWriter | None = None

    @property
    def changed(self) -> bool:
        """Whether anything left or came."""
        return bool(self.added or self.removed)

    def remove(self, ids: Iterable[str]) -> None:
        """Takes segments away; those that are not there are ignored."""
        keys = to_keys(ids)
        for part in self._parts:
            rows = part.find(keys)
            rows = np.unique(rows[rows >= 0])
            if len(rows):
                gone = np.zeros(len(part.keys), bool) if part.gone is None else part.gone.copy()
                gone[rows] = True
                part.gone = gone
                self.removed += len(rows)
                self._writer().remove(to_ids(part.keys[rows]))

    def unknown(self, keys: NDArray[np.bytes_]) -> NDArray[np.int64]:
        """The positions of those `keys` that are not there yet, the first of equal ones."""
        seen = np.zeros(len(keys), bool)
        for part in self._parts:
            seen |= part.find(keys) >= 0
        fresh = []
        for row in np.flatnonzero(~seen).tolist():
            key = bytes(keys[row])
            if key not in self._waiting_keys:
                self._waiting_keys.add(key)
                fresh.append(row)
        return np.array(fresh, np.int64)

    def add(self, rows: Rows, documents: Iterable[Mapping[str, object]]) -> None:
        """Adds segments that `unknown` found to be new."""
        self._writer().add(documents)
        self.added += len(rows.keys)
        self._collect(rows)

    def finish(self, created_at: str, run_id: str, tables: Mapping[str, int]) -> Manifest:
        """Makes the snapshot durable and publishes it by one rename."""
        self._merge_small()
        if self._waiting:
            self._write_part()
        draft = self._drafted()
        entries = [self._entry(part, draft) for part in self._parts]
        manifest = Manifest(
            id=self.id,
            sequence=self._base_sequence() + 1,
            parent=self._base.id if self._base else None,
            created_at=created_at,
            run_id=run_id,
            model=self._model,
            segments=sum(entry.live for entry in entries),
            parts=tuple(entries),
            tables=dict(tables),
        )
        found = self._writer().finish()
        if found != manifest.segments:
            raise IndexDamaged(
                f"the text index holds {found} segments, the vectors {manifest.segments}: "
                f"remove {self._folder.root} and run again to build both anew"
            )
        (draft / "manifest.json").write_text(manifest.to_json(), encoding="utf-8")
        self._folder.publish(draft, manifest.folder)
        return manifest
