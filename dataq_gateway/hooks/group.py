"""One thread commits what many deliveries brought meanwhile, and tells each what came of it."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, field

from dataq_gateway.hooks.delivery import Delivery, Verdict
from dataq_gateway.hooks.store import Store

MOST_DELIVERIES, MOST_BYTES = 1_000, 32 << 20


@dataclass
class _Waiting:
    """A delivery (None: only ask whether one could be kept) whose sender waits."""

    delivery: Delivery | None
    told: Future[Verdict | None] = field(default_factory=Future)

    @property
    def bytes(self) -> int:
        return len(self.delivery.body) if self.delivery else 0


class Group:
    """Accepts into a store; `on_run` is called with each new run's id before its sender is told."""

    def __init__(self, store: Store, on_run: Callable[[str], None]) -> None:
        self._store = store
        self._on_run = on_run
        self._queue: deque[_Waiting] = deque()
        self._changed = threading.Condition()
        self._closed = False
        self._thread = threading.Thread(target=self._work, name="deliveries", daemon=True)
        self._thread.start()

    def submit(self, delivery: Delivery | None) -> Future[Verdict | None]:
        """The verdict once it is on disk; fails with sqlite3.Error where it cannot be."""
        waiting = _Waiting(delivery)
        with self._changed:
            if self._closed or not self._thread.is_alive():
                waiting.told.set_exception(RuntimeError("deliveries are not taken any more"))
                return waiting.told
            self._queue.append(waiting)
            self._changed.notify()
        return waiting.told

    def close(self) -> None:
        """Commits what was submitted and ends."""
        with self._changed:
            self._closed = True
            self._changed.notify()
        self._thread.join()

    def _work(self) -> None:
        while group := self._next():
            try:
                self._commit([each for each in group if each.told.set_running_or_notify_cancel()])
            except Exception as error:  # noqa: BLE001 - each sender is told, and sends again
                for each in group:
                    if not each.told.done():
                        each.told.set_exception(error)

    def _next(self) -> list[_Waiting]:
        """What waits, as much as one commit takes; nothing once it is closed."""
        with self._changed:
            self._changed.wait_for(lambda: self._queue or self._closed)
            group: list[_Waiting] = []
            size = 0
            while self._queue and len(group) < MOST_DELIVERIES:
                size += self._queue[0].bytes
                if group and size > MOST_BYTES:
                    break
                group.append(self._queue.popleft())
            return group

    def _commit(self, group: list[_Waiting]) -> None:
        deliveries = [each.delivery for each in group if each.delivery]
        if len(deliveries) < len(group):
            self._store.probe()
        verdicts = iter(self._store.accept(deliveries) if deliveries else ())
        answers = [next(verdicts) if each.delivery else None for each in group]
        for answer in answers:
            if answer and answer.begins:
                self._on_run(answer.run_id)
        for each, answer in zip(group, answers, strict=True):
            each.told.set_result(answer)
