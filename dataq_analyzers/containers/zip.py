"""Zip archives; documents that are zipped inside have media types of their own."""

from __future__ import annotations

import stat
import struct
import zipfile
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime
from typing import BinaryIO

from dataq_analyzers.budget import Budget, MemberTooLarge, reason_of
from dataq_analyzers.container import Member, unsafe_name
from dataq_analyzers.errors import SkipContent

_UTF8, _ENCRYPTED = 0x800, 0x1
# End of central directory: signature, disks, counts, size and offset of the directory, comment.
_END = struct.Struct("<4s4H2LH")
_TAIL = 65_536 + _END.size
# The directory is read whole: one far longer than the names of all members may be is not.
_ENTRY_BYTES = 1_024


class ZipContainer:
    """The files of a zip, by its central directory."""

    name = "zip"
    media_types = ("application/zip",)

    def members(self, file: BinaryIO, name: str, budget: Budget) -> Iterator[Member]:  # noqa: ARG002
        _check_directory(file, budget)
        try:
            archive = zipfile.ZipFile(file)
        except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError) as error:
            raise SkipContent(f"truncated or damaged zip: {reason_of(error)}") from error
        with archive:
            for entry in archive.infolist():
                if not entry.is_dir():
                    yield _member(archive, entry, budget)


def _check_directory(file: BinaryIO, budget: Budget) -> None:
    size = file.seek(0, 2)
    file.seek(max(0, size - _TAIL))
    tail = file.read(_TAIL)
    file.seek(0)
    at = tail.rfind(b"PK\x05\x06")
    if at < 0 or at + _END.size > len(tail):
        return
    length = _END.unpack_from(tail, at)[5]
    if length != 0xFFFFFFFF and length > budget.limits.members * _ENTRY_BYTES:
        raise SkipContent(f"more than {budget.limits.members} members")


def _member(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, budget: Budget) -> Member:
    name = _name(entry)
    path = budget.path(name)
    modified = _modified(entry)
    problem = _problem(entry, name, budget)
    if problem is None:
        try:
            with archive.open(entry) as file:
                return Member(path, budget.read(file), None, modified)  # type: ignore[arg-type]
        except MemberTooLarge as error:
            problem = str(error)
        except (SkipContent, MemoryError):
            raise
        except Exception as error:  # noqa: BLE001 - damaged, but its neighbours may be sound
            problem = f"damaged: {reason_of(error)}"
    return Member(path, None, None, modified, problem)


def _problem(entry: zipfile.ZipInfo, name: str, budget: Budget) -> str | None:
    if unsafe := unsafe_name(name):
        return unsafe
    if entry.flag_bits & _ENCRYPTED:
        return "encrypted"
    if stat.S_ISLNK(entry.external_attr >> 16):
        return "a symbolic link, not a file"
    if entry.file_size > budget.limits.member_bytes:
        return f"larger than {budget.limits.member_bytes} bytes"
    return None


def _name(entry: zipfile.ZipInfo) -> str:
    """The name as UTF-8 where it is, also when it is not marked so; else as code page 437."""
    name = entry.orig_filename.partition("\0")[0]
    if not entry.flag_bits & _UTF8 and not name.isascii():
        with suppress(UnicodeError):
            name = name.encode("cp437").decode("utf-8")
    # Some Windows programs separate folders their own way.
    return name if "/" in name else name.replace("\\", "/")


def _modified(entry: zipfile.ZipInfo) -> datetime | None:
    # A zip holds local time without saying where: UTC is as good a guess as any, and repeatable.
    try:
        return datetime(*entry.date_time, tzinfo=UTC)
    except ValueError:
        return None


CONTAINER = ZipContainer()
