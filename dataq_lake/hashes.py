"""Hashes of the values of data files: eight bytes each, kept as long as the process lives.

A data file never changes, and one pass over a lake asks for the same columns again and again.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from threading import Lock

import polars as pl

from dataq_lake.location import Location

MOST = 8 << 20
"""So many hashes are kept, 64 MB; those that were asked for longest ago go first."""

Place = tuple[str, object, str]
"""A file, what tells it from another in its place, and a column."""
Read = Callable[[Sequence[Location]], Sequence[pl.DataFrame]]


class KeptHashes:
    """The hashes of columns of files, the same for all threads."""

    def __init__(self, most: int = MOST) -> None:
        self._most = most
        self._count = 0
        self._kept: OrderedDict[Place, pl.Series] = OrderedDict()
        self._lock = Lock()

    def of(self, files: Sequence[Location], columns: Sequence[str], read: Read) -> pl.DataFrame:
        """Those of these columns, file after file; `read` makes a frame for each of some files."""
        places = [[(*stamp, column) for column in columns] for stamp in map(_stamp, files)]
        found = self._get(place for mine in places for place in mine)
        new = [number for number, mine in enumerate(places) if not found.keys() >= set(mine)]
        if new:
            made = read([files[number] for number in new])
            for number, frame in zip(new, made, strict=True):
                found.update(zip(places[number], frame.select(columns).iter_columns(), strict=True))
            self._put(found)
        whole = [pl.DataFrame(schema=dict.fromkeys(columns, pl.UInt64))]
        whole += [pl.DataFrame([found[place] for place in mine]) for mine in places]
        return pl.concat(whole)

    def _get(self, places: Iterable[Place]) -> dict[Place, pl.Series]:
        with self._lock:
            found = {place: self._kept[place] for place in places if place in self._kept}
            for place in found:
                self._kept.move_to_end(place)
        return found

    def _put(self, found: dict[Place, pl.Series]) -> None:
        with self._lock:
            for place, hashes in found.items():
                if place not in self._kept:
                    self._kept[place] = hashes
                    self._count += len(hashes)
            while self._count > self._most:
                _, dropped = self._kept.popitem(last=False)
                self._count -= len(dropped)


KEPT = KeptHashes()


def hash64(value: object) -> int:
    """The hash that a value has in every column of its type."""
    return int(pl.Series([value]).hash()[0])


def hashed(column: str) -> pl.Expr:
    """The hash of each value, UInt64; null for null, so that it equals nothing."""
    value = pl.col(column)
    return pl.when(value.is_not_null()).then(value.hash()).alias(column)


def _stamp(file: Location) -> tuple[str, object]:
    """A file that is gone has none of those it had; whoever reads it says so."""
    try:
        stat = file.stat() if isinstance(file, Path) else None
    except FileNotFoundError:
        return str(file), "gone"
    return str(file), stat and (stat.st_ino, stat.st_mtime_ns, stat.st_size)
