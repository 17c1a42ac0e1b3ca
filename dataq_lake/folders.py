"""Folders of the lake: nobody but their owner may look inside."""

from __future__ import annotations

from pathlib import Path
from typing import TypeVar

from dataq_lake.objects.path import ObjectPath

Place = TypeVar("Place", bound=Path | ObjectPath)


def private_folder(path: Place) -> Place:
    """`path`, made with whatever is missing above it, each of it for its owner only."""
    if isinstance(path, Path) and not path.is_dir():
        private_folder(path.parent)
        path.mkdir(mode=0o700, exist_ok=True)
    return path
