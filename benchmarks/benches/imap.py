"""The first archive of an IMAP account into raw, against mbsync from the same server."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks.command import BenchFailed
from benchmarks.command import run as command
from benchmarks.letters import letters
from benchmarks.measure import Bar, Measure, median, paired
from benchmarks.setting import DRIVERS, Setting
from dataq_resources.home import Home
from dataq_resources.sources import SourceConfig, write_source
from tests.dovecot import PASSWORD, Dovecot, program

COUNT, DIFFERENT = 5_000, 500
FIRST, APART = 1_600_000_000, 3_000
USER = "ana"
MBSYNC = """\
FSync no

IMAPStore far
Host localhost
Port {port}
User {user}
Pass {password}
SSLType IMAPS
CertificateFile {ca}

MaildirStore near
Path {near}/
Inbox {near}/INBOX

Channel all
Far :far:
Near :near:
Patterns INBOX
Create Near
SyncState *
"""


def run(setting: Setting) -> list[Measure]:
    """Return how fast it is, mbsync being 1."""
    server = program()
    if server is None or shutil.which("mbsync") is None:
        raise BenchFailed("this needs Debian's dovecot-imapd and isync")
    count = setting.scaled(COUNT, 200)
    with setting.folder("imap") as folder, _serving(folder, server) as dovecot:
        setting.say(f"making {count:,} mails")
        size = _fill(dovecot, count)
        _theirs(folder, dovecot, count)  # the server makes its index at the first
        pairs = paired(
            setting.runs,
            lambda: 1 / _ours(folder, dovecot, count),
            lambda: 1 / _theirs(folder, dovecot, count),
        )
    return [
        Measure(
            f"first archive to raw of an IMAP account, {COUNT:,} mails",
            median(pairs.ratios),
            "×",
            Bar(0.7, "least"),
            f"{1 / median(pairs.ours):.1f} s",
            f"{1 / median(pairs.reference):.1f} s",
            pairs.ratios,
            f"{count:,} mails, {size / 1e6:.0f} MB, from dovecot on loopback with TLS. Ours is "
            "time from the first question to the plugin to the last commit, without starting "
            "Python; the reference `mbsync` into a Maildir, from start to end, with `FSync no`.",
        )
    ]


@contextmanager
def _serving(folder: Path, server: Path) -> Iterator[Dovecot]:
    folder.chmod(0o755)  # the server runs as somebody else
    (folder / "server").mkdir()
    dovecot = Dovecot(folder / "server", server)
    dovecot.start()
    try:
        yield dovecot
    finally:
        dovecot.stop()


def _fill(dovecot: Dovecot, count: int) -> int:
    """Put mails into the inbox; return their bytes."""
    different = letters(min(count, DIFFERENT))
    inbox = dovecot.folder / "mail" / USER
    for name in ("cur", "new", "tmp"):
        (inbox / name).mkdir(parents=True)
    total = 0
    for number in range(count):
        content = b"X-Number: %d\r\n" % number + different[number % len(different)]
        total += len(content)
        when = FIRST + APART * number
        path = inbox / "cur" / f"{when}.{number}.x:2,S"
        path.write_bytes(content)
        os.utime(path, (when, when))
    owner = dovecot.folder.stat()
    for path in (inbox.parent, inbox, *inbox.rglob("*")):
        os.chown(path, owner.st_uid, owner.st_gid)
    return total


def _ours(folder: Path, dovecot: Dovecot, count: int) -> float:
    home = Home(folder / "home")
    config = {
        "host": "localhost",
        "port": str(dovecot.tls_port),
        "user": USER,
        "password": "env:IMAP_PASSWORD",
        "ca_file": str(dovecot.ca),
        "allow_private": "true",
    }
    write_source(home, SourceConfig(name="post", plugin="imap", config=config))
    argv = [sys.executable, str(DRIVERS / "archive_raw.py"), str(home.path)]
    done = command(argv, env={"IMAP_PASSWORD": PASSWORD}).json()
    shutil.rmtree(home.path)
    assert done["rows"] == count, done
    return float(done["seconds"])


def _theirs(folder: Path, dovecot: Dovecot, count: int) -> float:
    near = folder / "near"
    near.mkdir()
    settings = folder / "mbsyncrc"
    settings.write_text(
        MBSYNC.format(port=dovecot.tls_port, user=USER, password=PASSWORD, ca=dovecot.ca, near=near)
    )
    done = command(["mbsync", "-q", "-c", settings, "all"])
    mails = [*(near / "INBOX" / "cur").iterdir(), *(near / "INBOX" / "new").iterdir()]
    shutil.rmtree(near)
    assert len(mails) == count, len(mails)
    return done.seconds
