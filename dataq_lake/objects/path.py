"""A place in an object store, with those methods of pathlib's that the lake uses.

One object is one file; a folder is there as long as anything is in it. What is put is visible
whole or not at all, and for good once a call returns.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from fnmatch import fnmatchcase
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, cast

from dataq_lake.errors import FixTheCall
from dataq_lake.objects.refusals import asking, patiently

if TYPE_CHECKING:
    from obstore.store import ObjectStore


_ADDRESS = re.compile(r"(s3|s3a|gs|az|abfs|abfss)://([^/?#]+)/*([^?#]*)")


@dataclass(frozen=True)
class ObjectFacts:
    """What a store tells of an object: `st_mtime` by the store's clock, `e_tag` of this content."""

    st_size: int
    st_mtime: float
    e_tag: str

    @property
    def st_mtime_ns(self) -> int:
        """The time of the last change in nanoseconds."""
        return int(self.st_mtime * 1e9)


@dataclass(frozen=True, order=True)
class ObjectPath:
    """`key` in the bucket that `base` (s3://bucket) names; no object has to be there."""

    base: str
    key: str
    facts: ObjectFacts | None = field(default=None, compare=False, repr=False)
    """What the listing told that this path comes from."""

    @classmethod
    def parse(cls, url: str) -> ObjectPath:
        """The path of s3://bucket/prefix; raises FixTheCall."""
        match = _ADDRESS.fullmatch(url)
        if match is None or ".." in match[3].split("/"):
            raise FixTheCall(
                f"{url!r} is no place for a lake: use a path, s3://bucket/prefix, "
                "gs://bucket/prefix or az://container/prefix"
            )
        return cls(f"{match[1]}://{match[2]}", "/".join(filter(None, match[3].split("/"))))

    def __str__(self) -> str:
        return f"{self.base}/{self.key}" if self.key else self.base

    def __truediv__(self, name: str) -> ObjectPath:
        return ObjectPath(self.base, f"{self.key}/{name}" if self.key else name)

    @property
    def name(self) -> str:
        """The last part of the key."""
        return self.key.rpartition("/")[2]

    @property
    def parent(self) -> ObjectPath:
        """The folder that this is in."""
        return ObjectPath(self.base, self.key.rpartition("/")[0])

    def with_name(self, name: str) -> ObjectPath:
        """Another name in the same folder."""
        return self.parent / name

    @cached_property
    def store(self) -> ObjectStore:
        """The bucket."""
        from dataq_lake.objects.store import opened

        return opened(self.base)

    def read_bytes(self) -> bytes:
        """The whole object; raises FileNotFoundError."""
        import obstore

        return patiently(self, lambda: bytes(obstore.get(self.store, self.key).bytes()))

    def write_bytes(self, data: bytes) -> ObjectFacts:
        """Puts an object here, in place of what was there; tells its tag only."""
        import obstore

        put = patiently(self, lambda: obstore.put(self.store, self.key, data, mode="overwrite"))
        return ObjectFacts(len(data), 0.0, put["e_tag"] or "")

    def create(self, data: bytes) -> ObjectFacts:
        """Puts an object where there is none; raises FileExistsError where there is one.

        That may be this very one, where the answer to the first try was lost.
        """
        import obstore

        put = patiently(
            self,
            lambda: obstore.put(self.store, self.key, data, mode="create", use_multipart=False),
        )
        return ObjectFacts(0, 0.0, put["e_tag"] or "")

    def replace_version(self, data: bytes, e_tag: str) -> ObjectFacts:
        """Puts an object in place of the one with this tag; FileExistsError if it has another.

        FileNotFoundError where it is gone.
        """
        import obstore

        with asking(self):
            put = obstore.put(self.store, self.key, data, mode={"e_tag": e_tag})
        return ObjectFacts(len(data), 0.0, put["e_tag"] or "")

    def upload(self, file: Path) -> None:
        """Puts the bytes of a local file here, a large one in several pieces at once."""
        import obstore

        patiently(self, lambda: obstore.put(self.store, self.key, file))

    def download(self, file: Path) -> None:
        """Writes the object's bytes to a local file, bounded in memory; FileNotFoundError."""
        import obstore

        def fetch() -> None:
            with file.open("wb") as out:
                for chunk in obstore.get(self.store, self.key).stream(8 << 20):
                    out.write(chunk)

        patiently(self, fetch)

    def open(self, mode: str = "rb") -> BinaryIO:
        """The object as a file to read and seek in; raises FileNotFoundError."""
        from dataq_lake.objects.reader import ObjectReader

        if mode != "rb":
            raise FixTheCall(f"{self} cannot be opened to write: put it as a whole")
        return cast("BinaryIO", ObjectReader(self))

    def stat(self) -> ObjectFacts:
        """Size and time, as the listing that this path comes from told them, or asked for now."""
        return self.facts or self.look()

    def look(self) -> ObjectFacts:
        """Size, time and tag as they are now; raises FileNotFoundError."""
        import obstore

        return patiently(self, lambda: _facts(obstore.head(self.store, self.key)))

    def is_file(self) -> bool:
        """Whether there is an object here now."""
        try:
            self.look()
        except FileNotFoundError:
            return False
        return True

    def exists(self) -> bool:
        """Whether there is an object or a folder here."""
        return self.is_file() or self.is_dir()

    def is_dir(self) -> bool:
        """Whether there is anything below here."""
        import obstore

        def look() -> bool:
            listed = obstore.list(self.store, self.key, chunk_size=2)
            return any(told["path"] != self.key for chunk in listed for told in chunk)

        return patiently(self, look)

    def iterdir(self) -> Iterator[ObjectPath]:
        """What is in this folder, folders without facts."""
        import obstore

        found = patiently(self, lambda: obstore.list_with_delimiter(self.store, self.key))
        yield from (ObjectPath(self.base, key) for key in found["common_prefixes"])
        for told in found["objects"]:
            if told["path"] != self.key:  # some stores list an empty folder as an object
                yield ObjectPath(self.base, told["path"], _facts(told))

    def below(self, after: str | None = None) -> Iterator[ObjectPath]:
        """Every object below this folder, in order; those after the name `after` only."""
        import obstore

        offset = None if after is None else f"{self.key}/{after}"
        listed = patiently(
            self, lambda: obstore.list(self.store, self.key, offset=offset).collect()
        )
        for told in listed:
            if told["path"] != self.key:
                yield ObjectPath(self.base, told["path"], _facts(told))

    def glob(self, pattern: str) -> Iterator[ObjectPath]:
        """The objects below whose place fits `pattern`, folder by folder."""
        depth = pattern.count("/")
        start = len(self.key) + 1 if self.key else 0
        for path in self.below() if depth else self.iterdir():
            place = path.key[start:]
            if path.facts and place.count("/") == depth and fnmatchcase(place, pattern):
                yield path

    def unlink(self, missing_ok: bool = True) -> None:  # noqa: ARG002 - stores do not tell
        """Removes the object; none there is none too many."""
        import obstore

        patiently(self, lambda: obstore.delete(self.store, self.key))

    def replace(self, target: ObjectPath) -> ObjectPath:
        """Moves the object, which is a copy and a removal: for a moment it is at both places."""
        import obstore

        with asking(self):
            obstore.copy(self.store, self.key, target.key)
        self.unlink()
        return target

    def now(self) -> float:
        """The store's clock, in seconds since 1970: the time of an object put here just now."""
        self.touch()
        return self.look().st_mtime

    def touch(self) -> None:
        """Puts an empty object here, which is young from now on."""
        self.write_bytes(b"")

    def mkdir(self, mode: int = 0o777, parents: bool = False, exist_ok: bool = False) -> None:
        """Does nothing: a folder is there once something is in it."""

    def absolute(self) -> ObjectPath:
        """The same path: every one is absolute."""
        return self


def _facts(meta: object) -> ObjectFacts:
    told = cast("dict[str, object]", meta)
    changed = cast("datetime", told["last_modified"])
    return ObjectFacts(
        cast("int", told["size"]), changed.timestamp(), cast("str", told["e_tag"] or "")
    )
