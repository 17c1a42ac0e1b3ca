"""Large contents in an object store: sent in the background, under their SHA-256, once."""

from __future__ import annotations

import hashlib
import tempfile
import time
from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from datetime import timedelta
from pathlib import Path
from threading import Lock
from typing import IO, TYPE_CHECKING

from dataq_lake.blobs import CHUNK, URI, Blob, Blobs, Writer
from dataq_lake.cache import scratch
from dataq_lake.errors import ContentDamaged, ContentLost, Retry
from dataq_lake.objects.lease import held
from dataq_lake.objects.refusals import asking

if TYPE_CHECKING:
    from io import BufferedReader

    from dataq_lake.objects.path import ObjectPath

SENT_AT_ONCE = 8
WAITING = 32
IN_MEMORY = 4 << 20
LARGE = 64 << 20
COLLECTOR_SECONDS = 60.0


class ObjectBlobs(Blobs):
    """The blobs below one prefix.

    <2 digits>/<sha256>     the contents
    young/<sha256>          put by who finds a content there: it is needed again
    collected/<sha256>      put by who is about to remove it

    A store cannot rename, so a writer and a collector each say first what they are about, and then
    look at what the other says: at least one of them sees the other.
    """

    def __init__(self, folder: ObjectPath) -> None:
        self.folder = folder
        self._waiting: deque[Future[None]] = deque()
        self._threads: ThreadPoolExecutor | None = None
        self._lock = Lock()
        self._broken: BaseException | None = None

    @property
    def place(self) -> ObjectPath:
        """The prefix."""
        return self.folder

    def writer(self) -> ObjectWriter:
        """A writer to stream one content into; nothing is visible before its commit."""
        return ObjectWriter(self)

    def path(self, uri: str) -> ObjectPath:
        """The object of a blob, whether it is there or not."""
        sha256 = self.sha256_of(uri)
        return self.folder / sha256[:2] / sha256

    def send(self, content: IO[bytes], blob: Blob) -> None:
        """Takes over `content`, which is stored by the next `settle`."""
        with self._lock:
            self._wait(WAITING - 1)
            self._threads = self._threads or ThreadPoolExecutor(SENT_AT_ONCE, "blobs")
            self._waiting.append(self._threads.submit(self._store, content, blob))

    def settle(self) -> None:
        """Returns when all that was committed is stored; raises what went wrong, for good."""
        with self._lock:
            self._wait(0)

    def exists(self, uri: str) -> bool:
        """Whether the content is stored."""
        self.settle()
        return self.path(uri).is_file()

    def stored(self) -> Iterator[Blob]:
        """Every blob, by its name and size; nothing is read."""
        for path in sorted(self.folder.glob("[0-9a-f][0-9a-f]/*"), key=str):
            if URI.fullmatch(f"blob:{path.name}"):
                yield Blob(f"blob:{path.name}", path.stat().st_size, path.name)

    def set_aside(self, uri: str) -> None:
        """Takes a damaged blob out of the way, into `damaged`, so that it can be stored again."""
        self.path(uri).replace(self._aside(uri))

    def forget_aside(self, uri: str) -> None:
        """Removes the copy that was set aside, once the blob is whole again."""
        self._aside(uri).unlink()

    def open(self, uri: str) -> BufferedReader:
        """The content as a file to read in ranges, unverified; raises ContentLost."""
        self.settle()
        try:
            return self.path(uri).open("rb")  # type: ignore[return-value]
        except FileNotFoundError as error:
            raise ContentLost(f"{uri} is not in the blob store {self.folder}") from error

    def chunks(self, uri: str) -> Iterator[bytes]:
        """The content piece by piece; raises ContentDamaged at the end if its hash is wrong."""
        import obstore

        self.settle()
        digest = hashlib.sha256()
        path = self.path(uri)
        try:
            with asking(path):
                pieces = obstore.get(path.store, path.key).stream(CHUNK)
        except FileNotFoundError as error:
            raise ContentLost(f"{uri} is not in the blob store {self.folder}") from error
        with asking(path):
            for piece in pieces:
                digest.update(piece)
                yield bytes(piece)
        if f"blob:{digest.hexdigest()}" != uri:
            raise ContentDamaged(f"{uri} is damaged: its bytes hash to {digest.hexdigest()}")

    @contextmanager
    def collecting(self) -> Iterator[None]:
        """Holds off other collectors, and takes back what one that was killed had announced."""
        with held(self.folder / "leases", "collecting"):
            for announced in self.folder.glob("collected/*"):
                announced.unlink()
            yield

    def older_than(self, age: timedelta) -> list[str]:
        """The blobs that nobody has stored, for the first time or again, for `age`."""
        limit = (self.folder / "leases" / "clock").now() - age.total_seconds()
        young = {path.name for path in self.folder.glob("young/*") if path.stat().st_mtime >= limit}
        return sorted(
            f"blob:{path.name}"
            for path in self.folder.glob("[0-9a-f][0-9a-f]/*")
            if path.stat().st_mtime < limit and path.name not in young
        )

    def collect(self, uri: str, age: timedelta) -> int | None:
        """Removes a blob that no row names; its size in bytes, None if it was stored again."""
        path, mark = self.path(uri), self._mark("young", uri)
        announced = self._mark("collected", uri)
        limit = announced.now() - age.total_seconds()
        try:
            size = path.look().st_size
            if max(path.look().st_mtime, _time(mark)) > limit:
                return None
            path.unlink()
            mark.unlink()
            return size
        finally:
            announced.unlink()

    def _aside(self, uri: str) -> ObjectPath:
        return self.folder / "damaged" / self.path(uri).name

    def _mark(self, kind: str, uri: str) -> ObjectPath:
        return self.folder / kind / self.path(uri).name

    def _wait(self, left: int) -> None:
        while len(self._waiting) > left and self._broken is None:
            self._broken = self._waiting.popleft().exception()
        if self._broken is not None:
            raise self._broken

    def _store(self, content: IO[bytes], blob: Blob) -> None:
        with content:
            path = self.path(blob.uri)
            if blob.size < LARGE:
                content.seek(0)
                self._create(path, content.read(), blob)
            elif not self._is_young_again(path, blob):
                path.upload(Path(content.name))

    def _create(self, path: ObjectPath, data: bytes, blob: Blob) -> None:
        try:
            path.create(data)
        except FileExistsError:
            if not self._is_young_again(path, blob):
                path.write_bytes(data)  # it went just now, or it is torn

    def _is_young_again(self, path: ObjectPath, blob: Blob) -> bool:
        """Whether the content is there, and stays although nobody has needed it for long."""
        if not path.is_file():
            return False
        self._mark("young", blob.uri).touch()
        announced = self._mark("collected", blob.uri)
        until = time.monotonic() + COLLECTOR_SECONDS
        while announced.is_file():
            if time.monotonic() > until:
                raise Retry(
                    f"{blob.uri} has been about to be collected for {COLLECTOR_SECONDS:g} seconds: "
                    "run again, or remove " + str(announced)
                )
            time.sleep(0.2)
        with suppress(FileNotFoundError):
            return path.look().st_size == blob.size
        return False


class ObjectWriter(Writer):
    """Takes one content in pieces, in memory and then on this machine's disk."""

    def __init__(self, store: ObjectBlobs) -> None:
        self._store = store
        self._digest = hashlib.sha256()
        self._size = 0
        self._file: IO[bytes] = tempfile.SpooledTemporaryFile(  # noqa: SIM115
            IN_MEMORY, dir=str(scratch())
        )
        self._taken = False

    def write(self, data: bytes | memoryview) -> None:
        """Takes the next piece."""
        self._digest.update(data)
        self._size += len(data)
        if self._size >= LARGE and not isinstance(getattr(self._file, "name", None), str):
            self._spill()
        self._file.write(data)

    def commit(self) -> Blob:
        """Stores what was written, unless the same content is there already.

        It is stored for good after the store's next `settle`.
        """
        sha256 = self._digest.hexdigest()
        blob = Blob(f"blob:{sha256}", self._size, sha256)
        self._taken = True
        self._file.flush()
        self._store.send(self._file, blob)
        return blob

    def abort(self) -> None:
        """Forgets what was written; harmless after a commit."""
        if not self._taken:
            self._file.close()

    def _spill(self) -> None:
        """Goes on in a file that has a name: the client sends large ones from there, in pieces."""
        named = tempfile.NamedTemporaryFile(dir=scratch())  # noqa: SIM115
        self._file.seek(0)
        while piece := self._file.read(CHUNK):
            named.write(piece)
        self._file.close()
        self._file = named


def _time(mark: ObjectPath) -> float:
    try:
        return mark.look().st_mtime
    except FileNotFoundError:
        return 0.0
