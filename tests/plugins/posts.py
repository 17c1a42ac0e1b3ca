"""Mailboxes on disk, archived by the real process: what every test of the source stands on."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from dataq_plugins.host import PluginProcess, PluginSpec
from dataq_plugins.registry import argv_for
from tests.plugins.scanned import Scanned, settings

ARGV = argv_for("mailboxes")
FROM = b"From ana@example.org Tue May 19 08:30:00 2026\n"
MAY, JUNE = "Tue, 19 May 2026 08:30:00 +0000", "Mon, 1 Jun 2026 10:00:00 +0000"


@contextmanager
def mailboxes(*root: Path, **values: object) -> Iterator[Scanned]:
    """Start the source with these roots and settings."""
    config = settings(root=[os.fspath(path) for path in root], **values)
    with PluginProcess(PluginSpec("post", ARGV, config)) as process:
        yield Scanned(process, root)


def mail(number: int, body: str = "Water is back.", date: str = MAY, more: str = "") -> bytes:
    """A mail with a Message-ID; `more` are further lines of its head."""
    return (
        f"From: Ana <ana@example.org>\nTo: ben@example.org\nDate: {date}\n"
        f"Subject: Gauge {number}\nMessage-ID: <{number}@example.org>\n{more}\n{body}\n"
    ).encode()


def mbox(*mails: bytes, separator: bytes = FROM) -> bytes:
    """The mails one after another, each with the line before it and an empty one behind."""
    return b"".join(separator + each + b"\n" for each in mails)
