"""Says which table has lost a file, and what to do, where an engine only says that it is not there.

A file goes for one of two reasons: the version that it belongs to was cleaned up, which is nobody's
fault, or it is lost. It is told apart by the newest version, from which nobody may take anything.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

from dataq_lake.errors import REPAIR, ContentLost, LakeError, UnknownTable, VersionGone
from dataq_lake.location import Location, located
from dataq_lake.objects.path import ObjectPath

if TYPE_CHECKING:
    from dataq_lake.held_files import HeldFiles

_FILE = re.compile(r"/(\w+)/([\w-]+\.parquet)")
_MISSING = re.compile(
    r"no such file|no files found|os error 2\)|not found|\b404\b|NoSuchKey|is not there", re.I
)
"""How engines and stores say that a file is gone; a disk that refuses to make one names it too."""
KEEP = (
    "ask again, or open the table again; a snapshot with a name (`dataq snapshots create NAME`) "
    "keeps a version for as long as it is needed"
)


@contextmanager
def telling_lost_files(root: Location) -> Iterator[None]:
    """Raises VersionGone or ContentLost where the block meets a file of a table that is gone."""
    try:
        yield
    except LakeError:
        raise
    except Exception as error:
        told = lost_behind(root, str(error))
        if told is None:
            raise
        raise told from None  # what a run tells of a failure is the innermost cause


def lost_behind(root: Location, text: str) -> LakeError | None:
    """What to say of an error with this `text`, if a file of a table that it names is gone."""
    for named in _FILE.finditer(text) if _MISSING.search(text) else ():
        table, name = named.groups()
        held = _held(root, name)
        if held is None and not _is_below(root, text[: named.start()]):
            continue
        try:
            if not _is_there(root, held.table if held else table, name):
                return lost(root, held.table if held else table, None, [name])
        except UnknownTable:
            continue
        except LakeError as other:  # the store is away, or the log cannot be read
            return other
    return None


def _is_below(root: Location, before: str) -> bool:
    """Whether a path that goes on so lies in the tables of the lake; Polars cuts off its start."""
    here = root.key if isinstance(root, ObjectPath) else str(root)
    folders = (f"{here}/tables", f"{here}/tables/main")
    _, cut, tail = before.rpartition("...")
    return before.endswith(folders) or any(bool(cut) and each.endswith(tail) for each in folders)


def _is_there(root: Location, table: str, name: str) -> bool:
    tables = root / "tables"
    return any((folder / table / name).is_file() for folder in (tables, tables / "main"))


def lost_at(file: Location, version: int | None = None) -> VersionGone | ContentLost:
    """What to say of a table's file that is not there; `version` as for `lost`."""
    folder = file.parent
    tables = folder.parent.parent if folder.parent.name == "main" else folder.parent
    return lost(tables.parent, folder.name, version, [file.name])


def lost_among(
    files: Iterable[str], version: int | None, error: Exception
) -> VersionGone | ContentLost | None:
    """What to say of `error` if it names one of a table's `files` that is gone, else None."""
    text = str(error)
    for file in files:
        if file in text and not (place := located(file)).is_file():
            return lost_at(place, version)
    return None


def lost(
    root: Location, table: str, version: int | None, gone: Sequence[str], files: int | None = None
) -> VersionGone | ContentLost:
    """The error for a table of which the files `gone` are no longer there, of `files` in all.

    `version` is the one that was read; without it that of a frame that somebody still has.
    """
    from dataq_lake.lake import open_lake

    if version is None and (held := _held(root, gone[0])):
        version = held.version
    handle = open_lake(root).table(table)
    newest = {file.name for file in handle.files()}
    for name in gone:
        if name in newest:
            return ContentLost(
                f"{name} of table {table} cannot be read: it belongs to its newest version, "
                f"{handle.version()}, but is gone: {REPAIR}"
            )
    which = "a version" if version is None else f"version {version}"
    count = f"{len(gone)} of its {files} files" if files else gone[0]
    return VersionGone(
        f"{which} of table {table} was cleaned up after it was opened ({count} gone): {KEEP}"
    )


def _held(root: Location, name: str) -> HeldFiles | None:
    """The newest of the frames that somebody still has which reads a file of this name."""
    from dataq_lake.held_files import alive

    found = (held for held in alive() if held.root == root and held.names(name))
    return max(found, key=lambda held: held.version, default=None)
