"""The next snapshot while it is being made: nothing of it can be seen until it is finished."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from dataq_lake.errors import IndexDamaged
from dataq_lake.ids import make_id
from dataq_lake.indexes.folder import IndexFolder
from dataq_lake.indexes.fulltext import TextWriter
from dataq_lake.indexes.keys import to_ids, to_keys
from dataq_lake.indexes.manifest import Manifest, Model, PartEntry
from dataq_lake.indexes.part import Part, Rows, gone_file, join_rows, open_parts, write_part

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from numpy.typing import NDArray

PART_ROWS = 32_768
MERGED_PARTS = 8  # so many small parts become one: a search opens every part


class Draft:
    """Collects what leaves and what comes, in memory bounded by one part."""

    def __init__(self, folder: IndexFolder, base: Manifest | None, model: Model, id_: str) -> None:
        self.id = id_
        self.added = 0
        self.removed = 0
        self.bytes = 0
        self._folder = folder
        self._base = base
        self._model = model
        self._parts = open_parts(folder, base) if base else []
        self._waiting: list[Rows] = []
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
        fresh = {bytes(keys[row]): row for row in np.flatnonzero(~seen)[::-1].tolist()}
        return np.array(
            sorted(row for key, row in fresh.items() if key not in self._waiting_keys), np.int64
        )

    def add_texts(self, documents: Iterable[Mapping[str, object]]) -> None:
        """Begins to index the texts of segments, all of which `unknown` called so."""
        self._writer().add(documents)

    def add(self, rows: Rows) -> None:
        """Adds segments whose texts were added."""
        self.added += len(rows.keys)
        self._collect(rows)

    def merge(self, ids: Iterable[str]) -> None:
        """Puts what still counts of these parts into new ones, as large as parts may be."""
        self._drafted()  # before the first part: who cleans up after a crash goes by it
        wanted = set(ids)
        chosen = [part for part in self._parts if part.id in wanted]
        self._parts = [part for part in self._parts if part.id not in wanted]
        for part in chosen:
            if part.count:
                self._collect(part.live())

    def finish(self, run_id: str, tables: Mapping[str, int]) -> Manifest:
        """Makes the snapshot durable and publishes it by one rename."""
        draft = self._drafted()
        with ThreadPoolExecutor(1, "text") as thread:  # it waits for the disk: vectors go beside it
            texts = thread.submit(self._writer().finish)
            self._merge_small()
            self._write_part()
            entries = tuple(self._entry(part, draft) for part in self._parts)
        latest = self._folder.latest()
        manifest = Manifest(
            id=self.id,
            sequence=latest.sequence + 1 if latest else 1,
            parent=self._base.id if self._base else None,
            created_at=datetime.now(UTC).isoformat(),
            run_id=run_id,
            model=self._model,
            segments=sum(entry.live for entry in entries),
            parts=entries,
            tables=dict(tables),
        )
        self._check(manifest, texts.result())
        (draft / "manifest.json").write_text(manifest.to_json(), encoding="utf-8")
        self.bytes += _new_bytes(self._folder.publish(draft, manifest.folder))
        return manifest

    def _collect(self, rows: Rows) -> None:
        self._waiting.append(rows)
        self._waiting_keys.update(rows.keys.tolist())
        if len(self._waiting_keys) >= PART_ROWS:
            self._write_part()

    def _merge_small(self) -> None:
        self._parts = [part for part in self._parts if part.count]
        small = [part for part in self._parts if part.count < PART_ROWS // 2]
        if len(small) >= MERGED_PARTS:
            self._parts = [part for part in self._parts if part not in small]
            for part in small:
                self._collect(part.live())

    def _write_part(self) -> None:
        if not self._waiting:
            return
        id_ = make_id(self.id, len(self._parts), self._waiting[0].keys[0].hex())
        draft = self._folder.draft(self._folder.parts, id_)
        rows = join_rows(self._waiting)
        self._waiting.clear()
        self._waiting_keys.clear()
        write_part(draft, rows)
        final = self._folder.publish(draft, id_)
        self.bytes += _new_bytes(final)
        self._parts.append(Part(final))

    def _entry(self, part: Part, draft: Path) -> PartEntry:
        if part.gone is not None:
            np.save(gone_file(draft, part.id), part.gone, allow_pickle=False)
        return PartEntry(part.id, len(part.keys), len(part.keys) - part.count)

    def _drafted(self) -> Path:
        if self._draft is None:
            self._draft = self._folder.draft(self._folder.snapshots, self.id)
        return self._draft

    def _writer(self) -> TextWriter:
        """The text index, cloned only once something really changes."""
        if self._text is None:
            parent = self._folder.snapshot_folder(self._base) / "text" if self._base else None
            self._text = TextWriter(self._drafted() / "text", parent)
        return self._text

    def _check(self, manifest: Manifest, texts: int) -> None:
        if texts != manifest.segments:
            raise IndexDamaged(
                f"the text index would hold {texts} segments and the vectors {manifest.segments}: "
                f"remove {self._folder.root} and run again, which builds both anew"
            )


def _new_bytes(folder: Path) -> int:
    """The size of the files that are in no other snapshot."""
    stats = (file.stat() for file in folder.rglob("*") if file.is_file())
    return sum(stat.st_size for stat in stats if stat.st_nlink == 1)
