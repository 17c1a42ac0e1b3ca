"""The search indexes of a lake in an object store, and their mirror on this machine.

    files/<sha256>                  the bytes of parts and snapshots, each content once
    parts/<id>.json                 the files of a part
    snapshots/<sequence>-<id>.json  a manifest and the snapshot's files: it exists from this put on
    claims/<sequence>               put once: nobody else makes the snapshot of this number
    drafts/<id>                     there while a snapshot is made or retired
    marks/<id>.json                 as on disk

The mirror looks like the indexes of a lake on disk, so that everything reads and builds those.
"""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from dataq_lake.cleaning import needed_parts
from dataq_lake.damage import Damage, Told, unheard
from dataq_lake.errors import REPAIR, IndexDamaged, Retry, UnknownSnapshot
from dataq_lake.folders import private_folder
from dataq_lake.indexes.folder import IndexFolder
from dataq_lake.indexes.manifest import Manifest, parse_manifest
from dataq_lake.indexes.marks import Marks
from dataq_lake.objects.index_files import MANIFEST, Files, IndexFiles
from dataq_lake.objects.lease import check_held, held
from dataq_lake.objects.mirror import mirror_of, trim

if TYPE_CHECKING:
    from dataq_lake.objects.path import ObjectPath

UNUSED_SECONDS = 900
"""So old is what a sweep takes: a publisher that lost its lease just now may still be at work."""


class ObjectIndexes(IndexFolder):
    """The indexes below `home`; `root` is their mirror."""

    def __init__(self, home: ObjectPath, root: Path | None = None, whole: bool = True) -> None:
        super().__init__((root or mirror_of(home)).parent)
        self.root = root or mirror_of(home)
        self.parts, self.snapshots = self.root / "parts", self.root / "snapshots"
        self.home = home
        self.marks = Marks(home / "marks")
        self._whole = whole
        """Whether what is fetched has to be as it was put."""
        self._files = IndexFiles(home / "files", self.root / "files", whole)

    @property
    def lake_root(self) -> ObjectPath:
        """The root of the lake, in the store."""
        return self.home.parent

    def names(self) -> list[str]:
        """The published snapshots, oldest first."""
        found = (path.name for path in (self.home / "snapshots").iterdir())
        return sorted(name.removesuffix(".json") for name in found if name.endswith(".json"))

    def read(self, name: str) -> Manifest:
        """The manifest of the snapshot `name`; raises IndexDamaged, UpgradeDataq."""
        if self._whole and (self.snapshots / name / MANIFEST).is_file():
            return super().read(name)
        try:
            return parse_manifest(self._listing(name)[0])
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise IndexDamaged(
                f"the manifest of snapshot {name} cannot be read ({error}): {REPAIR}"
            ) from error

    def part_folder(self, part: str) -> Path:
        """The folder of the mirror with a part's files, fetched if they are not there."""
        final = self.parts / part
        if final.is_dir():
            os.utime(final)
            return final
        try:
            files: Files = json.loads((self.home / "parts" / f"{part}.json").read_bytes())["files"]
        except (FileNotFoundError, ValueError, KeyError) as error:
            if not self._whole:
                return final
            raise IndexDamaged(f"index part {part} cannot be read: {REPAIR}") from error
        return self._fetched(final, files, f"index part {part}")

    def snapshot_folder(self, manifest: Manifest) -> Path:
        """The folder of the mirror with a snapshot's files, fetched if they are not there."""
        final = self.snapshots / manifest.folder
        if final.is_dir():
            os.utime(final)
            return final
        text, files = self._listing(manifest.folder)
        return self._fetched(final, files, f"snapshot {manifest.folder}", {MANIFEST: text})

    @contextmanager
    def _alone(self) -> Iterator[None]:
        for folder in (self.root, self.parts, self.snapshots):
            private_folder(folder)
        with held(self.home / "leases", "publishing"):
            yield

    def draft(self, parent: Path, id_: str) -> Path:
        """A new folder of the mirror, invisible until `publish`."""
        if parent == self.snapshots:
            (self.home / "drafts" / id_).touch()
        return super().draft(parent, id_)

    def publish(self, draft: Path, name: str) -> Path:
        """Sends the files of the finished `draft` and then, in one put, what names them."""
        latest = self.names()[-1:] if draft.parent == self.snapshots else []
        final = super().publish(draft, name)
        known = self._known(latest[0]) if latest else {}
        files = self._files.send(final, known)
        if draft.parent == self.parts:
            listing = json.dumps({"files": files}).encode()
            (self.home / "parts" / f"{name}.json").write_bytes(listing)
            return final
        try:
            self._publish(name, files, latest)
        except BaseException:
            shutil.rmtree(final)
            raise
        trim(self.root)
        return final

    def retire(self, snapshot: str) -> Manifest:
        """Forgets an old snapshot, and what only it used; the current one must stay."""
        manifest = self.find(snapshot)
        if manifest.folder == self.names()[-1]:
            raise UnknownSnapshot(f"snapshot {manifest.id} is the current one, so it has to stay")
        self._hide(manifest.folder)
        with self.writing():
            return manifest

    def size(self) -> int:
        """Bytes of all parts and snapshots in the store."""
        return sum(path.stat().st_size for path in self.home.below())

    def damage(self, told: Told = unheard) -> Iterator[tuple[str, Damage]]:
        """The snapshots that are not whole, and why; every byte is fetched anew."""
        with tempfile.TemporaryDirectory(dir=private_folder(self.root)) as folder:
            afresh = ObjectIndexes(self.home, Path(folder), whole=False)
            from dataq_lake.indexes import verifying

            yield from verifying.damage(afresh, told)

    def remove(self, names: Iterable[str]) -> None:
        """Takes away damaged snapshots, the current one too, with what only they used."""
        with self._alone():
            for name in names:
                self._hide(name)
            self._sweep()

    def _hide(self, name: str) -> None:
        (self.home / "drafts" / name.partition("-")[2]).touch()
        (self.home / "snapshots" / f"{name}.json").unlink()
        shutil.rmtree(self.snapshots / name, ignore_errors=True)

    def _publish(self, name: str, files: Files, latest: list[str]) -> None:
        text = (self.snapshots / name / MANIFEST).read_text(encoding="utf-8")
        self._claim(name, latest)
        check_held()
        content = json.dumps({"manifest": text, "files": files}).encode()
        final = self.home / "snapshots" / f"{name}.json"
        try:
            final.create(content)
        except FileExistsError:
            if final.read_bytes() != content:  # else it was put, and only the answer was lost
                raise
        (self.home / "drafts" / name.partition("-")[2]).unlink()

    def _claim(self, name: str, latest: list[str]) -> None:
        """Makes the number of `name` ours; raises Retry if another publisher has been faster."""
        number, _, id_ = name.partition("-")
        try:
            (self.home / "claims" / number).create(id_.encode())
        except FileExistsError:
            # Of who claimed it and died there is no snapshot: then the number is free again.
            if self.names()[-1:] != latest:
                raise Retry(
                    "another process has published a snapshot meanwhile: run again"
                ) from None
            (self.home / "claims" / number).write_bytes(id_.encode())

    def _listing(self, name: str) -> tuple[str, Files]:
        stored = json.loads((self.home / "snapshots" / f"{name}.json").read_bytes())
        return stored["manifest"], stored["files"]

    def _known(self, name: str) -> dict[str, tuple[str, int]]:
        """The files of a snapshot by SHA-256; the mirror has the same under their names."""
        return {told[0]: (place, told[1]) for place, told in self._listing(name)[1].items()}

    def _fetched(
        self, final: Path, files: Files, what: str, texts: dict[str, str] | None = None
    ) -> Path:
        self._files.fetch(final, files, what, texts or {})
        trim(self.root)
        return final

    def _sweep(self) -> None:
        """Removes what a dead publisher or a retired snapshot left, here and in the store."""
        super()._sweep()
        drafts = list((self.home / "drafts").iterdir())
        if not drafts:
            return
        limit = (self.home / "leases" / "clock").now() - UNUSED_SECONDS
        names = self.names()
        parts = needed_parts(self.read(name) for name in names)
        used = {told[0] for name in names for told in self._listing(name)[1].values()}
        left = False
        for path in (self.home / "parts").iterdir():
            if path.name.removesuffix(".json") in parts:
                used.update(told[0] for told in json.loads(path.read_bytes())["files"].values())
            else:
                left |= not _gone(path, limit)
        for path in (self.home / "files").iterdir():
            if path.name not in used:
                left |= not _gone(path, limit)
        for draft in drafts if not left else ():
            draft.unlink()


def _gone(path: ObjectPath, limit: float) -> bool:
    """Whether an object was old enough to be removed."""
    if path.stat().st_mtime > limit:
        return False
    path.unlink()
    return True
