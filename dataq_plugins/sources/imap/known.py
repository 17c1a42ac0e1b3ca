"""What was sent of each mailbox, and how it stood then: the state, as bytes."""

from __future__ import annotations

import base64
import json
import zlib
from collections.abc import Iterable
from dataclasses import astuple, dataclass, field
from hashlib import blake2b
from typing import Any

from dataq_plugins.sources.imap.folders import Standing

MAGIC = b"dataq imap state 1\n"
DIGEST_BYTES = 16
NO_DIGEST = bytes(DIGEST_BYTES)
"""Of a mail whose bytes could not be had."""

Flags = tuple[str, ...]


@dataclass(slots=True)
class Sent:
    """A mail that was sent: when it arrived, its flags, a digest of its bytes, and its name.

    The name is that which it was first sent under, without that of the mailbox: UIDVALIDITY/UID.
    """

    seconds: int
    flags: Flags
    digest: bytes
    name: str


@dataclass
class Box:
    """What was sent of a mailbox, by UID, as long as UIDVALIDITY is `validity`.

    `settled` is how it stood when all of it had been sent, None if it has to be looked through.
    `orphans` are mails of an earlier UIDVALIDITY, by name, that were not met again yet.
    """

    validity: int = 0
    mails: dict[int, Sent] = field(default_factory=dict)
    settled: Standing | None = None
    orphans: dict[str, Sent] = field(default_factory=dict)

    def odd_names(self) -> dict[int, str]:
        """Return the names that are not UIDVALIDITY/UID as they are now, by UID."""
        plain = f"{self.validity}/"
        return {uid: sent.name for uid, sent in self.mails.items() if sent.name != f"{plain}{uid}"}

    def begin_anew(self, validity: int) -> None:
        """Take up another UIDVALIDITY: what was sent is to be met again, under other UIDs."""
        self.orphans.update((sent.name, sent) for sent in self.mails.values())
        self.validity, self.mails, self.settled = validity, {}, None


Known = dict[str, Box]
"""By the name of the mailbox."""


class ForeignState(ValueError):
    """These bytes are not a state of this source: begin again without one."""


def new_digest() -> Any:
    """Return what makes the digest of a mail's bytes."""
    return blake2b(digest_size=DIGEST_BYTES)


def pack(known: Known, user: str) -> bytes:
    """Return the state as bytes; whose mailboxes they are is in it."""
    flags: dict[Flags, int] = {}
    boxes = {
        name: [
            box.validity,
            astuple(box.settled) if box.settled else None,
            list(box.mails),
            _columns(box.mails.values(), flags),
            box.odd_names(),
            list(box.orphans),
            _columns(box.orphans.values(), flags),
        ]
        for name, box in known.items()
    }
    told = {"user": user, "boxes": boxes, "flags": list(flags)}
    return MAGIC + zlib.compress(json.dumps(told, separators=(",", ":")).encode(), 1)


def unpack(data: bytes, user: str) -> Known:
    """Return what `pack` was given; ForeignState if the bytes are damaged or somebody else's."""
    if not data.startswith(MAGIC):
        raise ForeignState("it was not written by this plugin, or by another version of it")
    try:
        told = json.loads(zlib.decompress(memoryview(data)[len(MAGIC) :]))
        if told["user"] != user:
            raise ForeignState("it is of another user")
        flags = [tuple(each) for each in told["flags"]]
        return {name: _box(values, flags) for name, values in told["boxes"].items()}
    except ForeignState:
        raise
    except (zlib.error, ValueError, KeyError, TypeError, IndexError) as error:
        raise ForeignState(f"it is damaged ({error})") from None


def _columns(mails: Iterable[Sent], flags: dict[Flags, int]) -> list[Any]:
    """Return mails column by column; `flags` gets the number of each set that it lacks."""
    sents = list(mails)
    digests = b"".join(sent.digest for sent in sents)
    return [
        [sent.seconds for sent in sents],
        [flags.setdefault(sent.flags, len(flags)) for sent in sents],
        base64.b64encode(digests).decode(),
    ]


def _box(values: list[Any], flags: list[Flags]) -> Box:
    validity, settled, uids, mails, odd, orphans, lost = values
    names = [odd.get(str(uid)) or f"{validity}/{uid}" for uid in uids]
    return Box(
        int(validity),
        dict(zip(map(int, uids), _sents(names, mails, flags), strict=True)),
        Standing(*settled) if settled else None,
        {sent.name: sent for sent in _sents(orphans, lost, flags)},
    )


def _sents(names: list[str], columns: list[Any], flags: list[Flags]) -> list[Sent]:
    seconds, numbers, text = columns
    digests = base64.b64decode(text)
    return [
        Sent(
            int(when),
            flags[number],
            digests[at * DIGEST_BYTES : (at + 1) * DIGEST_BYTES],
            str(name),
        )
        for at, (when, number, name) in enumerate(zip(seconds, numbers, names, strict=True))
    ]
