"""Finds keys that are there twice, and references to nothing, in bounded memory.

Keys are compared as 64-bit hashes, eight bytes a row, a share of them at a time where there are
many. What looks double is confirmed by the keys themselves; a key that is there is never missed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from dataq_lake.interface import LakeTable

    Hashes = NDArray[np.uint64]

SHARE_ROWS = 8 << 20
"""Hashes in memory at a time."""

Keys = Callable[[], Iterable[pl.DataFrame]]
"""Reads key columns again from the start, a bounded frame at a time."""


def keys_of(handles: Sequence[LakeTable], columns: Sequence[str]) -> Keys:
    """The rows of some tables without nulls in these columns, called 0, 1 and so on."""

    def read() -> Iterator[pl.DataFrame]:
        for handle in handles:
            for batch in handle.batches(columns):
                frame = pl.DataFrame(batch).drop_nulls()
                yield frame.rename({name: str(n) for n, name in enumerate(columns)})

    return read


def count(handles: Sequence[LakeTable]) -> int:
    """How many rows some tables have together."""
    return sum(handle.count() for handle in handles)


def twice(keys: Keys, rows: int) -> tuple[int, str | None]:
    """How many keys are there more than once, and one of them."""
    suspects: list[Hashes] = []
    for share, shares in _shares(rows):
        hashes = np.sort(_gathered(keys, share, shares))
        suspects.append(np.unique(hashes[1:][hashes[1:] == hashes[:-1]]))
    wanted = np.concatenate(suspects) if suspects else np.zeros(0, np.uint64)
    if not len(wanted):
        return 0, None
    rows_of = [frame.filter(_is_in(_hashes(frame), np.unique(wanted))) for frame in keys()]
    found = pl.concat(rows_of)
    double = found.filter(found.is_duplicated()).unique()
    return double.height, _shown(double)


def missing(keys: Keys, there: Keys, rows: int) -> tuple[int, str | None]:
    """How many of `keys` are not `there` (of `rows` rows), and one of them."""
    lost, first = 0, None
    for share, shares in _shares(rows):
        stored = np.unique(_gathered(there, share, shares))
        for frame in keys():
            hashes = _hashes(frame)
            mine = hashes % np.uint64(shares) == share
            stray = frame.filter(mine & ~_is_in(hashes, stored))
            lost += stray.height
            first = first or _shown(stray)
    return lost, first


def _shares(rows: int) -> Iterator[tuple[int, int]]:
    shares = max(1, -(-rows // SHARE_ROWS))
    return ((share, shares) for share in range(shares))


def _gathered(keys: Keys, share: int, shares: int) -> Hashes:
    found = [np.zeros(0, np.uint64)]
    for frame in keys():
        hashes = _hashes(frame)
        found.append(hashes[hashes % np.uint64(shares) == share])
    return np.concatenate(found)


def _is_in(hashes: Hashes, ordered: Hashes) -> NDArray[np.bool_]:
    if not len(ordered):
        return np.zeros(len(hashes), np.bool_)
    places = np.minimum(np.searchsorted(ordered, hashes), len(ordered) - 1)
    found: NDArray[np.bool_] = ordered[places] == hashes
    return found


def _hashes(frame: pl.DataFrame) -> Hashes:
    columns = [pl.col(name).cast(pl.String) for name in frame.columns]
    hashes: Hashes = frame.select(pl.struct(columns).hash().alias("h")).to_series().to_numpy()
    return hashes


def _shown(frame: pl.DataFrame) -> str | None:
    return " ".join(map(str, frame.sort(frame.columns).row(0))) if frame.height else None
