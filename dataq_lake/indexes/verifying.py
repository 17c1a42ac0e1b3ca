"""Looks at every byte of the published indexes: parts by their sums, text by tantivy's own."""

from __future__ import annotations

import hashlib
import json
import struct
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from dataq_lake.damage import Damage, Told, unheard
from dataq_lake.errors import IndexDamaged, LakeError, UpgradeDataq
from dataq_lake.indexes.folder import SUMS, IndexFolder
from dataq_lake.indexes.fulltext import open_text
from dataq_lake.indexes.part import Part, gone_file

if TYPE_CHECKING:
    from dataq_lake.indexes.manifest import Manifest, PartEntry

CHUNK = 1 << 20
FOOTER_MAGIC = 1337
# A tantivy file ends with a footer in JSON, its length and a number, four bytes each:
# https://github.com/quickwit-oss/tantivy/blob/main/src/directory/footer.rs
_TAIL = struct.Struct("<II")
_PLAIN = {"meta.json", ".managed.json"}


def damage(folder: IndexFolder, told: Told = unheard) -> Iterator[tuple[str, Damage]]:
    """The folder of a snapshot, and what is wrong with it; each part is looked at once."""
    parts: dict[str, str | None] = {}
    for name in folder.names():
        try:
            manifest = folder.read(name)
        except LakeError as error:
            newer = isinstance(error, UpgradeDataq)
            yield name, Damage(f"snapshot {name}", str(error), mendable=not newer)
            continue
        for entry in manifest.parts:
            if entry.id not in parts:
                parts[entry.id] = _part(folder, manifest, entry, told)
            if reason := parts[entry.id]:
                yield name, Damage(f"index part {entry.id}", reason)
        if reason := _snapshot(folder.snapshot_folder(manifest), manifest, told):
            yield name, Damage(f"snapshot {name}", reason)


def _part(folder: IndexFolder, manifest: Manifest, entry: PartEntry, told: Told) -> str | None:
    path = folder.part_folder(entry.id)
    if reason := _sums(path, told):
        return reason
    part = Part(path)
    try:
        keys, places = len(part.keys), len(part.places.of_row)
        vectors, wide = part.index.ntotal, part.index.d
        listed = part.lists.index.ntotal if part.lists.there else keys
        shown = len(part.shown) if manifest.shows_from_parts else keys
    except IndexDamaged as error:
        return str(error)
    if not keys == places == vectors == shown == entry.rows:
        return (
            f"has {keys} keys, {places} places, {vectors} vectors and {shown} texts "
            f"for {entry.rows} rows"
        )
    if listed != entry.rows:
        return f"has {listed} rows in its lists of {entry.rows}"
    if wide != manifest.model.dimensions:
        return f"has vectors of {wide} numbers, not {manifest.model.dimensions}"
    return None


def _snapshot(path: Path, manifest: Manifest, told: Told) -> str | None:
    if reason := _sums(path, told):
        return reason
    for entry in manifest.parts:
        if entry.gone:
            try:
                gone = int(np.load(gone_file(path, entry.id), allow_pickle=False).sum())
            except (OSError, ValueError) as error:
                return f"cannot be read: {error}"
            if gone != entry.gone:
                return f"marks {gone} rows of part {entry.id} as gone, not {entry.gone}"
    return _text(path / "text", manifest.segments, told)


def _sums(folder: Path, told: Told) -> str | None:
    """What differs from the sums that were written with the folder; older ones have none."""
    try:
        sums = json.loads((folder / SUMS).read_bytes())
        for name, expected in sums.items():
            with (folder / name).open("rb") as file:
                found = hashlib.file_digest(file, "sha256").hexdigest()
                told(file.tell())
            if found != expected:
                return f"{name} is damaged: its bytes hash to {found}"
    except FileNotFoundError as error:
        if not folder.is_dir():
            return "is not there"
        missing = Path(str(error.filename)).name
        return None if missing == SUMS else f"{missing} is missing"
    except (OSError, ValueError, AttributeError) as error:
        return f"cannot be read: {error}"
    return None


def _text(folder: Path, segments: int, told: Told) -> str | None:
    try:
        managed = json.loads((folder / ".managed.json").read_bytes())
        for name in sorted({*managed, *(path.name for path in folder.iterdir())} - _PLAIN):
            path = folder / name
            if path.is_file() and not name.endswith(".lock") and not _is_whole(path, told):
                return f"text/{name} is damaged: its checksum differs"
        documents = open_text(folder).searcher().num_docs
    except (OSError, ValueError, IndexDamaged) as error:
        return f"its text cannot be read: {' '.join(str(error).split())[:200]}"
    if documents != segments:
        return f"its text has {documents} segments, not {segments}"
    return None


def _is_whole(path: Path, told: Told) -> bool:
    size = path.stat().st_size
    with path.open("rb") as file:
        file.seek(max(0, size - _TAIL.size))
        tail = file.read()
        if len(tail) != _TAIL.size or _TAIL.unpack(tail)[1] != FOOTER_MAGIC:
            return False
        length = _TAIL.unpack(tail)[0]
        body = size - _TAIL.size - length
        if body < 0:
            return False
        file.seek(body)
        footer = json.loads(file.read(length))
        file.seek(0)
        crc, left = 0, body
        while left and (piece := file.read(min(CHUNK, left))):
            crc, left = zlib.crc32(piece, crc), left - len(piece)
    told(size)
    return bool(footer["crc"] == crc)
