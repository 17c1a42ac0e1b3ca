"""The process that has everything loaded: it forks a child for each task, and does nothing else.

It has one thread, so that nothing is half done when it forks. It ends when nobody wants it any
more, and is replaced when the code has changed. A child goes on when it ends.
"""

from __future__ import annotations

import os
import selectors
import signal
import socket
import time
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path

from dataq_resources.processes import name_of
from dataq_resources.warm.child import Child
from dataq_resources.warm.loaded import Loaded
from dataq_resources.warm.tasks import TASKS
from dataq_resources.warm.wire import FILES, Reply, Request, close_files, receive_request, send

READ_SECONDS = 5
FIRST_SECONDS = 30
"""So long it waits for whoever has started it."""


class Server:
    """Serves until nobody wants it; in a child, `serve` returns what that has to do."""

    def __init__(self, listening: socket.socket, lock: int, socket_file: Path) -> None:
        self._listening: socket.socket | None = listening
        self._lock = lock
        self._file = socket_file
        self._waiting: dict[socket.socket, float] = {}
        """Who keeps the server alive, and for how long without a child."""
        self._children: dict[int, socket.socket | None] = {}
        """By process id: who wants to know of its end."""
        self._last = time.monotonic()
        self._was_wanted = False
        self._selector = selectors.DefaultSelector()
        self._selector.register(listening, selectors.EVENT_READ)
        self._woken, self._wake = socket.socketpair()
        for end in (self._woken, self._wake):
            end.setblocking(False)
        self._selector.register(self._woken, selectors.EVENT_READ)
        signal.set_wakeup_fd(self._wake.fileno(), warn_on_full_buffer=False)
        self._told_to_end = False
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.signal(signal.SIGTERM, self._end)
        signal.signal(signal.SIGINT, signal.SIG_IGN)

    def serve(self, loaded: Loaded) -> Child | None:
        """Forks a child for each request; returns in each child, and None in the server."""
        while not self._is_over():
            for key, _ in self._selector.select(self._seconds_left()):
                come = key.fileobj
                if come is self._listening:
                    if child := self._take(loaded):
                        return child
                elif come is self._woken:
                    with suppress(BlockingIOError):
                        self._woken.recv(4096)
                elif isinstance(come, socket.socket):
                    self._hear(come)
            if child_ended := self._reap():
                self._last = max(self._last, child_ended)
        return None

    def close(self, *, in_child: bool = False) -> None:
        """Closes all that is open; the server itself also makes room for another one."""
        signal.set_wakeup_fd(-1)
        if not in_child:
            self._refuse_more()
        elif self._listening is not None:
            self._listening.close()
        for each in (self._woken, self._wake, *self._waiting, *self._wanting()):
            each.close()
        self._selector.close()
        if self._lock >= 0:
            close_files([self._lock])

    def _take(self, loaded: Loaded) -> Child | None:
        """One request, answered; the child's task in the child."""
        assert self._listening is not None  # noqa: S101 - for mypy; it was selected
        come, _ = self._listening.accept()
        self._was_wanted = True
        try:
            come.settimeout(READ_SECONDS)
            request, files = receive_request(come)
        except (OSError, ValueError):
            come.close()
            return None
        try:
            child = self._answer(come, request, files, loaded)
        except OSError:
            self._forget(come)
            child = None
        if child is None:
            close_files(files)
        return child

    def _answer(
        self, come: socket.socket, request: Request, files: list[int], loaded: Loaded
    ) -> Child | None:
        if loaded.has_changed():
            self._refuse_more()  # first, so that whoever is told finds room for the next one
            send(come, asdict(Reply(refused="the code has changed", stale=True)))
            come.close()
            return None
        if not request.task:
            self._waiting[come] = request.idle_seconds
            self._selector.register(come, selectors.EVENT_READ)
            send(come, asdict(Reply()))
            return None
        if request.task not in TASKS or len(files) != FILES:
            send(come, asdict(Reply(refused=f"no such task: {request.task!r}")))
            come.close()
            return None
        pid = os.fork()
        if not pid:
            come.close()
            return Child(request, files)
        self._children[pid] = come
        self._last = time.monotonic()
        self._selector.register(come, selectors.EVENT_READ)
        send(come, asdict(Reply(process=name_of(pid) or f"gone/{pid}/0")))
        return None

    def _hear(self, come: socket.socket) -> None:
        """Nothing is said after a request, so the other side has ended."""
        with suppress(OSError):
            if come.recv(4096):
                return
        self._forget(come)

    def _forget(self, come: socket.socket) -> None:
        with suppress(KeyError, ValueError):
            self._selector.unregister(come)
        self._waiting.pop(come, None)
        for pid, wanting in self._children.items():
            if wanting is come:
                self._children[pid] = None
        come.close()

    def _reap(self) -> float:
        """Tells of the children that have ended; when that was, 0 if none has."""
        ended = 0.0
        for pid in list(self._children):
            found, status = os.waitpid(pid, os.WNOHANG)
            if not found:
                continue
            ended = time.monotonic()
            come = self._children.pop(pid)
            if come is not None:
                with suppress(OSError):
                    send(come, {"code": os.waitstatus_to_exitcode(status)})
                self._forget(come)
        return ended

    def _wanting(self) -> list[socket.socket]:
        return [come for come in self._children.values() if come is not None]

    def _is_over(self) -> bool:
        if self._told_to_end:
            return True
        if self._children:
            return False
        return self._listening is None or self._seconds_left() == 0

    def _seconds_left(self) -> float | None:
        """Until it has been idle for too long; None where that cannot be."""
        if self._children or 0 in self._waiting.values():
            return None
        patience = 0.0 if self._was_wanted else FIRST_SECONDS
        until = self._last + max(self._waiting.values(), default=patience)
        return max(0.0, until - time.monotonic())

    def _refuse_more(self) -> None:
        """Makes room for another server; what was begun is seen through."""
        if self._listening is None:
            return
        with suppress(KeyError, ValueError):
            self._selector.unregister(self._listening)
        with suppress(OSError):
            self._file.unlink()
        self._listening.close()
        self._listening = None
        close_files([self._lock])
        self._lock = -1

    def _end(self, *_: object) -> None:
        self._told_to_end = True
