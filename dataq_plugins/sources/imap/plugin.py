"""The source `imap`: mails in the mailboxes of an IMAP server."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager

from dataq_plugins.sdk import (
    Discovery,
    Granularity,
    Item,
    Log,
    Plugin,
    Saver,
    State,
    Unreachable,
    Window,
    Windows,
)
from dataq_plugins.sources.imap.client import Client
from dataq_plugins.sources.imap.errors import Lost, Refused
from dataq_plugins.sources.imap.extraction import Extraction
from dataq_plugins.sources.imap.folders import Folder, Found, Wanted, find
from dataq_plugins.sources.imap.known import Box, ForeignState, Known, pack, unpack
from dataq_plugins.sources.imap.login import log_in
from dataq_plugins.sources.imap.looking import is_same, look
from dataq_plugins.sources.imap.mailbox import Mailbox
from dataq_plugins.sources.imap.settings import Settings
from dataq_plugins.sources.imap.tokens import Tokens
from dataq_plugins.sources.imap.watching import watch

SAVED_MAILS = 2_000
MOST_LISTED = 500_000
"""Of more new mails than this, `discover` does not ask when each arrived."""


class Imap(Plugin[Settings]):
    """Mails on an IMAP server: their bytes, dates, flags and keywords; what is deleted."""

    id = "imap"
    name = "IMAP"
    version = "1"
    time_basis = "event"

    def __init__(self, config: Settings) -> None:
        super().__init__(config)
        self._tokens = Tokens(config)

    def configure(self) -> None:
        self.config.checked()

    def check(self) -> None:
        with self._session() as client:
            client.ask(b"NOOP")

    def discover(self, state: bytes | None, granularity: Granularity) -> Discovery:
        """Return the windows of mails that are new, changed or gone; no mail is read for it."""
        known, complaint = self._recall(state)
        if complaint:
            print(complaint, file=sys.stderr)
        windows = Windows(granularity)
        with self._session() as client:
            found = self._find(client, known)
            if _unknown(found, known) > MOST_LISTED:
                return Discovery((), complete=False)
            for folder in found.folders:
                for seconds in _changes(client, folder, known.get(folder.name, Box())):
                    windows.add(seconds)
        for name in self._missing(known, found):
            for sent in (*known[name].mails.values(), *known[name].orphans.values()):
                windows.add(sent.seconds)
        return Discovery(windows.changed())

    def watch(self) -> Iterator[Log]:
        """Yield signs of life until the server tells of a change."""
        with self._session() as client:
            yield from watch(client, find(client, Wanted(self.config)).folders)

    def extract(
        self, window: Window | None, state: bytes | None, full: bool
    ) -> Iterator[Item | State | Log]:
        """Yield the mails of the window that are new or changed, then what is gone from it."""
        known, complaint = self._recall(state)
        if complaint:
            yield Log(complaint, "warning")
        saver = Saver(lambda: pack(known, self.config.user), SAVED_MAILS)
        try:
            with self._session() as client:
                found = self._find(client, known)
                most = self.config.max_bytes
                extraction = Extraction(client, known, saver, window, full, most)
                for folder in found.folders:
                    yield from extraction.folder(folder)
                for name in self._missing(known, found):
                    yield from extraction.missing(name)
        except Unreachable:
            if saver.anything():
                yield saver.state()
            raise
        yield saver.state()

    def _find(self, client: Client, known: Known) -> Found:
        """Return the mailboxes; raises Unreachable where they have lost every mail."""
        found = find(client, Wanted(self.config))
        asked = {each.name for each in found.folders} | set(self._missing(known, found))
        had = any(known[name].mails for name in asked & known.keys())
        has = any(not each.standing or each.standing.messages for each in found.folders)
        if had and not has and not self.config.allow_empty:
            raise Unreachable(
                f"{self.config.user} had mails and has none at all; is it the same account? "
                "allow_empty: true believes it"
            )
        return found

    def _missing(self, known: Known, found: Found) -> list[str]:
        wanted = Wanted(self.config)
        return [name for name in sorted(known) if found.lacks(name) and wanted.wants(name)]

    @contextmanager
    def _session(self) -> Iterator[Client]:
        self.configure()
        host = self.config.host
        try:
            client = log_in(self.config, self._tokens)
            try:
                if client.can("ENABLE") and client.can("QRESYNC"):
                    client.ask(b"ENABLE", b"QRESYNC")
                yield client
            finally:
                client.close()
        except Lost as error:
            raise Unreachable(f"{host}: {error}") from None
        except Refused as error:
            raise Unreachable(f"{host} refuses to go on: {error}") from None

    def _recall(self, state: bytes | None) -> tuple[Known, str]:
        """Return what was sent before, and a complaint if the state says nothing of this user."""
        if not state:
            return {}, ""
        try:
            return unpack(state, self.config.user), ""
        except ForeignState as error:
            return {}, f"the state cannot be used, so all mails are read again: {error}"


def _unknown(found: Found, known: Known) -> int:
    """Return how many mails are there of which nothing was sent, about."""
    return sum(
        each.standing.messages - len(known.get(each.name, Box()).mails)
        for each in found.folders
        if each.standing
    )


def _changes(client: Client, folder: Folder, box: Box) -> Iterator[int]:
    """Yield the times of mails in a mailbox that are new, changed or gone."""
    yield from (sent.seconds for sent in box.orphans.values())
    if is_same(box.settled, folder.standing):
        return
    try:
        mailbox = Mailbox(client, folder.raw)
    except Refused as error:
        print(f"WARNING: {folder.name} cannot be opened: {error}", file=sys.stderr)
        return
    if box.validity != mailbox.standing.validity:
        yield from (sent.seconds for sent in box.mails.values())
        box = Box(mailbox.standing.validity)
    looking = look(mailbox, box, full=False)
    while True:
        try:
            next(looking)
        except StopIteration as ended:
            found = ended.value
            break
    yield from (facts.seconds for facts in found.news)
    yield from (box.mails[uid].seconds for uid in found.gone)
