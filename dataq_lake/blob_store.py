"""The blobs of a lake on disk: a folder, files named by their SHA-256, durable by one rename."""

from __future__ import annotations

import fcntl
import hashlib
import os
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from io import BufferedReader
from pathlib import Path

from dataq_lake.blobs import CHUNK, URI, Blob, Blobs, Writer
from dataq_lake.errors import ContentDamaged, ContentLost
from dataq_lake.folders import private_folder, sync
from dataq_lake.location import Location
from dataq_lake.settling import settler
from dataq_lake.storage import writable

FRESH_SECONDS = 60


class BlobStore(Blobs):
    """The blobs in one folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.settler = settler(folder)
        self._swept = False

    @property
    def place(self) -> Location:
        """The folder."""
        return self.folder

    def writer(self) -> BlobWriter:
        """A writer to stream one content into; nothing is visible before its commit."""
        if not self._swept:
            self._swept = True
            self._sweep()
        return BlobWriter(self)

    def path(self, uri: str) -> Path:
        """The file of a blob, whether it is there or not."""
        sha256 = self.sha256_of(uri)
        return self.folder / sha256[:2] / sha256

    def exists(self, uri: str) -> bool:
        """Whether the content is stored."""
        self.settle()
        return self.path(uri).is_file()

    def stored(self) -> Iterator[Blob]:
        """Every blob, by its name and the size of its file; nothing is read."""
        for path in sorted(self.folder.glob("[0-9a-f][0-9a-f]/*")):
            if URI.fullmatch(f"blob:{path.name}"):
                yield Blob(f"blob:{path.name}", path.stat().st_size, path.name)

    def set_aside(self, uri: str) -> None:
        """Takes a damaged blob out of the way, into `damaged`, so that it can be stored again."""
        path = self.path(uri)
        with writable(self.folder.parent):
            private_folder(self.folder / "damaged")
            path.replace(self._aside(uri))
            sync(path.parent)

    def forget_aside(self, uri: str) -> None:
        """Removes the copy that was set aside, once the blob is whole again."""
        self._aside(uri).unlink(missing_ok=True)

    def _aside(self, uri: str) -> Path:
        return self.folder / "damaged" / self.path(uri).name

    def settle(self) -> None:
        """Returns when all that was committed is on disk for good: before any row names it."""
        self.settler.settle()

    def open(self, uri: str) -> BufferedReader:
        """The content as a file to read, unverified; raises ContentLost."""
        self.settle()
        try:
            return self.path(uri).open("rb")
        except FileNotFoundError as error:
            raise ContentLost(f"{uri} is not in the blob store {self.folder}") from error

    def chunks(self, uri: str) -> Iterator[bytes]:
        """The content piece by piece; raises ContentDamaged at the end if its hash is wrong."""
        digest = hashlib.sha256()
        with self.open(uri) as file:
            while piece := file.read(CHUNK):
                digest.update(piece)
                yield piece
        if f"blob:{digest.hexdigest()}" != uri:
            raise ContentDamaged(f"{uri} is damaged: its bytes hash to {digest.hexdigest()}")

    @contextmanager
    def collecting(self) -> Iterator[None]:
        """Holds off other collectors, and puts back what one that was killed had put aside."""
        private_folder(self.folder)
        number = os.open(self.folder / "lock", os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(number, fcntl.LOCK_EX)
            for aside in (self.folder / "collected").glob("*"):
                self._put_back(aside)
            yield
        finally:
            os.close(number)

    def older_than(self, age: timedelta) -> list[str]:
        """The blobs that nobody has stored, for the first time or again, for `age`."""
        limit = time.time() - age.total_seconds()
        files = self.folder.glob("[0-9a-f][0-9a-f]/*")
        return sorted(f"blob:{file.name}" for file in files if file.stat().st_mtime < limit)

    def collect(self, uri: str, age: timedelta) -> int | None:
        """Removes a blob that no row names; its size in bytes, None if it was stored again.

        A writer that finds the blob marks it as young. Who does so before it is put aside has it
        put back; who looks after that finds nothing and stores it anew.
        """
        path, aside = self.path(uri), private_folder(self.folder / "collected") / uri[5:]
        path.rename(aside)
        stat = aside.stat()
        if time.time() - stat.st_mtime < age.total_seconds():
            self._put_back(aside)
            return None
        aside.unlink()
        return stat.st_size

    def _put_back(self, aside: Path) -> None:
        final = self.path(f"blob:{aside.name}")
        with suppress(FileExistsError):
            final.hardlink_to(aside)
        aside.unlink()
        sync(final.parent)

    def _sweep(self) -> None:
        """Removes what writers left that were killed: nobody holds the lock on their file."""
        for path in (self.folder / "incoming").glob("*"):
            with suppress(FileNotFoundError), path.open("rb") as file:
                if time.time() - path.stat().st_mtime < FRESH_SECONDS:
                    continue  # it may be about to take its lock
                with suppress(BlockingIOError):
                    fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    path.unlink()


class BlobWriter(Writer):
    """Takes one content in pieces; `commit` makes it durable, `abort` leaves nothing behind."""

    def __init__(self, store: BlobStore) -> None:
        self._store = store
        self._digest = hashlib.sha256()
        self._size = 0
        self._path = private_folder(store.folder / "incoming") / uuid.uuid4().hex
        number = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        fcntl.flock(number, fcntl.LOCK_EX)
        self._file = os.fdopen(number, "wb", buffering=CHUNK)
        self._taken = False

    def write(self, data: bytes | memoryview) -> None:
        """Takes the next piece."""
        self._digest.update(data)
        self._size += len(data)
        self._file.write(data)

    def commit(self) -> Blob:
        """Stores what was written, unless the same content is there already.

        It is on disk for good, and has its name, after the store's next `settle`.
        """
        sha256 = self._digest.hexdigest()
        blob = Blob(f"blob:{sha256}", self._size, sha256)
        final = self._store.path(blob.uri)
        if self._is_stored(final):
            self.abort()
            # the writer of that copy may not have come as far as this yet
            self._store.settler.add_folder(final.parent)
        else:
            self._file.flush()
            self._taken = True
            self._store.settler.add(self._file, self._path, final)
        return blob

    def _is_stored(self, final: Path) -> bool:
        """Whether the content is there; if so it is marked as young, so that nobody collects it."""
        try:
            if final.stat().st_size != self._size:
                return False
            os.utime(final)
        except FileNotFoundError:
            return False
        return True

    def abort(self) -> None:
        """Forgets what was written; harmless after a commit."""
        if not self._taken:
            self._file.close()
            self._path.unlink(missing_ok=True)
