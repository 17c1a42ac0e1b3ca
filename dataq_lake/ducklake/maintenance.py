"""Keeps a DuckLake quick to read and no larger than it need be."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dataq_lake.ducklake.catalogue import LAKE

if TYPE_CHECKING:
    from dataq_lake.ducklake.table import DuckLakeTable

SMALL = 8 << 20
MANY = 32


def tidy(handle: DuckLakeTable) -> None:
    """After a write: merges small files once there are many."""
    found = handle.snapshot()
    if found and sum(file.size < SMALL for file in found.files) >= MANY:
        merge(handle)


def merge(handle: DuckLakeTable) -> None:
    """Merges the table's small files, in the catalogue's own way: every version stays readable."""
    with handle.catalogue.making() as session:
        session.connection.execute(
            f"call ducklake_merge_adjacent_files('{LAKE}', '{handle.name}')"
        )
