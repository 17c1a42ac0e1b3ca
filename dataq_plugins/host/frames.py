"""Reads messages from a plugin's standard output without trusting a single length in it."""

from __future__ import annotations

import os
from collections.abc import Callable

from dataq_plugins.protocol.framing import BadVarint, decode_varint

FIRST_BUFFER = 1 << 20
SLACK = 4096
ALONE = 64 << 10
"""A message from here on is read to its end and no further: the next one then starts in front."""


class BadFrame(Exception):
    """The stream is no stream of messages; the text says what the plugin did."""


class FrameTooLong(BadFrame):
    """A length over the limit; nothing was allocated for it."""


class TornFrame(BadFrame):
    """The stream ended in the middle of a message."""


class FrameReader:
    """Cuts a non-blocking descriptor into messages; holds at most one message in memory."""

    def __init__(self, descriptor: int, limit: int, wait: Callable[[], None]) -> None:
        """`wait` returns when the descriptor is readable, or raises because it took too long."""
        self._descriptor = descriptor
        self._limit = limit
        self._wait = wait
        self._buffer = bytearray(min(FIRST_BUFFER, limit) + SLACK)
        self._start = self._end = 0
        self._taken = 0
        self._before = 0  # bytes of the length, if they still stand before the message

    def read(self) -> memoryview | None:
        """Return the next message, valid until the next call, or None at a clean end.

        Raises BadFrame for an end in the middle, a bad length, or one over the limit.
        """
        self._start += self._taken
        self._taken = self._before = 0
        while (length := self._length()) < 0:
            if not self._fill(self._end - self._start + 1):
                if self._start == self._end:
                    return None
                raise TornFrame("ended its output in the middle of a message")
        while self._end - self._start < length:
            if not self._fill(length):
                got = self._end - self._start
                raise TornFrame(
                    f"ended its output in the middle of a message, {got:,} of {length:,} bytes in"
                )
        self._taken = length
        return memoryview(self._buffer)[self._start : self._start + length]

    def _length(self) -> int:
        try:
            length, after = decode_varint(self._buffer, self._start, self._end)
        except BadVarint as error:
            raise BadFrame(f"sent no message: {error}; {self.head()}") from None
        if length > self._limit:
            raise FrameTooLong(
                f"announced a message of {length:,} bytes, {self._limit:,} are allowed; "
                f"{self.head()}"
            )
        self._before = after - self._start
        self._start = after
        return length

    def head(self) -> str:
        """Return the first bytes of what is being read, to show what came instead of a message."""
        begin = self._start - self._before
        return f"it begins with {bytes(self._buffer[begin : min(begin + 24, self._end)])!r}"

    @property
    def in_message(self) -> bool:
        """Whether a message has begun to arrive."""
        return self._end > self._start - self._before

    def _fill(self, wanted: int) -> bool:
        """Read more, with room for `wanted` bytes in all; False at the end of the stream."""
        if self._start == self._end:
            self._start = self._end = self._before = 0
        if self._start + wanted > len(self._buffer):
            self._make_room(wanted)
        while True:
            try:
                with memoryview(self._buffer) as view:
                    stop = self._start + wanted if wanted >= ALONE else len(view)
                    count = os.readv(self._descriptor, [view[self._end : stop]])
            except BlockingIOError:
                self._wait()
                continue
            self._end += count
            return count > 0

    def _make_room(self, wanted: int) -> None:
        rest = self._buffer[self._start : self._end]
        if wanted > len(self._buffer):
            self._buffer = bytearray(wanted + SLACK)
        self._buffer[: len(rest)] = rest
        self._start, self._end = 0, len(rest)
        self._before = 0
