"""Where the rows of a part come from, kept beside the vectors so that filters need no other file.

Many segments share an asset, so a row holds the number of its place and a place is stored once.
"""

from __future__ import annotations

import json
import re
from functools import cache, cached_property, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from dataq_lake.errors import REPAIR, IndexDamaged

if TYPE_CHECKING:
    import pyarrow as pa
    from numpy.typing import NDArray

NO_TIME = np.iinfo(np.int64).min
_KEPT = 16


class Places:
    """The places of one part's rows, read only as far as a filter asks.

    A place is an asset as filters see it: source, content type, time and path.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.matching = lru_cache(_KEPT)(self._matching)
        self._distinct = cache(self._read)

    @cached_property
    def of_row(self) -> NDArray[np.uint32]:
        """The number of each row's place."""
        return load(self._folder / "places.npy")

    @cached_property
    def times(self) -> NDArray[np.int64]:
        """The time of each place, in microseconds since 1970, NO_TIME where unknown."""
        return load(self._folder / "times.npy")

    @cached_property
    def sources(self) -> list[str]:
        """The source of each place."""
        return self._column("sources")

    @cached_property
    def mime_types(self) -> list[str]:
        """The content type of each place."""
        return self._column("mime_types")

    @cached_property
    def paths(self) -> list[str]:
        """The path of each place."""
        return self._column("paths")

    def _matching(self, name: str, pattern: str) -> NDArray[np.bool_]:
        """Whether each place's value of a column matches as a whole; equal ones are tried once."""
        values, numbers = self._distinct(name)
        fits = re.compile(pattern).fullmatch
        found: NDArray[np.bool_] = np.array([bool(fits(each)) for each in values], bool)[numbers]
        return found

    def _read(self, name: str) -> tuple[list[str], NDArray[np.uint32]]:
        """The distinct values of `sources`, `mime_types` or `paths`, and which each place has."""
        values: dict[str, int] = {}
        numbers = [values.setdefault(each, len(values)) for each in getattr(self, name)]
        return list(values), np.array(numbers, np.uint32)

    def _column(self, name: str) -> list[str]:
        try:
            column: list[str] = json.loads((self._folder / f"{name}.json").read_bytes())
        except (OSError, ValueError) as error:
            part = self._folder.name
            raise IndexDamaged(
                f"{name}.json of index part {part} cannot be read: {REPAIR}"
            ) from error
        return column


def load(file: Path) -> NDArray[Any]:
    """The array in `file`, mapped; never a pickle."""
    try:
        # As a plain array: one that knows of its file makes each of its pieces slowly.
        array = np.asarray(np.load(file, mmap_mode="r", allow_pickle=False))
    except (OSError, ValueError) as error:
        part = file.parent.name
        raise IndexDamaged(f"{file.name} of index part {part} cannot be read: {REPAIR}") from error
    return array


def write_places(folder: Path, shown: pa.Table, order: NDArray[np.int64]) -> None:
    """Stores the place of each row of `shown`, the rows in this order; equal ones once."""
    micros = shown["timestamp"].cast("int64").fill_null(NO_TIME)
    texts = [shown[name].fill_null("") for name in ("source", "mime_type", "path")]
    columns = [column.to_pylist() for column in (*texts, micros)]
    numbers: dict[tuple[Any, ...], int] = {}
    of_row = [numbers.setdefault(place, len(numbers)) for place in zip(*columns, strict=True)]
    np.save(folder / "places.npy", np.array(of_row, np.uint32)[order], allow_pickle=False)
    times = np.array([place[3] for place in numbers], np.int64)
    np.save(folder / "times.npy", times, allow_pickle=False)
    for number, name in enumerate(("sources", "mime_types", "paths")):
        column = [place[number] for place in numbers]
        (folder / f"{name}.json").write_text(json.dumps(column), encoding="ascii")
