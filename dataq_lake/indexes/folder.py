"""The folder of a lake's indexes: what is published, what a crash left over, and who may write.

    parts/<id>/                    vectors, never changed once there
    snapshots/<sequence>-<id>/     manifest.json, text/ (tantivy), gone-<part>.npy
    marks/<id>.json                a snapshot's name, and that it is kept

In each of these folders sums.json has the SHA-256 of the files beside it.

A snapshot exists from the one rename that puts its folder there; the newest is the current one.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from dataq_lake.cleaning import needed_parts
from dataq_lake.damage import Damage, Told, unheard
from dataq_lake.errors import REPAIR, IndexDamaged, SnapshotGone, UnknownSnapshot
from dataq_lake.folders import sync
from dataq_lake.indexes.manifest import Manifest, parse_manifest
from dataq_lake.indexes.marks import Marks
from dataq_lake.location import Location
from dataq_lake.storage import writable

DRAFT = ".draft-"
SUMS = "sums.json"


def indexes_in(lake_root: Location) -> IndexFolder:
    """The indexes of the lake at this root."""
    if isinstance(lake_root, Path):
        return IndexFolder(lake_root)
    from dataq_lake.objects.indexes import ObjectIndexes

    return ObjectIndexes(lake_root / "indexes")


class IndexFolder:
    """The indexes below one lake root."""

    def __init__(self, lake_root: Path) -> None:
        self.root = lake_root / "indexes"
        self.parts = self.root / "parts"
        self.snapshots = self.root / "snapshots"
        self.marks = Marks(self.root / "marks")

    @property
    def lake_root(self) -> Location:
        """The root of the lake whose indexes these are."""
        return self.root.parent

    def part_folder(self, part: str) -> Path:
        """The folder with a part's files."""
        return self.parts / part

    def snapshot_folder(self, manifest: Manifest) -> Path:
        """The folder with a snapshot's text index and marks of what is gone."""
        return self.snapshots / manifest.folder

    def names(self) -> list[str]:
        """The published snapshots' folders, oldest first."""
        try:
            found = [folder.name for folder in self.snapshots.iterdir()]
        except FileNotFoundError:
            return []
        return sorted(name for name in found if not name.startswith("."))

    def latest(self) -> Manifest | None:
        """The current snapshot, None before anything was published."""
        names = self.names()
        return self.read(names[-1]) if names else None

    def read(self, name: str) -> Manifest:
        """The manifest in the snapshot folder `name`; raises IndexDamaged, UpgradeDataq."""
        try:
            return parse_manifest((self.snapshots / name / "manifest.json").read_bytes())
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise IndexDamaged(
                f"the manifest of snapshot {name} cannot be read ({error}): {REPAIR}"
            ) from error

    def manifests(self) -> list[Manifest]:
        """Every published snapshot that is not retired, oldest first."""
        return [self.read(name) for name in self.names()]

    def resolve(self, text: str) -> Manifest | None:
        """The snapshot with this name or beginning of an id; None if `text` is a time.

        Raises UnknownSnapshot, and SnapshotGone for the name of one that was retired.
        """
        mark = self.marks.named(text)
        if mark is not None:
            if not any(name.endswith(f"-{mark.snapshot}") for name in self.names()):
                raise SnapshotGone(
                    f"snapshot {text} ({mark.snapshot}) was retired: `dataq snapshots list` shows "
                    "those that are kept"
                )
            return self.find(mark.snapshot)
        return None if _is_time(text) else self.find(text)

    def find(self, snapshot: str) -> Manifest:
        """The snapshot whose id begins with `snapshot`; raises UnknownSnapshot."""
        found = [n for n in self.names() if snapshot and n.partition("-")[2].startswith(snapshot)]
        if len(found) != 1:
            problem = "several snapshots begin with" if found else "no snapshot has the name or id"
            raise UnknownSnapshot(
                f"{problem} {snapshot[:64]!r}: `dataq snapshots list` shows them, and a time is "
                "written 2026-11-22 or 2026-11-22T10:00Z"
            )
        return self.read(found[0])

    @contextmanager
    def writing(self) -> Iterator[None]:
        """Holds off other publishers, and removes what a dead one left behind."""
        with self._alone():
            self._sweep()
            yield

    @contextmanager
    def _alone(self) -> Iterator[None]:
        for folder in (self.root, self.parts, self.snapshots):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        number = os.open(self.root / "lock", os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(number, fcntl.LOCK_EX)
            yield
        finally:
            os.close(number)

    def draft(self, parent: Path, id_: str) -> Path:
        """A new folder in `parent`, invisible until `publish`."""
        draft = parent / f"{DRAFT}{id_}"
        draft.mkdir()
        return draft

    def link(self, manifest: Manifest, draft: Path) -> None:
        """Puts the index of a published snapshot into `draft`: the same files under a new name."""
        home = self.snapshot_folder(manifest)
        for file in sorted(home.rglob("*")):
            there = draft / file.relative_to(home)
            if file.is_dir():
                there.mkdir()
            elif file.name != "manifest.json":
                link(file, there)

    def publish(self, draft: Path, name: str) -> Path:
        """Puts the finished `draft` in place under `name`, durably and at once.

        With it go the sums of its files; those in folders below it carry sums of their own.
        """
        _write_sums(draft)
        for file in draft.rglob("*"):
            sync(file)
        sync(draft)
        final = draft.with_name(name)
        draft.rename(final)
        sync(final.parent)
        return final

    def retire(self, snapshot: str) -> Manifest:
        """Forgets an old snapshot, and the parts that only it used; the current one must stay."""
        manifest = self.find(snapshot)
        if manifest.folder == self.names()[-1]:
            raise UnknownSnapshot(f"snapshot {manifest.id} is the current one, so it has to stay")
        hidden = self.snapshots / f"{DRAFT}{manifest.id}"
        (self.snapshots / manifest.folder).rename(hidden)
        with self.writing():
            return manifest

    def size(self) -> int:
        """Bytes of all parts and snapshots."""
        return sum(file.stat().st_size for file in self.root.rglob("*") if file.is_file())

    def damage(self, told: Told = unheard) -> Iterator[tuple[str, Damage]]:
        """The folder of each snapshot that is not whole, and why; every byte is read."""
        from dataq_lake.indexes import verifying

        return verifying.damage(self, told)

    def remove(self, names: Iterable[str]) -> None:
        """Takes away damaged snapshots, the current one too, with the parts that only they used."""
        with writable(self.root.parent), self._alone():
            for name in names:
                (self.snapshots / name).rename(self.snapshots / f"{DRAFT}{name}")
            self._sweep()

    def _sweep(self) -> None:
        drafts = list(self.snapshots.glob(f"{DRAFT}*"))
        if not drafts:  # a draft is there before the first of its parts and goes after them
            return
        used = needed_parts(self.manifests())
        for folder in self.parts.iterdir():
            if folder.name not in used:
                shutil.rmtree(folder)
        for draft in drafts:
            shutil.rmtree(draft)


def _write_sums(folder: Path) -> None:
    sums = {}
    for path in sorted(folder.iterdir()):
        if path.is_file():
            with path.open("rb") as file:
                sums[path.name] = hashlib.file_digest(file, "sha256").hexdigest()
    (folder / SUMS).write_text(json.dumps(sums, indent=1), encoding="utf-8")


def _is_time(text: str) -> bool:
    try:
        datetime.fromisoformat(text)
    except ValueError:
        return False
    return True


def link(file: Path, there: Path) -> None:
    """The same bytes under another name, as a copy where the file system has no hard links."""
    try:
        there.hardlink_to(file)
    except OSError:
        shutil.copyfile(file, there)
