"""How long one run of a task may take, and how many bytes it may handle."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass, field


@dataclass
class Bounds:
    """`seconds` from now on and `bytes`: read to be merged, or freed. What has begun is ended."""

    seconds: float = math.inf
    bytes: float = math.inf
    taken: int = 0
    reached: bool = False
    """Whether something was left for the next run."""
    _begun: float = field(default_factory=time.monotonic)

    @property
    def elapsed(self) -> float:
        """Seconds since these bounds were made."""
        return time.monotonic() - self._begun

    def allow(self, size: int = 0) -> bool:
        """Whether `size` bytes more may be handled; if not, it is remembered that some were left.

        The first piece is always allowed: otherwise one that is larger than the bound would never
        be done.
        """
        fits = not self.taken or self.taken + size <= self.bytes
        if self.elapsed >= self.seconds or not fits:
            self.reached = True
            return False
        return True

    def take(self, size: int) -> None:
        """Counts bytes that were handled."""
        self.taken += size
