"""The next snapshot while it is being made: nothing of it can be seen until it is finished."""

from __future__ import annotations

import shutil
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from dataq_lake.errors import IndexDamaged
from dataq_lake.ids import make_id
from dataq_lake.indexes.folder import DRAFT, IndexFolder
from dataq_lake.indexes.fulltext import TextWriter
from dataq_lake.indexes.joining import write_joined
from dataq_lake.indexes.keys import to_ids, to_keys
from dataq_lake.indexes.manifest import Manifest, Model, PartEntry
from dataq_lake.indexes.part import (
    Part,
    Rows,
    add_lists,
    gone_file,
    join_rows,
    open_parts,
    write_part,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from numpy.typing import NDArray

PART_ROWS = 32_768
"""So many rows are in memory while something is published."""
LARGEST_ROWS = 1 << 22
MERGED_PARTS = 8  # so many small parts become one: a search opens every part


class Draft:
    """Collects what leaves and what comes, in memory bounded by PART_ROWS.

    What comes is one part in the end, and takes the small ones with it where they are many: a
    search looks through every part. Large ones are left to maintenance.
    """

    def __init__(self, folder: IndexFolder, base: Manifest | None, model: Model, id_: str) -> None:
        self.id = id_
        self.added = 0
        self.removed = 0
        self.bytes = 0
        self._folder = folder
        self._base = base
        self._model = model
        self._parts = open_parts(folder, base) if base else []
        self._count = 0
        self._pieces: list[Part] = []
        self._merged: list[Part] = []
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
        for part in (*self._parts, *self._pieces):
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
        """Puts what still counts of these parts into one, or few where one would be too large."""
        self._drafted()  # before the first part: who cleans up after a crash goes by it
        wanted = set(ids)
        self._merged += [part for part in self._parts if part.id in wanted and part.count]
        self._parts = [part for part in self._parts if part.id not in wanted]

    def finish(self, run_id: str, tables: Mapping[str, int]) -> Manifest:
        """Makes the snapshot durable and publishes it by one rename."""
        draft = self._drafted()
        with ThreadPoolExecutor(1, "text") as thread:  # it waits for the disk: vectors go beside it
            texts = thread.submit(self._writer().finish)
            self._write_piece()
            self._merge_small()
            self._write_parts()
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
            self._write_piece()

    def _write_piece(self) -> None:
        if not self._waiting:
            return
        rows = join_rows(self._waiting)
        self._waiting.clear()
        self._waiting_keys.clear()
        folder = self._folder.draft(self._folder.parts, self._new_id(rows.keys[0]))
        write_part(folder, rows)
        self._pieces.append(Part(folder))

    def _merge_small(self) -> None:
        self._parts = [part for part in self._parts if part.count]
        small = [part for part in self._parts if part.count < PART_ROWS // 2]
        if len(small) >= MERGED_PARTS or _rows([*small, *self._pieces]) >= PART_ROWS:
            self._parts = [part for part in self._parts if part not in small]
            self._merged += small

    def _write_parts(self) -> None:
        for group in _groups([*self._pieces, *self._merged]):
            if len(group) == 1 and group[0] in self._pieces:
                self._publish(group[0].folder)
                continue
            folder = self._folder.draft(self._folder.parts, self._new_id(group[0].keys[0]))
            write_joined(folder, group)
            self._publish(folder)
            for piece in group:
                if piece in self._pieces:
                    shutil.rmtree(piece.folder)

    def _publish(self, draft: Path) -> None:
        add_lists(draft)
        final = self._folder.publish(draft, draft.name.removeprefix(DRAFT))
        self.bytes += _new_bytes(final)
        self._parts.append(Part(final))

    def _new_id(self, key: bytes) -> str:
        self._count += 1
        return make_id(self.id, self._count, key.hex())

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


def _rows(parts: Iterable[Part]) -> int:
    return sum(part.count for part in parts)


def _groups(parts: list[Part]) -> list[list[Part]]:
    """`parts`, in groups that can be a part each."""
    groups: list[list[Part]] = []
    for part in parts:
        if not groups or _rows(groups[-1]) + part.count > LARGEST_ROWS:
            groups.append([])
        groups[-1].append(part)
    return groups


def _new_bytes(folder: Path) -> int:
    """The size of the files that are in no other snapshot."""
    stats = (file.stat() for file in folder.rglob("*") if file.is_file())
    return sum(stat.st_size for stat in stats if stat.st_nlink == 1)
