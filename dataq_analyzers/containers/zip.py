"""Zip archives; documents that are zipped inside have media types of their own."""

from __future__ import annotations

import stat
import zipfile
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import BinaryIO

from dataq_analyzers.errors import SkipContent
from dataq_analyzers.members import Budget, Member, read_member, unsafe_name

_UTF8, _ENCRYPTED = 0x800, 0x1
# A record of the directory is at least 46 bytes long: more of them than this are too many to list.
_DIRECTORY_ENTRY = 46


class ZipContainer:
    """The files of a zip, by its central directory."""

    name = "zip"
    media_types = ("application/zip",)

    def members(self, file: BinaryIO, name: str, budget: Budget) -> Iterator[Member]:  # noqa: ARG002
        try:
            archive = zipfile.ZipFile(file)
        except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError) as error:
            raise SkipContent(f"truncated or damaged zip: {error}") from error
        with archive:
            for entry in archive.infolist():
                if not entry.is_dir():
                    yield _member(archive, entry, budget)


def _member(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, budget: Budget) -> Member:
    name = _name(entry)
    path = budget.path(name)
    modified = _modified(entry)
    if problem := _problem(entry, name, budget):
        return Member(path, None, None, modified, problem)
    return read_member(budget, path, lambda: archive.open(entry), modified)  # type: ignore[arg-type,return-value]


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
    """The name as UTF-8 where it is, though it is not marked so; else as code page 437."""
    name = entry.orig_filename.partition("\0")[0]
    if not entry.flag_bits & _UTF8 and not name.isascii():
        try:
            name = name.encode("cp437").decode("utf-8")
        except UnicodeError:
            pass
    return name.replace("\\", "/") if "/" not in name else name


def _modified(entry: zipfile.ZipInfo) -> datetime | None:
    # A zip holds local time without saying where: UTC is as good a guess as any, and repeatable.
    try:
        return datetime(*entry.date_time, tzinfo=UTC)
    except ValueError:
        return None


CONTAINER = ZipContainer()
