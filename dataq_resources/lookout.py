"""A thread that looks for work when it is woken, and what it has begun goes on beside it."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import ParamSpec

P = ParamSpec("P")


class Lookout:
    """Looks at once, then whenever it is woken or has not been for `seconds`, until it is closed.

    A look that raises ends it: `is_alive` says so.
    """

    def __init__(self, name: str, look: Callable[[], None], seconds: float, most: int) -> None:
        """`most` is how many works it has room for."""
        self._look = look
        self._seconds = seconds
        self._most = most
        self._changed = threading.Condition()
        self._news = False
        self._running = 0
        self._closed = False
        self._thread = threading.Thread(target=self._work, name=name, daemon=True)

    def start(self) -> None:
        """Looks from now on."""
        self._thread.start()

    def wake(self) -> None:
        """Says that there is something to look at; while it looks, it looks once more."""
        with self._changed:
            self._news = True
            self._changed.notify()

    def close(self) -> None:
        """Returns when the last look is over; the works go on."""
        with self._changed:
            self._closed = True
            self._changed.notify()
        self._thread.join()

    @property
    def is_alive(self) -> bool:
        """Whether it looks."""
        return self._thread.is_alive()

    @property
    def has_room(self) -> bool:
        """Whether one more work is to be begun."""
        return not self._closed and self._running < self._most

    def pause(self, seconds: float) -> None:
        """Waits, as a part of a look, whatever is new; only its end makes it shorter."""
        with self._changed:
            self._changed.wait_for(lambda: self._closed, seconds)

    def begin(self, name: str, work: Callable[P, None], *args: P.args, **more: P.kwargs) -> None:
        """Has it done by a thread of this name, even if there is no room; wakes when it is done."""
        with self._changed:
            self._running += 1

        def see_through() -> None:
            try:
                work(*args, **more)
            finally:
                with self._changed:
                    self._running -= 1
                self.wake()

        threading.Thread(target=see_through, name=name, daemon=True).start()

    def _work(self) -> None:
        while not self._closed:
            with self._changed:
                self._news = False
            self._look()
            with self._changed:
                self._changed.wait_for(lambda: self._news or self._closed, self._seconds)
