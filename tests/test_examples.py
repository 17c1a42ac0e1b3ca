"""The example inbox: made by a script, always the same, and worth searching."""

from __future__ import annotations

import email
import io
import subprocess
import sys
import tarfile
import zipfile
from email.policy import default
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).resolve().parent.parent / "examples"
INBOX = EXAMPLES / "inbox"


def files(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def test_the_script_makes_the_same_bytes_again(tmp_path: Path) -> None:
    subprocess.run([sys.executable, EXAMPLES / "make_inbox.py", tmp_path], check=True, timeout=60)
    made, shipped = files(tmp_path), files(INBOX)
    assert len(made) >= 18
    assert {name: shipped.get(name) == data for name, data in made.items()} == dict.fromkeys(
        made, True
    )


def test_the_inbox_is_small_and_of_many_kinds() -> None:
    shipped = files(INBOX)
    assert 55 <= len(shipped) <= 70
    assert sum(map(len, shipped.values())) < 500_000
    assert len({Path(name).suffix for name in shipped}) >= 20


def test_the_mails_are_one_thread_with_attachments() -> None:
    mails = [
        email.message_from_bytes(path.read_bytes(), policy=default)
        for path in sorted((INBOX / "mail").glob("*.eml"))
    ]
    ids = [mail["Message-ID"] for mail in mails]
    assert [mail["In-Reply-To"] for mail in mails] == [None, *ids[:-1]]
    names = {part.get_filename() for mail in mails for part in mail.iter_attachments()}
    assert names == {"chart.png", "gauge-3.csv", "bill.pdf", "shaft.png"}


def test_the_archives_hold_what_the_notes_say() -> None:
    photos = zipfile.ZipFile(INBOX / "archives" / "spring-photos.zip")
    older = zipfile.ZipFile(io.BytesIO(photos.read("older.zip")))
    assert older.read("1987/bakery-wall.txt") == b"High water mark of 1987: 2.61 m.\n"
    with tarfile.open(INBOX / "archives" / "field-notes.tar.gz") as notes:
        assert notes.getnames() == ["field/ladder.txt", "field/log.txt"]
    with pytest.raises(zipfile.BadZipFile):
        zipfile.ZipFile(INBOX / "archives" / "half-download.zip")
