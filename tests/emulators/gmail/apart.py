"""An emulator in a child process, held by the same methods: its CPU time is not the test's."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, cast

from tests.emulators.gmail.emulator import Gmail

ROOT = Path(__file__).resolve().parents[3]


@contextmanager
def serve_apart() -> Iterator[Gmail]:
    """From a child process, which ends with the block, or with this process."""
    apart = Apart()
    try:
        yield cast("Gmail", apart)
    finally:
        apart.close()


class Apart:
    """Passes every method of a `Gmail` on; hooks are called here, in a thread."""

    def __init__(self) -> None:
        ends = [socket.socketpair() for _ in range(2)]
        theirs = [far.fileno() for _, far in ends]
        self._child = subprocess.Popen(
            [sys.executable, "-m", "tests.emulators.gmail", "--held", *map(str, theirs)],
            cwd=ROOT,
            pass_fds=theirs,
            stdin=subprocess.DEVNULL,
        )
        for _, far in ends:
            far.close()
        self._orders, self._events = (Connection(near.detach()) for near, _ in ends)
        self._lock = threading.Lock()
        self._hooks: list[Callable[[dict[str, Any]], object]] = []
        self._problems: list[BaseException] = []
        self._listening = threading.Thread(target=self._listen, daemon=True)
        self._listening.start()
        self.pid = self._child.pid

    def __getattr__(self, name: str) -> Callable[..., Any]:
        return lambda *args, **kwargs: self.order("", name, args, kwargs)

    def mailbox(self, user: str) -> FarMailbox:
        self.order("", "mailbox", (user,), {})
        return FarMailbox(self, user)

    def hook(self, method: str, at: int, do: Callable[..., object], **when: Any) -> None:
        self._hooks.append(do)
        self.order("", "hook", (method, at, len(self._hooks) - 1), when)

    def order(self, user: str, name: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """What the method gives, or what it raises."""
        plain = tuple(list(each) if isinstance(each, Iterator) else each for each in args)
        with self._lock:
            self._orders.send((user, name, plain, kwargs))
            is_good, result = self._orders.recv()
        if not is_good:
            raise result
        return result

    def close(self) -> None:
        """Ends the child; raises what a hook has raised."""
        with suppress(OSError, EOFError):
            self._problems += self.order("", "problems", (), {})
        self._orders.close()
        try:
            self._child.wait(timeout=20)
        finally:
            self._child.kill()
            self._child.wait()
        self._listening.join(timeout=10)
        self._events.close()
        if self._problems:
            raise self._problems[0]

    def _listen(self) -> None:
        with suppress(OSError, EOFError):
            while True:
                number, told = self._events.recv()
                try:
                    self._hooks[number](told)
                except BaseException as problem:  # noqa: BLE001 - raised at the end of the block
                    self._problems.append(problem)
                self._events.send(number)


class FarMailbox:
    """A mailbox of the child: the methods of `Mailbox`, but those that give a `Mail`."""

    def __init__(self, apart: Apart, user: str) -> None:
        self._apart = apart
        self.address = user

    def __getattr__(self, name: str) -> Callable[..., Any]:
        return lambda *args, **kwargs: self._apart.order(self.address, name, args, kwargs)


def obey(orders: int, events: int) -> None:
    """What the child does until nobody holds it any more."""
    heard, told = Connection(orders), Connection(events)
    lock = threading.Lock()

    def meet(number: int, call: dict[str, Any]) -> None:
        with lock:
            told.send((number, call))
            told.recv()

    gmail = Gmail()
    with suppress(EOFError, OSError):
        while True:
            user, name, args, kwargs = heard.recv()
            if name == "hook":
                method, at, number = args
                args = (method, at, lambda call, number=number: meet(number, call))
            try:
                result = getattr(gmail.mailbox(user) if user else gmail, name)(*args, **kwargs)
                heard.send((True, None if name == "mailbox" else result))
            except Exception as problem:  # noqa: BLE001 - the one who ordered it has it
                heard.send((False, problem))
    os._exit(0)  # whoever still stalls has nobody to wait for
