"""Small files that are there whole or not at all, whenever the process that writes them ends."""

from __future__ import annotations

import os
import uuid
from pathlib import Path

from dataq_lake.folders import sync


def write_whole(path: Path, text: str, once: bool = False) -> None:
    """Brings a file to disk, for its owner alone, in a folder that is there.

    Whoever looks meanwhile finds what was there before; of several who write, the last one stays.
    With `once` it is the first: raises FileExistsError where there is a file.
    """
    draft = path.with_name(f".{path.name}.{uuid.uuid4().hex}")
    try:
        number = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        with os.fdopen(number, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(number)
        if once:
            _name_once(draft, path)
        else:
            draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)
    sync(path.parent)


def _name_once(draft: Path, path: Path) -> None:
    try:
        path.hardlink_to(draft)
    except PermissionError:  # of a file system that has no hard links
        os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))
        draft.replace(path)
