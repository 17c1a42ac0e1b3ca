"""Folders of the lake: nobody but their owner may look inside."""

from __future__ import annotations

from pathlib import Path


def private_folder(path: Path) -> Path:
    """`path`, made with whatever is missing above it, each of it for its owner only."""
    if not path.is_dir():
        private_folder(path.parent)
        path.mkdir(mode=0o700, exist_ok=True)
    return path
