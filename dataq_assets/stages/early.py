"""Work whose outcomes are had in a thread, before the step that stores them asks for them."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Generator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from typing import Generic, Protocol, TypeVar

WAITING_BYTES = 16 << 20

N_co = TypeVar("N_co", covariant=True)
T_co = TypeVar("T_co", covariant=True)
N = TypeVar("N")
T = TypeVar("T")


class Work(Protocol[N_co, T_co]):
    """What is there to do, and what comes of it."""

    @property
    def new(self) -> N_co: ...

    def outcomes(self) -> Generator[T_co, None, None]: ...

    def close(self) -> None: ...


class Early(Generic[N, T]):
    """Work that goes on in a thread, up to WAITING_BYTES ahead of its reader.

    `begin` finds out what is to do; `size` gives the bytes that an outcome weighs.
    """

    def __init__(self, begin: Callable[[], Work[N, T]], size: Callable[[T], int]) -> None:
        self._size = size
        self._thread = ThreadPoolExecutor(1, "early")
        self._begun = self._thread.submit(begin)
        self._change = threading.Condition()
        self._waiting: deque[tuple[T, int]] = deque()
        self._bytes = 0
        self._closed = False
        self._work = self._thread.submit(self._go_on)
        self._work.add_done_callback(self._tell)

    @property
    def new(self) -> N:
        """What there is to do; raises what finding it out raised."""
        return self._begun.result().new

    def outcomes(self) -> Generator[T, None, None]:
        """As those of the work; raises what it raised."""
        while True:
            with self._change:
                self._change.wait_for(lambda: self._waiting or self._work.done())
                if not self._waiting:
                    break
                outcome, size = self._waiting.popleft()
                self._bytes -= size
                self._change.notify_all()
            yield outcome
        self._work.result()

    def close(self) -> None:
        """Do nothing more."""
        with self._change:
            self._closed = True
            self._change.notify_all()
        self._thread.shutdown(wait=False, cancel_futures=True)

    def _go_on(self) -> None:
        with closing(self._begun.result().outcomes()) as outcomes:
            for outcome in outcomes:
                size = self._size(outcome)
                with self._change:
                    self._change.wait_for(lambda: self._closed or self._bytes < WAITING_BYTES)
                    if self._closed:
                        return
                    self._waiting.append((outcome, size))
                    self._bytes += size
                    self._change.notify_all()

    def _tell(self, _: object) -> None:
        with self._change:
            self._change.notify_all()
