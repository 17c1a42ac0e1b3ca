"""Gzip: one file, or a tar."""

from __future__ import annotations

from collections.abc import Iterator
from typing import BinaryIO

from dataq_analyzers.budget import Budget
from dataq_analyzers.container import Member
from dataq_analyzers.containers.compressed import compressed_members

_EXTENSIONS = (".gz", ".gzip", ".z")


class GzipContainer:
    """What was compressed with gzip."""

    name = "gzip"
    media_types = ("application/gzip", "application/x-gzip")

    def members(self, file: BinaryIO, name: str, budget: Budget) -> Iterator[Member]:
        import gzip

        with gzip.GzipFile(fileobj=file) as stream:
            yield from compressed_members(stream, name, _EXTENSIONS, budget)  # type: ignore[arg-type]


CONTAINER = GzipContainer()
