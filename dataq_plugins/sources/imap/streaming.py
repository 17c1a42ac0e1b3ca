"""A big mail, read piece by piece while it is sent."""

from __future__ import annotations

from collections.abc import Iterator

from dataq_plugins.sdk import Abandon
from dataq_plugins.sources.imap.errors import Lost, Refused
from dataq_plugins.sources.imap.known import NO_DIGEST, new_digest
from dataq_plugins.sources.imap.mailbox import Gone, Mailbox


class TooLarge(Exception):
    """A mail has more bytes than are wanted of one."""

    def __init__(self, size: int) -> None:
        super().__init__(size)
        self.text = f"too_large: {size:,} bytes are more than max_bytes"


class Stream:
    """The content of a mail, to be read once; `digest` and `failure` say how that ended.

    The first piece is asked for at once: raises Gone, Refused, TooLarge, Lost.
    """

    def __init__(self, mailbox: Mailbox, uid: int, max_bytes: int) -> None:
        self.digest = NO_DIGEST
        self.failure: Exception | None = None
        self._max_bytes = max_bytes
        self._pieces = mailbox.pieces(uid)
        self._first = next(self._pieces)

    def __iter__(self) -> Iterator[bytes]:
        """Yield the pieces; raises Abandon where one cannot be had."""
        try:
            yield from self._all()
        except (Gone, Refused, Lost, TooLarge) as error:
            self.failure = error
            raise Abandon from error

    def digest_of_all(self) -> bytes:
        """Read all of it and return the digest; raises Gone, Refused, TooLarge, Lost."""
        for _ in self._all():
            pass
        return self.digest

    def _all(self) -> Iterator[bytes]:
        digest, size = new_digest(), 0
        for piece in self._parts():
            size += len(piece)
            if size > self._max_bytes:
                raise TooLarge(size)
            digest.update(piece)
            yield piece
        self.digest = digest.digest()

    def _parts(self) -> Iterator[bytes]:
        yield self._first
        yield from self._pieces
