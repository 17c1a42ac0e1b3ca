"""One extraction: mails that are new or changed, then what is gone, mailbox by mailbox."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime

from dataq_plugins.sdk import Item, Log, Saver, State, Window
from dataq_plugins.sources.imap.client import Client
from dataq_plugins.sources.imap.errors import Refused
from dataq_plugins.sources.imap.folders import Folder
from dataq_plugins.sources.imap.known import NO_DIGEST, Box, Flags, Known, Sent, new_digest
from dataq_plugins.sources.imap.looking import Look, is_same, look
from dataq_plugins.sources.imap.mailbox import SMALL_BYTES, Facts, Gone, Mailbox
from dataq_plugins.sources.imap.streaming import Stream, TooLarge

CONTENT_TYPE = "message/rfc822"
ALIKE = 100
"""Of mails with the same bytes, so many are looked at for the best."""


@dataclass
class Extraction:
    """What one request asks for; `known` is kept up to date on the way."""

    client: Client
    known: Known
    saver: Saver
    window: Window | None
    full: bool
    max_bytes: int

    def folder(self, folder: Folder) -> Iterator[Item | State | Log]:
        """Yield what is new in a mailbox, and what is gone from it."""
        box = self.known.setdefault(folder.name, Box())
        if not self.full and is_same(box.settled, folder.standing):
            return
        try:
            mailbox = Mailbox(self.client, folder.raw)
        except Refused as error:
            yield Log(f"{folder.name} cannot be opened: {error}; it is looked at again", "warning")
            return
        validity = mailbox.standing.validity
        if box.validity != validity:
            if box.mails:
                yield Log(
                    f"{folder.name} was made anew by the server (UIDVALIDITY {box.validity} is now "
                    f"{validity}): all {mailbox.standing.messages:,} mails are read again, and "
                    "those that are known by their bytes keep their ids",
                    "warning",
                )
            box.begin_anew(validity)
        found = yield from look(mailbox, box, full=self.full)
        yield from _Reading(self, folder.name, mailbox, box).all_of(found)

    def missing(self, name: str) -> Iterator[Item]:
        """Yield the deletions of a mailbox that is no more."""
        box = self.known[name]
        box.begin_anew(box.validity)
        yield from self.orphans(name, box)
        if not box.orphans:
            del self.known[name]

    def orphans(self, name: str, box: Box) -> Iterator[Item]:
        """Yield the deletions of mails that were not met again."""
        for sent in list(box.orphans.values()):
            if self.wants(sent.seconds):
                yield deletion(name, sent)
                del box.orphans[sent.name]
                self.saver.note()

    def wants(self, seconds: int) -> bool:
        """Return whether a mail of this time is asked for."""
        return self.window is None or seconds in self.window


@dataclass
class _Reading:
    """What is read of one mailbox."""

    extraction: Extraction
    name: str
    mailbox: Mailbox
    box: Box
    alone: list[Facts] = field(default_factory=list)
    """Mails that are asked for by themselves: too big, or refused with others."""
    missing: int = 0
    """How many are to be looked at another time."""
    _orphans: dict[bytes, list[str]] = field(default_factory=lambda: defaultdict(list))
    """Names of mails of an earlier UIDVALIDITY, by digest."""
    _taken: set[str] = field(default_factory=set)
    """Names that a new mail may not get: a server may go back to an earlier UIDVALIDITY."""

    def all_of(self, found: Look) -> Iterator[Item | State | Log]:
        """Yield what a look has found, as far as it is asked for."""
        wanted = [facts for facts in found.news if self.extraction.wants(facts.seconds)]
        self.missing = len(found.news)
        self._taken.update(self.box.orphans, self.box.odd_names().values())
        for sent in self.box.orphans.values():
            self._orphans[sent.digest].append(sent.name)
        most = min(SMALL_BYTES, self.extraction.max_bytes)
        small = [facts for facts in wanted if facts.size <= most]
        self.alone += [facts for facts in wanted if facts.size > most]
        for body in self.mailbox.bodies(small):
            if body.content is None or len(body.content) > self.extraction.max_bytes:
                self.alone.append(body.facts)
                continue
            digest = new_digest()
            digest.update(body.content)
            yield from self._sent(body.facts, body.content, digest.digest())
        for facts in self.alone:
            yield from self._alone(facts)
        for uid in found.gone:
            sent = self.box.mails[uid]
            if self.extraction.wants(sent.seconds):
                yield deletion(self.name, sent)
                del self.box.mails[uid]
                yield from self._noted()
            else:
                self.missing += 1
        if not self.missing:
            yield from self.extraction.orphans(self.name, self.box)
            if not self.box.orphans:
                self.box.settled = self.mailbox.standing

    def _sent(self, facts: Facts, content: bytes, digest: bytes) -> Iterator[Item | State]:
        """Yield a mail, unless it is one that was sent under another UIDVALIDITY, as it is."""
        known = self._met(facts, digest)
        sent = self._as_sent(facts, digest, known)
        if known is None or known != sent or self.extraction.full:
            yield self._item(sent, content)
        yield from self._done(facts, sent)

    def _alone(self, facts: Facts) -> Iterator[Item | State | Log]:
        """Yield one mail, read piece by piece; with the reason where it cannot be had."""
        if facts.size > self.extraction.max_bytes:
            yield from self._problem(facts, TooLarge(facts.size).text)
            return
        try:
            known = self._met(facts, self._digest(facts)) if self._orphans else None
            stream = Stream(self.mailbox, facts.uid, self.extraction.max_bytes)
        except Gone:
            if self.mailbox.facts(facts.uid):
                yield from self._problem(facts, "unreadable: the server sends no bytes of it")
            return
        except (Refused, TooLarge) as error:
            text = (
                error.text
                if isinstance(error, TooLarge)
                else f"unreadable: the server says {error}"
            )
            yield from self._problem(facts, text)
            return
        sent = self._as_sent(facts, known.digest if known else NO_DIGEST, known)
        if known == sent and not self.extraction.full:
            yield from self._done(facts, sent)
            return
        yield self._item(sent, stream)
        if stream.failure is None:
            sent.digest = stream.digest
            yield from self._done(facts, sent)
        elif isinstance(stream.failure, TooLarge):
            yield from self._problem(facts, stream.failure.text)
        elif isinstance(stream.failure, Gone | Refused):
            yield Log(f"{self.name}/{sent.name} could not be read to its end", "warning")
        else:
            raise stream.failure

    def _problem(self, facts: Facts, problem: str) -> Iterator[Item | State]:
        sent = self._as_sent(facts, NO_DIGEST, None)
        yield self._item(sent, b"", problem)
        yield from self._done(facts, sent)

    def _done(self, facts: Facts, sent: Sent) -> Iterator[State]:
        self.box.mails[facts.uid] = sent
        self.box.orphans.pop(sent.name, None)
        self.missing -= 1
        yield from self._noted()

    def _noted(self) -> Iterator[State]:
        saver = self.extraction.saver
        saver.note()
        if saver.due():
            yield saver.state()

    def _met(self, facts: Facts, digest: bytes) -> Sent | None:
        """Return the mail of an earlier UIDVALIDITY that has these bytes; each once.

        Of several it is rather one that arrived then and has these flags.
        """
        names = self._orphans.get(digest)
        if facts.uid in self.box.mails or not names:
            return None
        for at, name in enumerate(names[:ALIKE]):
            sent = self.box.orphans[name]
            if (sent.seconds, sent.flags) == (facts.seconds, facts.flags):
                return self.box.orphans[names.pop(at)]
        return self.box.orphans[names.pop(0)]

    def _digest(self, facts: Facts) -> bytes:
        stream = Stream(self.mailbox, facts.uid, self.extraction.max_bytes)
        return stream.digest_of_all()

    def _as_sent(self, facts: Facts, digest: bytes, known: Sent | None) -> Sent:
        known = known or self.box.mails.get(facts.uid)
        name = known.name if known else self._new_name(facts.uid)
        return Sent(facts.seconds, facts.flags, digest, name)

    def _new_name(self, uid: int) -> str:
        name = f"{self.box.validity}/{uid}"
        while name in self._taken:
            name += "~"
        return name

    def _item(self, sent: Sent, content: bytes | Stream, problem: str = "") -> Item:
        validity, _, uid = sent.name.partition("/")
        metadata = {
            "mailbox": self.name,
            "labels": labels(sent.flags),
            "internal_date": datetime.fromtimestamp(sent.seconds, UTC).isoformat(),
            "uid": uid,
            "uidvalidity": validity,
        }
        name = f"{self.name}/{sent.name}"
        return Item(name, content, sent.seconds, CONTENT_TYPE, metadata, problem=problem)


def labels(flags: Flags) -> str:
    """Return flags and keywords as a JSON list."""
    return json.dumps(flags, ensure_ascii=False)


def deletion(mailbox: str, sent: Sent) -> Item:
    """Return what says that a mail is gone."""
    return Item(f"{mailbox}/{sent.name}", timestamp=sent.seconds, op="delete")
