"""Tar archives that are not compressed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import BinaryIO

from dataq_analyzers.budget import Budget
from dataq_analyzers.container import Member
from dataq_analyzers.containers.tar_members import tar_members


class TarContainer:
    """The files of a tar."""

    name = "tar"
    media_types = ("application/x-tar",)

    def members(self, file: BinaryIO, name: str, budget: Budget) -> Iterator[Member]:  # noqa: ARG002
        yield from tar_members(file, budget)


CONTAINER = TarContainer()
