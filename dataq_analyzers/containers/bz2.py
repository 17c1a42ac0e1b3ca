"""Bzip2: one file, or a tar."""

from __future__ import annotations

from collections.abc import Iterator
from typing import BinaryIO

from dataq_analyzers.budget import Budget
from dataq_analyzers.container import Member
from dataq_analyzers.containers.compressed import compressed_members

_EXTENSIONS = (".bz2", ".bz")


class Bz2Container:
    """What was compressed with bz2."""

    name = "bz2"
    media_types = ("application/x-bzip2", "application/bzip2")

    def members(self, file: BinaryIO, name: str, budget: Budget) -> Iterator[Member]:
        import bz2

        with bz2.BZ2File(file) as stream:
            yield from compressed_members(stream, name, _EXTENSIONS, budget)  # type: ignore[arg-type]


CONTAINER = Bz2Container()
