"""The mirrors of stores on this machine: one folder a lake, together bounded in bytes."""

from __future__ import annotations

import hashlib
import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from dataq_lake.cache import cache_folder

if TYPE_CHECKING:
    from dataq_lake.objects.path import ObjectPath

LIMIT = "DATAQ_CACHE_BYTES"
LIMIT_BYTES = 20 << 30


def mirror_of(home: ObjectPath) -> Path:
    """The folder for what is below `home`; another endpoint's bucket of this name has another."""
    place = f"{os.environ.get('AWS_ENDPOINT_URL', '')} {home}"
    return cache_folder() / "lakes" / hashlib.sha256(place.encode()).hexdigest()[:16]


def trim(mirror: Path, limit: int | None = None) -> None:
    """Removes the parts and snapshots that were not used for longest, down to `limit` bytes.

    Those used last stay. Who has a file open keeps it; who wants one again fetches it again.
    """
    most = int(os.environ.get(LIMIT, "") or LIMIT_BYTES) if limit is None else limit
    files = mirror / "files"
    sizes = {path: path.stat().st_size for path in _entries(files)}
    folders = sorted(
        (each for kind in ("snapshots", "parts") for each in _entries(mirror / kind)),
        key=lambda folder: folder.stat().st_mtime,
    )
    for folder in folders[:-1]:
        if sum(sizes.values()) <= most:
            return
        shutil.rmtree(folder, ignore_errors=True)
        for path in list(sizes):
            if path.stat().st_nlink == 1:
                path.unlink(missing_ok=True)
                del sizes[path]


def _entries(folder: Path) -> list[Path]:
    if not folder.is_dir():
        return []
    return [path for path in folder.iterdir() if not path.name.startswith(".")]
