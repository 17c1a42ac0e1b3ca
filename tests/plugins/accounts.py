"""An account on a real IMAP server, and the source that archives it: what its tests stand on."""

from __future__ import annotations

import imaplib
import json
import os
import ssl
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from dataq_plugins.host import Item, PluginProcess, PluginSpec
from dataq_plugins.registry import argv_for
from dataq_plugins.sdk.settings import parse
from dataq_plugins.sources.imap.plugin import Imap
from dataq_plugins.sources.imap.settings import Settings
from tests.dovecot import PASSWORD, Dovecot
from tests.plugins.scanned import Scanned, settings

ARGV = argv_for("imap")
MAY = datetime(2026, 5, 19, 8, 30, tzinfo=UTC)
JUNE = datetime(2026, 6, 1, 10, tzinfo=UTC)


def mail(number: int, body: str = "Water is back.") -> bytes:
    """A mail as it travels."""
    return (
        f"From: Ana <ana@example.org>\r\nSubject: Gauge {number}\r\n"
        f"Message-ID: <{number}@example.org>\r\n\r\n{body}\r\n"
    ).encode()


@dataclass
class Account:
    """Somebody's mailboxes, changed as a mail program would."""

    server: Dovecot
    user: str
    _session: imaplib.IMAP4_SSL | None = field(default=None, repr=False)

    @property
    def session(self) -> imaplib.IMAP4_SSL:
        """A mail program's connection."""
        if self._session is None:
            trusted = ssl.create_default_context(cafile=self.server.ca)
            self._session = imaplib.IMAP4_SSL(
                "localhost", self.server.tls_port, ssl_context=trusted
            )
            self._session.login(self.user, PASSWORD)
        return self._session

    def close(self) -> None:
        session, self._session = self._session, None
        if session is not None:
            session.logout()

    def add(self, *mails: bytes, box: str = "INBOX", at: datetime = MAY, flags: str = "") -> None:
        for each in mails:
            self._do("append", f'"{box}"', flags or None, imaplib.Time2Internaldate(at), each)

    def flag(self, uids: str, flags: str, box: str = "INBOX", how: str = "+") -> None:
        self._do("select", f'"{box}"')
        self._do("uid", "store", uids, f"{how}FLAGS.SILENT", f"({flags})")
        self._do("close") if "\\Deleted" not in flags else self._do("unselect")

    def expunge(self, uids: str, box: str = "INBOX") -> None:
        self._do("select", f'"{box}"')
        self._do("uid", "store", uids, "+FLAGS.SILENT", "(\\Deleted)")
        self._do("uid", "expunge", uids)
        self._do("unselect")

    def create(self, box: str) -> None:
        self._do("create", f'"{box}"')

    def delete(self, box: str) -> None:
        self._do("delete", f'"{box}"')

    def renumber(self, box: str = "INBOX", step: int = 1) -> None:
        """Have the server make up the mailbox anew, with another UIDVALIDITY and other UIDs."""
        self.close()
        folder = self.server.folder / "mail" / self.user
        folder = folder if box == "INBOX" else folder / box
        before = folder / "dovecot-uidlist"
        owner, validity = before.stat(), int(before.read_text().split()[1][1:])
        for path in folder.glob("dovecot*"):
            path.unlink()
        before.write_text(f"3 V{validity + step} N1 G{uuid.uuid4().hex}\n")
        os.chown(before, owner.st_uid, owner.st_gid)

    def settings(self, **values: object) -> dict[str, str]:
        """What the source is told; `values` are added, or stand in the place of others."""
        told = {
            "host": "localhost",
            "port": self.server.tls_port,
            "user": self.user,
            "password": PASSWORD,
            "ca_file": str(self.server.ca),
            "allow_private": True,
        }
        return settings(**{**told, **values})

    def plugin(self, **values: object) -> Imap:
        """The source in this process."""
        return Imap(parse(Settings, self.settings(**values)))

    @contextmanager
    def archived(self, **values: object) -> Iterator[Scanned]:
        """The source as a process of its own."""
        with PluginProcess(PluginSpec("post", ARGV, self.settings(**values))) as process:
            yield Scanned(process, (Path(),))

    def _do(self, command: str, *words: object) -> None:
        status, told = getattr(self.session, command)(*words)
        assert status == "OK", (command, told)


def told(items: list[Item]) -> list[tuple[str, str]]:
    """What was sent, with ids as they are without UIDVALIDITY: INBOX/1."""
    return [(item.op, short(item.source_id)) for item in items]


def short(source_id: str) -> str:
    box, _, uid = source_id.rpartition("/")
    return f"{box.rpartition('/')[0]}/{uid}"


def labels(items: list[Item]) -> dict[str, list[str]]:
    return {short(item.source_id): json.loads(item.metadata["labels"]) for item in items}
