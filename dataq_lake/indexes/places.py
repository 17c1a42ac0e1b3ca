"""Where the rows of a part come from, kept beside the vectors so that filters need no other file.

Many segments share an asset, so a row holds the number of its place and a place is stored once.
"""

from __future__ import annotations

import json
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from dataq_lake.errors import REPAIR, IndexDamaged

if TYPE_CHECKING:
    import re

    import pyarrow as pa
    from numpy.typing import NDArray

NO_TIME = np.iinfo(np.int64).min
PLACE = tuple[str, str, str, int]
"""Source, content type, path and time."""
_REMEMBERED = 32  # answers about a byte a place each: what is asked is often asked again


class Places:
    """The places of one part's rows, read only as far as a filter asks.

    A place is an asset as filters see it: source, content type, time and path.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._values: dict[str, tuple[list[str], NDArray[np.uint32]]] = {}
        self._matched: dict[tuple[str, str], NDArray[np.bool_]] = {}

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

    def matching(self, column: str, pattern: re.Pattern[str]) -> NDArray[np.bool_]:
        """For each place whether its `column` matches as a whole; equal values are tried once."""
        asked = (column, pattern.pattern)
        found = self._matched.get(asked)
        if found is None:
            values, numbers = self._distinct(column)
            fits = np.fromiter((bool(pattern.fullmatch(v)) for v in values), bool, len(values))
            found = fits[numbers]
            if len(self._matched) >= _REMEMBERED:
                self._matched = {}
            self._matched[asked] = found
        return found

    def _distinct(self, column: str) -> tuple[list[str], NDArray[np.uint32]]:
        """The values of a column, each once, and the number of each place's."""
        if column not in self._values:
            values: list[str] = getattr(self, column)
            known: dict[str, int] = {}
            numbers = (known.setdefault(value, len(known)) for value in values)
            found = np.fromiter(numbers, np.uint32, len(values))
            self._values[column] = (list(known), found)
        return self._values[column]

    def place(self, number: int) -> PLACE:
        """The place of this number."""
        time = int(self.times[number])
        return self.sources[number], self.mime_types[number], self.paths[number], time

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
    numbers: dict[PLACE, int] = {}
    of_row = [numbers.setdefault(place, len(numbers)) for place in zip(*columns, strict=True)]
    write_columns(folder, list(numbers), np.array(of_row, np.uint32)[order])


def write_columns(folder: Path, places: list[PLACE], of_row: NDArray[np.uint32]) -> None:
    """Stores `places`, and the number of each row's."""
    np.save(folder / "places.npy", of_row, allow_pickle=False)
    times = np.array([place[3] for place in places], np.int64)
    np.save(folder / "times.npy", times, allow_pickle=False)
    for number, name in enumerate(("sources", "mime_types", "paths")):
        column = [place[number] for place in places]
        (folder / f"{name}.json").write_text(json.dumps(column), encoding="ascii")
