"""Xz and lzma: one file, or a tar."""

from __future__ import annotations

from collections.abc import Iterator
from typing import BinaryIO

from dataq_analyzers.budget import Budget
from dataq_analyzers.container import Member
from dataq_analyzers.containers.compressed import compressed_members

_EXTENSIONS = (".xz", ".lzma")


class XzContainer:
    """What was compressed with xz."""

    name = "xz"
    media_types = ("application/x-xz", "application/x-lzma")

    def members(self, file: BinaryIO, name: str, budget: Budget) -> Iterator[Member]:
        import lzma

        with lzma.LZMAFile(file) as stream:
            yield from compressed_members(stream, name, _EXTENSIONS, budget)  # type: ignore[arg-type]


CONTAINER = XzContainer()
