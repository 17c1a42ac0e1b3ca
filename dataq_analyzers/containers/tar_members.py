"""The members of an uncompressed stream of tar, for tar itself and for what compresses it."""

from __future__ import annotations

import tarfile
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import BinaryIO, cast

from dataq_analyzers.budget import Budget, MemberTooLarge, reason_of
from dataq_analyzers.container import Member, unsafe_name
from dataq_analyzers.errors import SkipContent

_BLOCK = 512
_MAGIC_AT = 257
_LINKS = {
    tarfile.SYMTYPE: "a symbolic link, not a file",
    tarfile.CHRTYPE: "a device, not a file",
    tarfile.BLKTYPE: "a device, not a file",
    tarfile.FIFOTYPE: "a pipe, not a file",
}


def is_tar(head: bytes) -> bool:
    """Whether the first block is a tar header: by its magic, or by its checksum if it is old."""
    if len(head) < _BLOCK:
        return False
    if head[_MAGIC_AT : _MAGIC_AT + 5] == b"ustar":
        return True
    try:
        tarfile.TarInfo.frombuf(head[:_BLOCK], "utf-8", "surrogateescape")
    except tarfile.HeaderError:
        return False
    return True


def tar_members(file: BinaryIO, budget: Budget) -> Iterator[Member]:
    """The files of a seekable tar in order; links, devices and pipes come with a problem."""
    try:
        archive = tarfile.open(fileobj=file, mode="r:", errors="surrogateescape")  # noqa: SIM115
    except (tarfile.TarError, OSError, ValueError, EOFError) as error:
        raise SkipContent(f"truncated or damaged tar: {reason_of(error)}") from error
    with archive:
        files: dict[str, tarfile.TarInfo] = {}
        while (entry := _next(archive)) is not None:
            archive.members.clear()  # type: ignore[attr-defined] # it would keep them all
            if entry.isdir():
                continue
            if entry.isreg():
                files[entry.name] = entry
            yield _member(archive, entry, files.get(entry.linkname), budget)


def _next(archive: tarfile.TarFile) -> tarfile.TarInfo | None:
    try:
        return archive.next()
    except (tarfile.TarError, OSError, ValueError, EOFError) as error:
        raise SkipContent(f"truncated or damaged tar: {reason_of(error)}") from error


def _member(
    archive: tarfile.TarFile,
    entry: tarfile.TarInfo,
    target: tarfile.TarInfo | None,
    budget: Budget,
) -> Member:
    name = _name(entry.name)
    path = budget.path(name)
    modified = _modified(entry)
    source = target if entry.islnk() else entry
    problem = unsafe_name(name) or _LINKS.get(entry.type)
    if problem is None and source is None:
        problem = "a link to a member that is not there"
    if problem is None and source is not None:
        try:
            return Member(path, _read(archive, source, budget), None, modified)
        except MemberTooLarge as error:
            problem = str(error)
    return Member(path, None, None, modified, problem)


def _read(archive: tarfile.TarFile, entry: tarfile.TarInfo, budget: Budget) -> bytes:
    if entry.size > budget.limits.member_bytes:
        raise MemberTooLarge(f"larger than {budget.limits.member_bytes} bytes")
    try:
        file = archive.extractfile(entry)
        data = budget.read(cast("BinaryIO", file)) if file is not None else b""
    except (tarfile.TarError, OSError, EOFError) as error:
        raise SkipContent(f"truncated or damaged tar: {reason_of(error)}") from error
    if len(data) < entry.size:
        raise SkipContent(f"truncated tar: it ends in the middle of {_name(entry.name)}")
    return data


def _name(raw: str) -> str:
    """The name as UTF-8, else as Western European, without a leading "./"."""
    try:
        raw.encode("utf-8")
    except UnicodeEncodeError:
        raw = raw.encode("utf-8", "surrogateescape").decode("cp1252", "replace")
    return raw.removeprefix("./")


def _modified(entry: tarfile.TarInfo) -> datetime | None:
    try:
        return datetime.fromtimestamp(entry.mtime, UTC)
    except (ValueError, OverflowError, OSError):
        return None
