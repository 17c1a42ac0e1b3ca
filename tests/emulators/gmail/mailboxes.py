"""A user's mailbox: mails in the order of lists, labels, history. Tests change it as users do."""

from __future__ import annotations

import threading
import zlib
from bisect import bisect_left, insort
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from tests.emulators.gmail.errors import refusal
from tests.emulators.gmail.history import (
    ADDED,
    DELETED,
    LABELS_ADDED,
    LABELS_REMOVED,
    History,
    Record,
)
from tests.emulators.gmail.labels import Labels
from tests.emulators.gmail.letters import corpus_letters, letters
from tests.emulators.gmail.mails import Key, Mail
from tests.emulators.gmail.threads import Threads, read_head

FIRST_ID = 0x18C2_0000_0000_0000
FIRST_DATE = 1_700_000_000_000  # of mails without a date, a second each


class Mailbox:
    """Whatever is done here has its record in the history. Safe for several threads."""

    def __init__(self, address: str) -> None:
        self.address = address
        self.lock = threading.RLock()
        self.labels = Labels()
        self.history = History()
        self.mails: dict[str, Mail] = {}
        self.order: list[tuple[Key, Mail]] = []
        self._threads = Threads()
        self._made = 0

    def add(
        self,
        raw: bytes,
        labels: Iterable[str] = ("INBOX", "UNREAD"),
        date: int | None = None,
        thread: str | None = None,
    ) -> str:
        """A new mail; its id. `date` in milliseconds, else when it was received or written."""
        with self.lock:
            ids = set(labels)
            self.labels.check(ids)
            head = read_head(raw)
            self._made += 1
            noise = zlib.crc32(f"{self.address}{self._made}".encode()) & 0xFFF_FFFF
            made = f"{FIRST_ID + (self._made << 28) + noise:016x}"
            known = head.date if date is None else date
            when = FIRST_DATE + self._made * 1000 if known is None else known
            mail = Mail(
                id=made,
                thread_id=thread or self._threads.find(head, made),
                raw=bytes(raw),
                date=when,
                history_id=self.history.next(),
                labels=ids,
                message_id=head.message_id,
            )
            self._threads.join(head, mail.thread_id)
            self.mails[made] = mail
            insort(self.order, (mail.key, mail), key=lambda pair: pair[0])
            self._record(mail, {ADDED: ()})
            return made

    def fill(self, mails: Iterable[tuple[bytes, Iterable[str]]]) -> list[str]:
        """Adds mails with names of labels (or ids of Gmail's own); their ids."""
        return [self.add(raw, [self.label(name) for name in names]) for raw, names in mails]

    def fill_letters(self, count: int, seed: int = 1, words: int = 80) -> list[str]:
        """`fill(letters(…))`, but made where the mailbox is, not carried there; their ids."""
        return self.fill(letters(count, seed, words))

    def fill_folder(self, folder: str, count: int | None = None) -> list[str]:
        """`fill(corpus_letters(…))`, but read where the mailbox is; their ids."""
        return self.fill(corpus_letters(Path(folder), count))

    def label(self, name: str) -> str:
        """The id of a label by its name, which is made if it is not one of Gmail's."""
        with self.lock:
            return name if self.labels.has(name) else self.labels.add(name)

    def rename_label(self, label: str, name: str) -> None:
        """No history tells of it."""
        with self.lock:
            self.labels.names[label] = name

    def delete_label(self, label: str) -> None:
        """Every mail loses it, which history does tell."""
        with self.lock:
            for each in [mail.id for mail in self.mails.values() if label in mail.labels]:
                self.modify(each, remove=[label])
            del self.labels.names[label]

    def modify(self, message: str, add: Iterable[str] = (), remove: Iterable[str] = ()) -> None:
        """Changes labels: one record for both, none where nothing changes."""
        with self.lock:
            mail = self.get(message)
            added, gone = set(add) - mail.labels, set(remove) & mail.labels
            self.labels.check(added | gone)
            if not added and not gone:
                return
            mail.labels = (mail.labels | added) - gone
            mail.history_id = self.history.next()
            changes = {LABELS_ADDED: tuple(sorted(added)), LABELS_REMOVED: tuple(sorted(gone))}
            self._record(mail, {name: about for name, about in changes.items() if about})

    def trash(self, message: str) -> None:
        self.modify(message, add=["TRASH"], remove=["INBOX"])

    def untrash(self, message: str) -> None:
        self.modify(message, remove=["TRASH"])

    def delete(self, message: str) -> None:
        """For good, as after 30 days in the trash."""
        with self.lock:
            mail = self.get(message)
            del self.mails[message]
            del self.order[bisect_left(self.order, mail.key, key=lambda pair: pair[0])]
            mail.history_id = self.history.next()
            self._record(mail, {DELETED: ()})

    def expire_history(self) -> None:
        """As when nobody asked for a week: 404 for every historyId that was given out."""
        with self.lock:
            self.history.expire()

    def get(self, message: str) -> Mail:
        """The mail; 404 where it is gone, or never was."""
        if message not in self.mails:
            raise refusal(404)
        return self.mails[message]

    def ids(self) -> list[str]:
        """All mails, also spam and trash, the newest first."""
        with self.lock:
            return [mail.id for _, mail in self.order]

    def raw(self, message: str) -> bytes:
        return self.get(message).raw

    def state(self, message: str) -> dict[str, Any]:
        """What messages.get says in the format minimal."""
        with self.lock:
            return self.get(message).minimal()

    def profile(self) -> dict[str, Any]:
        with self.lock:
            return {
                "emailAddress": self.address,
                "messagesTotal": len(self.mails),
                "threadsTotal": len({mail.thread_id for mail in self.mails.values()}),
                "historyId": str(self.history.now),
            }

    def prepare(self) -> None:
        """Takes all mails apart now, so that no request waits for it."""
        for mail in list(self.mails.values()):
            _ = mail.ready

    def _record(self, mail: Mail, changes: dict[str, tuple[str, ...]]) -> None:
        labels = tuple(sorted(mail.labels))
        self.history.records.append(
            Record(mail.history_id, mail.id, mail.thread_id, labels, changes)
        )
