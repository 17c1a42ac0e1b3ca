"""One mailbox, opened to be read: what is in it, what has changed, and its mails' bytes."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone

from dataq_plugins.sources.imap.answers import Answer, TooLong, Value, number, pairs
from dataq_plugins.sources.imap.client import ANSWERS, Client
from dataq_plugins.sources.imap.errors import Broken, Refused
from dataq_plugins.sources.imap.folders import Standing
from dataq_plugins.sources.imap.names import quoted, ranges_of, uid_set

BATCH_MAILS, BATCH_BYTES = 200, 2 << 20
AT_ONCE = 3
"""So many questions for mails are under way, so that the server always has one to work on."""
SMALL_BYTES = 1 << 20
PIECE_BYTES = 1 << 20
"""A mail over SMALL_BYTES is asked for alone, in pieces of this size."""
_FACTS = b"(UID FLAGS INTERNALDATE RFC822.SIZE)"
_DATE = re.compile(rb" ?(\d{1,2})-(\w{3})-(\d{4}) (\d\d):(\d\d):(\d\d) ([+-])(\d\d)(\d\d)")
_MONTHS = dict(
    zip(b"jan feb mar apr may jun jul aug sep oct nov dec".split(), range(1, 13), strict=True)
)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_FIRST, _LAST = -62_135_596_800, 253_370_764_799


@dataclass(frozen=True, slots=True)
class Facts:
    """What is told of a mail without its bytes; `seconds` is when it arrived, Unix time."""

    uid: int
    flags: tuple[str, ...]
    seconds: int
    size: int


@dataclass(frozen=True, slots=True)
class Body:
    """A mail's bytes; None where the server has none for it, or too many at once."""

    facts: Facts
    content: bytes | None


class Gone(Exception):
    """A mail is no longer there."""


class Mailbox:
    """A mailbox that was opened with EXAMINE: nothing in it is changed by reading."""

    def __init__(self, client: Client, raw: bytes) -> None:
        """Open it; raises Refused."""
        self._client = client
        validity = following = modseq = messages = 0
        condstore = (b"(CONDSTORE)",) if client.can("CONDSTORE") else ()
        for each in client.ask(b"EXAMINE", quoted(raw), *condstore):
            if each.word == "EXISTS":
                messages = each.number
            elif each.word == "OK" and each.code == "UIDVALIDITY":
                validity = number(each.about)
            elif each.word == "OK" and each.code == "UIDNEXT":
                following = number(each.about)
            elif each.word == "OK" and each.code == "HIGHESTMODSEQ":
                modseq = number(each.about)
        if not validity:
            raise Broken("it opens a mailbox without a UIDVALIDITY")
        self.standing = Standing(validity, following, modseq, messages)

    def all(self) -> Iterator[Facts]:
        """Yield the facts of every mail."""
        if self.standing.messages:
            yield from self._facts(b"1:*", _FACTS)

    def uids(self) -> set[int]:
        """Return the UIDs of all mails."""
        if not self.standing.messages:
            return set()
        tag = self._client.send(b"UID", b"FETCH", b"1:*", b"(UID)")
        found = (_fetched(each) for each in self._client.answers(tag, self._most))
        return {number(each["UID"]) for each in found if "UID" in each}

    def changed(self, modseq: int) -> tuple[list[Facts], list[tuple[int, int]] | None]:
        """Return the mails that are new or changed since, and the UIDs that have gone.

        These are ranges, in which there may be more than ever were mails; None where this server
        does not tell.
        """
        vanished = self._client.can("QRESYNC")
        since = b"(CHANGEDSINCE %d%b)" % (modseq, b" VANISHED" if vanished else b"")
        tag = self._client.send(b"UID", b"FETCH", b"1:*", _FACTS, since)
        facts: list[Facts] = []
        gone: list[tuple[int, int]] = []
        for each in self._client.answers(tag, self._most):
            if each.word == "VANISHED":
                gone += _vanished(each)
            elif told := _facts_of(_fetched(each)):
                facts.append(told)
        return facts, gone if vanished else None

    def bodies(self, wanted: Iterable[Facts]) -> Iterator[Body]:
        """Yield each mail with its bytes, if they can be had together with others."""
        waiting: list[tuple[str, list[Facts]]] = []
        for batch in _batches(wanted):
            uids = uid_set(facts.uid for facts in batch)
            waiting.append((self._client.send(b"UID", b"FETCH", uids, _with_body()), batch))
            if len(waiting) == AT_ONCE:
                yield from self._arrived(*waiting.pop(0))
        for tag, batch in waiting:
            yield from self._arrived(tag, batch)

    def pieces(self, uid: int) -> Iterator[bytes]:
        """Yield the bytes of one mail, piece by piece; raises Gone, Refused."""
        offset = 0
        while True:
            section = b"(UID BODY.PEEK[]<%d.%d>)" % (offset, PIECE_BYTES)
            piece = None
            for each in self._client.ask(b"UID", b"FETCH", b"%d" % uid, section):
                told = _fetched(each)
                if "UID" in told and number(told["UID"]) == uid:
                    piece = _content(told)
            if piece is None:
                raise Gone
            yield piece
            offset += len(piece)
            if len(piece) < PIECE_BYTES:
                return

    def facts(self, uid: int) -> Facts | None:
        """Return the facts of one mail, None if it has gone."""
        found = list(self._facts(b"%d" % uid, _FACTS))
        return next((each for each in found if each.uid == uid), None)

    def _arrived(self, tag: str, batch: list[Facts]) -> Iterator[Body]:
        """Yield what comes of a batch, and what of it did not come."""
        missing = {facts.uid: facts for facts in batch}
        try:
            for each in self._client.answers(tag):
                told = _fetched(each)
                if "BODY[]" in told and "UID" in told:
                    facts = missing.pop(number(told["UID"]), None)
                    if facts:
                        yield Body(_now(facts, told), _content(told))
        except Refused:
            pass  # each will tell why
        for facts in missing.values():
            yield Body(facts, None)

    def _facts(self, which: bytes, what: bytes) -> Iterator[Facts]:
        for each in self._client.answers(
            self._client.send(b"UID", b"FETCH", which, what), self._most
        ):
            if facts := _facts_of(_fetched(each)):
                yield facts

    @property
    def _most(self) -> int:
        """What is said of each mail, and of those that arrive or go meanwhile."""
        return 2 * self.standing.messages + ANSWERS


def _with_body() -> bytes:
    return b"(UID FLAGS BODY.PEEK[])"


def _batches(wanted: Iterable[Facts]) -> Iterator[list[Facts]]:
    batch: list[Facts] = []
    size = 0
    for facts in wanted:
        if batch and (len(batch) == BATCH_MAILS or size + facts.size > BATCH_BYTES):
            yield batch
            batch, size = [], 0
        batch.append(facts)
        size += facts.size
    if batch:
        yield batch


def _fetched(told: Answer) -> dict[str, Value]:
    """Return the data of a FETCH response; nothing for any other."""
    if told.word != "FETCH":
        return {}
    values = told.values()
    if len(values) != 1:
        raise Broken("it sends a mail without a list")
    return pairs(values[0])


def _facts_of(told: dict[str, Value]) -> Facts | None:
    """Return the facts in a response that has them all: others tell of what goes on meanwhile."""
    if not {"UID", "FLAGS", "INTERNALDATE", "RFC822.SIZE"} <= told.keys():
        return None
    return Facts(
        number(told["UID"]),
        flags_of(told["FLAGS"]),
        seconds_of(told["INTERNALDATE"]),
        number(told["RFC822.SIZE"]),
    )


def _now(facts: Facts, told: dict[str, Value]) -> Facts:
    """Return the facts with the flags that came with the bytes."""
    if "FLAGS" not in told:
        return facts
    return Facts(facts.uid, flags_of(told["FLAGS"]), facts.seconds, facts.size)


def _content(told: dict[str, Value]) -> bytes | None:
    for name, value in told.items():
        if name.startswith("BODY[]"):
            return None if isinstance(value, TooLong) or not isinstance(value, bytes) else value
    return None


def _vanished(told: Answer) -> list[tuple[int, int]]:
    values = told.values()
    try:
        return ranges_of(values[-1])
    except (IndexError, TypeError, ValueError):
        raise Broken("it says that something vanished, but not what") from None


def flags_of(value: Value) -> tuple[str, ...]:
    r"""Return flags and keywords, sorted: `seen` for \Seen, keywords as they are, no \Recent."""
    if not isinstance(value, list) or not all(isinstance(each, bytes) for each in value):
        raise Broken("flags are no list of words")
    found = {_flag(each.decode("utf-8", "backslashreplace")) for each in value}
    return tuple(sorted(found - {"recent"}))


def _flag(word: str) -> str:
    return word[1:].lower() if word.startswith("\\") else word


def seconds_of(value: Value) -> int:
    """Return an INTERNALDATE as Unix time, of the years 1 to 9998; 0 for one that is none."""
    found = _DATE.fullmatch(value) if isinstance(value, bytes) else None
    try:
        if not found:
            raise ValueError
        day, month, year, hour, minute, second, sign, hours, minutes = found.groups()
        offset = timedelta(hours=int(hours), minutes=int(minutes))
        zone = timezone(-offset if sign == b"-" else offset)
        local = datetime(
            int(year), _MONTHS[month.lower()], int(day), int(hour), int(minute),
            min(int(second), 59), tzinfo=zone,
        )  # fmt: skip
        seconds = int((local - _EPOCH).total_seconds())
    except (ValueError, KeyError, OverflowError):
        return 0
    return max(_FIRST, min(seconds, _LAST))
