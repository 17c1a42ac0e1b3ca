"""Where a lake's bytes are: a folder on this machine, or a prefix in an object store."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path
from typing import BinaryIO, TypeAlias

from dataq_lake.objects.path import ObjectPath

Location: TypeAlias = Path | ObjectPath
"""What code of the lake reads and writes by; both have the same few methods of pathlib."""

_URL = re.compile(r"([a-z][a-z0-9+.-]*)://")


def located(place: str | Location) -> Location:
    """`place` as a location: s3://, gs:// and az:// are object stores, all else is a path.

    Raises FixTheCall for any other kind of address.
    """
    if isinstance(place, ObjectPath):
        return place
    if isinstance(place, str) and _URL.match(place):
        return ObjectPath.parse(place)
    return Path(place).expanduser().absolute()


def readable(place: Location) -> Path | BinaryIO:
    """What pyarrow reads: the path of a file here, or an object as a file in ranges."""
    return place if isinstance(place, Path) else place.open()


def names(places: Iterable[Location]) -> list[str]:
    """Paths and URLs as engines take them."""
    return [str(place) for place in places]
