"""The files of parts and snapshots in an object store, each content once, and their mirror."""

from __future__ import annotations

import hashlib
import shutil
import uuid
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from dataq_lake.errors import REPAIR, IndexDamaged
from dataq_lake.folders import private_folder
from dataq_lake.indexes.folder import link

if TYPE_CHECKING:
    from dataq_lake.objects.path import ObjectPath

AT_ONCE = 8
MANIFEST = "manifest.json"

Files = dict[str, tuple[str, int]]
"""SHA-256 and bytes of each file, by its place in the folder."""


class IndexFiles:
    """What is `stored` under its SHA-256, and `mirrored` on this machine under the same."""

    def __init__(self, stored: ObjectPath, mirrored: Path, whole: bool) -> None:
        """`whole`: whether what is fetched has to be as it was put."""
        self._stored = stored
        self._mirrored = mirrored
        self._whole = whole

    def send(self, folder: Path, known: dict[str, tuple[str, int]]) -> Files:
        """Sends the files that the last snapshot does not have; all of them by their place."""
        with ThreadPoolExecutor(AT_ONCE, "send") as threads:
            places = [path for path in sorted(folder.rglob("*")) if path.is_file()]
            places = [path for path in places if path.name != MANIFEST]
            told = threads.map(lambda path: self._sent(path, known), places)
            return {
                path.relative_to(folder).as_posix(): each
                for path, each in zip(places, told, strict=True)
            }

    def _sent(self, path: Path, known: dict[str, tuple[str, int]]) -> tuple[str, int]:
        with path.open("rb") as file:
            sha256 = hashlib.file_digest(file, "sha256").hexdigest()
        if sha256 not in known:
            (self._stored / sha256).upload(path)
        kept = private_folder(self._mirrored) / sha256
        if not kept.exists():
            with suppress(FileExistsError):
                link(path, kept)
        return sha256, path.stat().st_size

    def fetch(self, final: Path, files: Files, what: str, texts: dict[str, str]) -> None:
        """Makes the folder `final` of the mirror, by one rename, from its files and `texts`.

        Raises IndexDamaged, which says of `what`.
        """
        draft = private_folder(final.parent) / f".fetched-{uuid.uuid4().hex}"
        draft.mkdir()
        try:
            for place, text in texts.items():
                (draft / place).write_text(text, encoding="utf-8")
            for place in files:
                (draft / place).parent.mkdir(parents=True, exist_ok=True)
            with ThreadPoolExecutor(AT_ONCE, "fetch") as threads:
                for each in [
                    threads.submit(self._fetch_file, draft / place, told[0], what)
                    for place, told in files.items()
                ]:
                    each.result()
            with suppress(OSError):  # another process was faster
                draft.rename(final)
        finally:
            shutil.rmtree(draft, ignore_errors=True)

    def _fetch_file(self, there: Path, sha256: str, what: str) -> None:
        kept = private_folder(self._mirrored) / sha256
        if not kept.exists():
            part = kept.with_name(f".{uuid.uuid4().hex}")
            try:
                (self._stored / sha256).download(part)
                self._expect(part, sha256, what)
                part.rename(kept)
            except FileNotFoundError as error:
                if self._whole:
                    raise IndexDamaged(f"{what} lacks {there.name}: {REPAIR}") from error
                return
            finally:
                part.unlink(missing_ok=True)
        if there.name in {"meta.json", ".managed.json"}:
            shutil.copyfile(kept, there)  # tantivy writes into these
        else:
            link(kept, there)

    def _expect(self, part: Path, sha256: str, what: str) -> None:
        with part.open("rb") as file:
            if self._whole and hashlib.file_digest(file, "sha256").hexdigest() != sha256:
                raise IndexDamaged(f"{what} has a damaged file: {REPAIR}")
