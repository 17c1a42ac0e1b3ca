"""Containers give what is in them, within limits, and never more than bytes in memory."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import stat
import struct
import tarfile
import zipfile
from collections.abc import Callable
from datetime import UTC, datetime
from email.message import EmailMessage

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dataq_analyzers.interface import Content
from dataq_analyzers.members import Limits, Members, expand, is_container, stream

MIB = 1 << 20
Files = dict[str, bytes]


def zipped(files: Files) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(zipfile.ZipInfo(name, (2024, 3, 1, 12, 30, 0)), data, 8)
    return file.getvalue()


def tarred(files: Files) -> bytes:
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w") as archive:
        for name, data in files.items():
            entry = tarfile.TarInfo(name)
            entry.size, entry.mtime = len(data), 1_709_296_200
            archive.addfile(entry, io.BytesIO(data))
    return file.getvalue()


def mailed(files: Files) -> bytes:
    message = EmailMessage()
    message["Date"] = "Fri, 1 Mar 2024 12:30:00 +0000"
    message.set_content("See the files.")
    for name, data in files.items():
        message.add_attachment(data, "application", "octet-stream", filename=name)
    return bytes(message)


ARCHIVES: dict[str, tuple[str, Callable[[Files], bytes]]] = {
    "zip": ("application/zip", zipped),
    "tar": ("application/x-tar", tarred),
    "tar.gz": ("application/gzip", lambda files: gzip.compress(tarred(files))),
    "tar.bz2": ("application/x-bzip2", lambda files: bz2.compress(tarred(files))),
    "tar.xz": ("application/x-xz", lambda files: lzma.compress(tarred(files))),
    "mail": ("message/rfc822", mailed),
}
every_archive = pytest.mark.parametrize(("media_type", "pack"), ARCHIVES.values(), ids=ARCHIVES)


def opened(data: bytes, media_type: str, name: str = "", limits: Limits | None = None) -> Members:
    found = expand(Content(data, media_type, name), limits or Limits())
    assert len({member.path for member in found.members}) == len(found.members)
    for member in found.members:
        assert (member.data is None) == (member.problem is not None)
    return found


def problems(found: Members) -> dict[str, str | None]:
    return {member.path: member.problem for member in found.members}


@every_archive
def test_members_come_as_they_were_put_in(media_type: str, pack: Callable[[Files], bytes]) -> None:
    files = {"a.txt": b"alpha", "empty": b"", "Grüße.bin": bytes(range(256)) * 99}
    found = opened(pack(files), media_type)
    assert found.problem is None
    assert {member.path: member.data for member in found.members} == files
    times = {member.modified for member in found.members}
    assert times == {datetime(2024, 3, 1, 12, 30, tzinfo=UTC)}


@every_archive
def test_too_many_members(media_type: str, pack: Callable[[Files], bytes]) -> None:
    found = opened(pack({f"f{n}": b"x" for n in range(9)}), media_type, limits=Limits(members=5))
    assert found.problem == "more than 5 members"
    assert len(found.members) == 5


@every_archive
def test_too_many_bytes_in_all(media_type: str, pack: Callable[[Files], bytes]) -> None:
    files = {f"f{n}": bytes([n]) * 400_000 for n in range(9)}
    found = opened(pack(files), media_type, limits=Limits(total_bytes=MIB, ratio=10_000))
    assert found.problem == f"more than {MIB} bytes inside"
    assert sum(len(member.data or b"") for member in found.members) <= MIB


@pytest.mark.parametrize("kind", ["zip", "tar.gz", "tar.bz2", "tar.xz"])
def test_a_bomb_goes_off_harmlessly(kind: str) -> None:
    media_type, pack = ARCHIVES[kind]
    data = pack({"zeros": bytes(24 * MIB)})
    assert len(data) < MIB / 4
    found = opened(data, media_type, limits=Limits(free_bytes=MIB, ratio=20))
    assert found.members == []
    assert "decompression bomb" in (found.problem or "")


def test_a_member_that_is_too_large_alone() -> None:
    files = {"small": b"x", "large": bytes(3 * MIB), "last": b"y"}
    for kind in ("zip", "tar"):
        media_type, pack = ARCHIVES[kind]
        found = opened(pack(files), media_type, limits=Limits(member_bytes=2 * MIB))
        assert problems(found) == {
            "small": None, "large": f"larger than {2 * MIB} bytes", "last": None,
        }  # fmt: skip


def test_a_zip_that_lies_about_a_size() -> None:
    data = bytearray(zipped({"a": bytes(3 * MIB), "b": b"ok"}))
    directory = data.rfind(b"PK\x01\x02", 0, data.rfind(b"PK\x01\x02"))
    struct.pack_into("<L", data, directory + 24, 10)
    found = opened(bytes(data), "application/zip")
    assert found.members[0].problem is not None
    assert found.members[0].problem.startswith("damaged")
    assert found.members[1].data == b"ok"


@every_archive
@given(data=st.data())
def test_damage_is_a_problem_and_no_error(
    media_type: str, pack: Callable[[Files], bytes], data: st.DataObject
) -> None:
    whole = pack({"a.txt": b"alpha" * 200, "b.txt": b"beta" * 300})
    broken = bytearray(whole[: data.draw(st.integers(0, len(whole)), "length")])
    for _ in range(data.draw(st.integers(0, 8), "changes")):
        if broken:
            at = data.draw(st.integers(0, len(broken) - 1), "at")
            broken[at] = data.draw(st.integers(0, 255), "byte")
    opened(bytes(broken), media_type)


@pytest.mark.parametrize("kind", ["zip", "tar", "tar.gz", "tar.bz2", "tar.xz"])
def test_a_truncated_archive_says_so(kind: str) -> None:
    media_type, pack = ARCHIVES[kind]
    data = pack({"a": bytes(range(256)) * 100})
    assert "truncated" in (opened(data[: len(data) // 2], media_type).problem or "")


@pytest.mark.parametrize(
    ("name", "problem"),
    [
        ("../../etc/passwd", "leads out"),
        ("a/../../b", "leads out"),
        ("..\\windows", "leads out"),
        ("/etc/passwd", "absolute"),
        ("C:\\boot.ini", "absolute"),
    ],
)
def test_names_that_want_out(name: str, problem: str) -> None:
    for kind in ("zip", "tar"):
        media_type, pack = ARCHIVES[kind]
        found = opened(pack({name: b"x", "good": b"y"}), media_type)
        assert [problem in (member.problem or "") for member in found.members] == [True, False]


def test_an_attachments_path_is_dropped() -> None:
    found = opened(mailed({"../../x/passwd": b"x", "C:\\a\\b.txt": b"y"}), "message/rfc822")
    assert [member.path for member in found.members] == ["passwd", "b.txt"]


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_members_of_one_name_are_told_apart() -> None:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name in ("a", "a (2)", "a", "a"):
            archive.writestr(name, name)
    found = opened(file.getvalue(), "application/zip")
    assert [member.path for member in found.members] == ["a", "a (2)", "a (3)", "a (4)"]


def test_an_encrypted_member_is_named() -> None:
    data = bytearray(zipped({"secret": b"x", "open": b"y"}))
    for signature, at in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        data[data.find(signature) + at] |= 1
    assert problems(opened(bytes(data), "application/zip")) == {"secret": "encrypted", "open": None}


def test_names_of_old_zips() -> None:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("Grüße", b"")
        archive.writestr("GrXYe", b"")
    data = file.getvalue()
    for flags in (b"\x00\x08",):
        data = data.replace(b"\x14\x00" + flags, b"\x14\x00\x00\x00")
    data = data.replace(b"GrXYe", "Grüße".encode("cp437"))
    found = opened(data, "application/zip")
    assert [member.path for member in found.members] == ["Grüße", "Grüße (2)"]


def test_links_and_devices_are_not_followed() -> None:
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w") as archive:
        entry = tarfile.TarInfo("file")
        entry.size = 4
        archive.addfile(entry, io.BytesIO(b"data"))
        for name, kind, target in (
            ("soft", tarfile.SYMTYPE, "/etc/passwd"), ("hard", tarfile.LNKTYPE, "file"),
            ("lost", tarfile.LNKTYPE, "nowhere"), ("null", tarfile.CHRTYPE, ""),
            ("pipe", tarfile.FIFOTYPE, ""), ("folder", tarfile.DIRTYPE, ""),
        ):  # fmt: skip
            entry = tarfile.TarInfo(name)
            entry.type, entry.linkname = kind, target
            archive.addfile(entry)
    found = opened(file.getvalue(), "application/x-tar")
    assert {member.path: member.data or member.problem for member in found.members} == {
        "file": b"data", "soft": "a symbolic link, not a file", "hard": b"data",
        "lost": "a link to a member that is not there", "null": "a device, not a file",
        "pipe": "a pipe, not a file",
    }  # fmt: skip


def test_a_link_in_a_zip_is_not_a_file() -> None:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        entry = zipfile.ZipInfo("link")
        entry.external_attr = (stat.S_IFLNK | 0o777) << 16
        archive.writestr(entry, "/etc/passwd")
        archive.writestr("folder/", "")
    found = opened(file.getvalue(), "application/zip")
    assert problems(found) == {"link": "a symbolic link, not a file"}


@pytest.mark.parametrize(
    ("name", "inner"),
    [
        ("a.txt.gz", "a.txt"),
        ("a.GZ", "a"),
        ("icon.svgz", "icon.svg"),
        (".gz", ".gz"),
        ("", "data"),
    ],
)
def test_one_compressed_file(name: str, inner: str) -> None:
    found = opened(gzip.compress(b"x" * 1_000), "application/gzip", name)
    assert [(member.path, member.data) for member in found.members] == [(inner, b"x" * 1_000)]


def test_several_streams_in_one_file() -> None:
    data = gzip.compress(b"one ") + gzip.compress(b"two")
    assert opened(data, "application/gzip", "a.gz").members[0].data == b"one two"
    assert (
        opened(lzma.compress(b"x", lzma.FORMAT_ALONE), "application/x-lzma").members[0].data == b"x"
    )


def test_a_zip_with_an_enormous_directory_is_not_listed() -> None:
    end = struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, 65_535, 65_535, 1 << 28, 0, 0)
    assert "members" in (opened(end, "application/zip").problem or "")


def test_documents_that_are_zipped_are_not_opened() -> None:
    for media_type in (
        "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
        "application/epub+zip", "application/java-archive", "text/plain",
    ):  # fmt: skip
        assert not is_container(media_type)
        assert "nothing opens" in (opened(zipped({"a": b"x"}), media_type).problem or "")


def test_an_enclosed_mail_keeps_its_exact_bytes() -> None:
    inner = b"Subject:  odd   spacing\nX-Long: " + b"word " * 60 + b"\n\nbody\n"
    outer = b"Content-Type: multipart/mixed; boundary=b\n\n--b\n\ntext\n--b\n"
    outer += b"Content-Type: message/rfc822\n\n" + inner + b"\n--b--\n"
    (member,) = opened(outer, "message/rfc822").members
    assert (member.path, member.media_type, member.data) == ("part-2.eml", "message/rfc822", inner)


@pytest.mark.parametrize(
    ("header", "name"),
    [
        ('Content-Type: image/png; name="a b.png"', "a b.png"),
        ("Content-Disposition: attachment; filename=plain.bin", "plain.bin"),
        ("Content-Disposition: inline; filename*=utf-8''Gr%C3%BC%C3%9Fe.txt", "Grüße.txt"),
        ("Content-Disposition: attachment; filename*0=lo; filename*1=ng.txt", "long.txt"),
        ("Content-Disposition: attachment; filename*0*=utf-8''%C3; filename*1*=%BC.txt", "ü.txt"),
        ("Content-Disposition: attachment; filename*=no-such'x'%41", "A"),
        ('Content-Disposition: attachment; filename="=?utf-8?q?=C3=BC.txt?="', "ü.txt"),
        ('Content-Disposition: attachment; filename="\\"quoted\\".txt"', '"quoted".txt'),
        ("Content-Type: image/gif\nContent-ID: <pic@x>", "part-2.gif"),
        ("Content-Type: application/x-unheard-of", "part-2"),
        ('Content-Disposition: attachment; filename=".."', "part-2.txt"),
    ],
)
def test_names_of_attachments(header: str, name: str) -> None:
    source = (
        f"Content-Type: multipart/mixed; boundary=b\n\n--b\n\ntext\n--b\n{header}\n\ndata\n--b--\n"
    )
    (member,) = opened(source.encode(), "message/rfc822").members
    assert (member.path, member.data) == (name, b"data")


@pytest.mark.parametrize(
    "source",
    [
        "Subject: s\n\nbody",
        "Content-Type: text/plain; charset=utf-8\n\nbody",
        "Content-Type: text/html\n\n<p>",
        "Content-Type: multipart/mixed; boundary=b\n\n--b\n\nx\n--b\nContent-Type: text/html\n\n",
        "",
    ],
)
def test_a_mail_that_carries_nothing(source: str) -> None:
    assert opened(source.encode(), "message/rfc822") == Members([], None)


def test_a_mail_that_is_nothing_but_an_attachment() -> None:
    source = b"Content-Type: application/pdf; name=a.pdf\nContent-Transfer-Encoding: base64\n\neHg="
    (member,) = opened(source, "message/rfc822").members
    assert (member.path, member.data) == ("a.pdf", b"xx")


def test_a_mailbox_is_its_mails() -> None:
    mail = "Subject: {0}\nDate: Fri, 1 Mar 2024 12:30:00 +0000\n\n>From the top {0}\n"
    box = "".join(f"From a@b Fri Mar  1 12:30:00 2024\n{mail.format(n)}\n" for n in range(3))
    found = opened(box.encode(), "application/mbox")
    assert [member.path for member in found.members] == [f"message-{n}.eml" for n in (1, 2, 3)]
    assert found.members[1].media_type == "message/rfc822"
    assert (found.members[1].data or b"").endswith(b"\n\nFrom the top 1\n")
    assert found.members[1].modified == datetime(2024, 3, 1, 12, 30, tzinfo=UTC)


def test_a_stream_holds_one_member_at_a_time() -> None:
    data = zipped({f"f{n}": b"x" * 100 for n in range(50)})
    members = stream(io.BytesIO(data), "application/zip", "a.zip", len(data))
    assert next(members).path == "f0"
    assert sum(1 for _ in members) == 49
