"""Waits until the server tells of a change: IDLE (RFC 2177), for all by NOTIFY (RFC 5465)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress

from dataq_plugins.sdk import Log, Unreachable
from dataq_plugins.sources.imap.client import Client
from dataq_plugins.sources.imap.errors import Refused
from dataq_plugins.sources.imap.folders import Folder
from dataq_plugins.sources.imap.mailbox import Mailbox

SESSION_SECONDS = 25 * 60
"""Servers end a session in which nothing is said for 29 minutes."""
NEWS = {"EXISTS", "EXPUNGE", "VANISHED", "FETCH", "STATUS", "LIST"}
_EVENTS = b"(personal (MessageNew MessageExpunge FlagChange MailboxName))"


def watch(client: Client, folders: Sequence[Folder]) -> Iterator[Log]:
    """Yield a sign of life now and then; ends with the first change in one of these mailboxes.

    Where the server has no NOTIFY, only the first of INBOX and the others is watched; raises
    Unreachable where it does not even have IDLE.
    """
    if not client.can("IDLE"):
        raise Unreachable("the server cannot tell of changes (IDLE)")
    if not _notified(client):
        chosen = sorted(folders, key=lambda each: (each.name != "INBOX", each.name))
        for folder in chosen[:1]:
            Mailbox(client, folder.raw)
    while True:
        for told in client.idle(SESSION_SECONDS):
            if told is None:
                yield Log("watching", "debug")
            elif told.word in NEWS:
                return


def _notified(client: Client) -> bool:
    if client.can("NOTIFY"):
        with suppress(Refused):
            client.ask(b"NOTIFY", b"SET", _EVENTS)
            return True
    return False
