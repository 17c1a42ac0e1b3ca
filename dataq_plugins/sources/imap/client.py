"""Commands and what is answered to them; several may be under way at once (RFC 3501, 5.5)."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import suppress

from dataq_plugins.sources.imap.answers import Answer, answer
from dataq_plugins.sources.imap.errors import Broken, Lost, Refused
from dataq_plugins.sources.imap.wire import Wire

ALIVE_SECONDS = 2.0
ANSWERS = 200_000
"""Responses to one command, where the caller does not know how many there may be."""


class Client:
    """One session. `capabilities` are those that the server has named last, in capitals."""

    def __init__(self, wire: Wire) -> None:
        self.wire = wire
        self.capabilities: frozenset[str] = frozenset()
        self._number = 0

    def greeting(self) -> Answer:
        """Return how the server begins; raises Lost where it does not want to."""
        first = self._read()
        if first.word == "BYE":
            raise Lost(f"it says {first.text}")
        if first.tag != "*" or first.word not in ("OK", "PREAUTH"):
            raise Broken("it does not greet as an IMAP server does")
        return first

    def send(self, *words: bytes) -> str:
        """Send a command and return its tag, by which `answers` knows it."""
        self._number += 1
        tag = f"d{self._number}"
        self.wire.write(b" ".join((tag.encode(), *words)) + b"\r\n")
        return tag

    def answers(self, tag: str, most: int = ANSWERS) -> Iterator[Answer]:
        """Yield what comes until the command has ended; raises Refused where it ended badly.

        Commands are answered in the order in which they were sent.
        """
        for _ in range(most):
            found = self._read()
            if found.tag == tag:
                _judge(found)
                return
            if found.tag == "*":
                yield found
            elif found.tag != "+":
                raise Broken("it answers a command that was not sent")
        raise Broken(f"it answers one command more than {most:,} times")

    def ask(self, *words: bytes) -> list[Answer]:
        """Send a command and return all that comes until it has ended; raises Refused."""
        return list(self.answers(self.send(*words)))

    def talk(self, command: bytes, reply: Callable[[bytes], bytes]) -> list[Answer]:
        """Send a command whose `+ …` are answered by what `reply` makes of them."""
        tag = self.send(command)
        found: list[Answer] = []
        for _ in range(ANSWERS):
            each = self._read()
            if each.tag == "+":
                self.wire.write(reply(bytes(each.parts[0])) + b"\r\n")  # type: ignore[arg-type]
            elif each.tag == tag:
                _judge(each)
                return found
            else:
                found.append(each)
        raise Broken("it asks for ever")

    def idle(self, seconds: float) -> Iterator[Answer | None]:
        """Yield what the server tells by itself (RFC 2177), and None now and then, for so long.

        The first None says that nothing will be missed from here on.
        """
        tag = self.send(b"IDLE")
        until = time.monotonic() + seconds
        while (found := self._read()).tag != "+":
            if found.tag == tag:
                _judge(found)
                raise Broken("it ends what it was not told to end")
            yield found
        while time.monotonic() < until:
            yield None
            while self.wire.wait(ALIVE_SECONDS):
                yield self._read()
        self.wire.write(b"DONE\r\n")
        yield from self.answers(tag)

    def learn(self) -> None:
        """Ask what the server can do."""
        for each in self.ask(b"CAPABILITY"):
            if each.word == "CAPABILITY":
                names = bytes(each.parts[0]).decode("ascii", "replace")  # type: ignore[arg-type]
                self.capabilities = frozenset(names.upper().split())

    def can(self, name: str) -> bool:
        """Return whether the server has named this capability."""
        return name in self.capabilities

    def close(self) -> None:
        """Say good-bye, without waiting for what is said to it."""
        with suppress(Lost):
            self.send(b"LOGOUT")
        self.wire.close()

    def _read(self) -> Answer:
        found = answer(self.wire.read())
        if found.tag == "*" and found.word == "BYE" and found.parts:
            raise Lost(f"it says {found.text}")
        return found


def _judge(found: Answer) -> None:
    if found.word != "OK":
        raise Refused(found.text or found.word, found.code)
