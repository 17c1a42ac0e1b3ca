"""When a fault or a hook is due: at the n-th call of a kind, and so often."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from tests.emulators.gmail.calls import Call


@dataclass
class Occasion:
    """The `at`-th call of `method`, each `every`-th from there, `times` in all.

    `method` `*` is any of the API, or a batch; `request` any HTTP request, whatever it asks, but no
    part of a batch. `times` None is for ever. With `id` or `user`, only calls for that message or
    user count.
    """

    method: str = "*"
    at: int = 1
    times: int | None = 1
    every: int = 1
    id: str | None = None
    user: str | None = None
    _met: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def due(self, call: Call) -> bool:
        if not self._fits(call):
            return False
        with self._lock:
            self._met += 1
            if self._met < self.at or (self._met - self.at) % self.every:
                return False
            if self.times is None:
                return True
            self.times -= 1
            return self.times >= 0

    def _fits(self, call: Call) -> bool:
        if self.method == "*":
            fits = call.method not in {"token", "revoke", "auth", "tokeninfo"}
        elif self.method == "request":
            fits = call.part is None
        else:
            fits = call.method == self.method
        if self.id is not None and call.named.get("id") != self.id:
            return False
        return fits and self.user in {None, call.user}


@dataclass
class Hook:
    """`do` gets the call as `log()` has it, before it is looked at, or `after` that."""

    occasion: Occasion
    do: Callable[[dict[str, Any]], object]
    after: bool = False
