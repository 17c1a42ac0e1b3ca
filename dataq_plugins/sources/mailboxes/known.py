"""What was sent of each mailbox, and how the mailbox looked then: the state, as bytes."""

from __future__ import annotations

import json
import zlib
from collections.abc import Sequence
from dataclasses import dataclass, field

MAGIC = b"dataq mailboxes state 1\n"

Stamp = tuple[int, ...]
"""Size, mtime, ctime (nanoseconds) and inode of a file that holds many mails."""


@dataclass
class Box:
    """What was sent of a mailbox: of each mail, by its name, its mark and its time.

    `stamp` is how the file looked when all of it had been sent, None if it has to be read. The
    last mail begins at `tail`; before it there are bytes of the digest `digest`.
    """

    mails: dict[str, tuple[str, int]] = field(default_factory=dict)
    stamp: Stamp | None = None
    tail: int = 0
    last: str = ""
    digest: str = ""


Known = dict[str, Box]
"""By the name of the mailbox."""


class ForeignState(ValueError):
    """These bytes are not a state of this source: begin again without one."""


def pack(known: Known, scope: Sequence[object]) -> bytes:
    """Return the state as bytes; `scope` says what the names are relative to."""
    boxes = {
        name: [box.stamp, box.tail, box.last, box.digest, box.mails] for name, box in known.items()
    }
    text = json.dumps({"scope": scope, "boxes": boxes}, separators=(",", ":"))
    return MAGIC + zlib.compress(text.encode("utf-8", "surrogatepass"), 1)


def unpack(data: bytes, scope: Sequence[object]) -> Known:
    """Return what `pack` was given; ForeignState if the bytes are damaged or of another scope."""
    if not data.startswith(MAGIC):
        raise ForeignState("it was not written by this plugin, or by another version of it")
    try:
        text = zlib.decompress(memoryview(data)[len(MAGIC) :])
        read = json.loads(text.decode("utf-8", "surrogatepass"))
        if read["scope"] != json.loads(json.dumps(scope)):
            raise ForeignState("it is of other roots or settings")
        return {name: _box(*values) for name, values in read["boxes"].items()}
    except ForeignState:
        raise
    except (zlib.error, ValueError, KeyError, TypeError) as error:
        raise ForeignState(f"it is damaged ({error})") from None


def _box(
    stamp: list[int] | None, tail: int, last: str, digest: str, mails: dict[str, list[object]]
) -> Box:
    sent = {name: (str(mark), int(str(seconds))) for name, (mark, seconds) in mails.items()}
    return Box(sent, tuple(stamp) if stamp else None, tail, last, digest)
