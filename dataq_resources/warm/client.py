"""How another process has its tasks done by the server, which it starts where there is none."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Self

from dataq_resources.home import Home
from dataq_resources.processes import pid_of
from dataq_resources.warm.errors import NotWarm
from dataq_resources.warm.place import LOG, connected, place_of
from dataq_resources.warm.wire import Reply, Request, receive, send_request

START_SECONDS = 30
LAST_WORDS = 500
ATTEMPTS = 3
PAUSE_SECONDS = 60
"""So long nothing is tried after it has failed: the other way is slow enough without."""
# Threads that libraries start when they are loaded would not be in a forked child.
ONE_THREAD = {
    "OPENBLAS_NUM_THREADS": "1",
    "_RJEM_MALLOC_CONF": "background_thread:false",
    "JE_ARROW_MALLOC_CONF": "background_thread:false",
}


class Warm:
    """Keeps the server of a home alive until it is closed, and has it fork children."""

    def __init__(
        self, home: Home, idle_seconds: float = 0, start_seconds: float = START_SECONDS
    ) -> None:
        """`idle_seconds` without a task it may end, 0 for never; in `start_seconds` it answers."""
        self._home = home
        self._place = place_of(home)
        self._idle = idle_seconds
        self._seconds = start_seconds
        self._kept: socket.socket | None = None
        self._lock = threading.Lock()
        self._failed: tuple[float, str] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def begin(self, task: str, words: Sequence[str], files: tuple[int, int, int]) -> Begun:
        """A child that waits for `go`; its files are standard input, output and error.

        Raises NotWarm.
        """
        if self._failed and time.monotonic() - self._failed[0] < PAUSE_SECONDS:
            raise NotWarm(self._failed[1])
        try:
            begun = self._begun(task, words, files)
        except NotWarm as error:
            self._failed = (time.monotonic(), str(error))
            raise
        self._failed = None
        return begun

    def _begun(self, task: str, words: Sequence[str], files: tuple[int, int, int]) -> Begun:
        environment = {**os.environ, "DATAQ_HOME": str(self._home.path)}
        request = Request(task, tuple(words), environment, str(Path.cwd()))
        reason = ""
        for _ in range(ATTEMPTS):
            self.wake()
            try:
                begun = self._asked(request, files)
            except (OSError, ValueError) as error:
                reason = f"{type(error).__name__}: {error}"  # it has just ended, or been killed
                self._drop()
                continue
            if isinstance(begun, Begun):
                return begun
            reason = begun.refused
            if not begun.stale:
                break
            self._drop()
        raise NotWarm(f"the warm server has started nothing: {reason}{self._last_words()}")

    def wake(self) -> None:
        """Starts the server if there is none, and keeps it; raises NotWarm.

        It may still be loading; whoever asks waits for that.
        """
        with self._lock:
            if self._kept is not None and not _has_ended(self._kept):
                return
            self._close_kept()
            for _ in range(ATTEMPTS):
                with suppress(OSError):
                    self._kept = connected(self._place, self._seconds)
                    send_request(self._kept, Request(idle_seconds=self._idle))
                    return
                self._close_kept()
                self._start()
        raise NotWarm(f"the warm server does not listen{self._last_words()}")

    def close(self) -> None:
        """Wants it no longer; the last to say so ends it."""
        with self._lock:
            self._close_kept()

    def _drop(self) -> None:
        with self._lock:
            self._close_kept()

    def _close_kept(self) -> None:
        if self._kept is not None:
            self._kept.close()
            self._kept = None

    def _asked(self, request: Request, files: tuple[int, int, int]) -> Begun | Reply:
        may_begin, begin = os.pipe()
        come = None
        try:
            come = connected(self._place, self._seconds)
            send_request(come, request, (*files, may_begin))
            reply = Reply(**receive(come))
        except BaseException:
            os.close(begin)
            if come is not None:
                come.close()
            raise
        finally:
            os.close(may_begin)
        if reply.process:
            return Begun(reply.process, come, begin)
        os.close(begin)
        come.close()
        return reply

    def _start(self) -> None:
        """Returns once it listens; whoever lost a race finds the other one listening."""
        words = [sys.executable, "-m", "dataq_resources.warm"]
        environment = {**os.environ, **ONE_THREAD, "DATAQ_HOME": str(self._home.path)}
        try:
            done = subprocess.run(
                words,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
                timeout=self._seconds,
                check=False,
                start_new_session=True,
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            raise NotWarm(f"the warm server cannot be started: {error}") from None
        if done.returncode:
            said = done.stderr.decode(errors="replace").strip()[-LAST_WORDS:]
            raise NotWarm(f"the warm server cannot be started: {said}")

    def _last_words(self) -> str:
        with suppress(OSError):
            said = Path(self._place / LOG).read_text(errors="replace").strip()[-LAST_WORDS:]
            return f"; it said last: {said}" if said else ""
        return ""


class Begun:
    """A child that waits; it ends by itself if it is never told to go."""

    def __init__(self, process: str, come: socket.socket, begin: int) -> None:
        self.process = process
        self.pid = pid_of(process)
        self._come = come
        self._begin = begin

    def go(self) -> None:
        """Tells it to begin; raises NotWarm where it is gone, and has begun nothing."""
        try:
            os.write(self._begin, b"!")
        except OSError as error:
            raise NotWarm(f"the forked process is gone: {error}") from None
        finally:
            os.close(self._begin)
            self._begin = -1

    def wait(self) -> int | None:
        """Its exit code once it has ended; None where the server is gone and cannot tell."""
        self._come.settimeout(None)
        try:
            return int(receive(self._come)["code"])
        except (OSError, ValueError):
            return None
        finally:
            self.close()

    def close(self) -> None:
        """Asks no more; a child that was never told to go ends."""
        if self._begin >= 0:
            os.close(self._begin)
            self._begin = -1
        self._come.close()


def _has_ended(kept: socket.socket) -> bool:
    """Whether the server that this connection keeps alive has closed it."""
    try:
        kept.setblocking(False)
        while kept.recv(4096):
            pass
    except BlockingIOError:
        return False
    except OSError:
        pass
    return True
