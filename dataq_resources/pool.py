"""The worker processes that analyzers run in."""

from collections.abc import Generator
from contextlib import contextmanager
from threading import RLock

import dagster as dg
from pydantic import PrivateAttr

from dataq_analyzers.pool import Pool


class PoolResource(dg.ConfigurableResource):
    """Worker processes, started when the first task comes and ended with the run."""

    item_seconds: float = 30
    item_memory_mb: int = 2048
    workers: int = 0
    _pool: Pool | None = PrivateAttr(default=None)

    def get(self) -> Pool:
        """The pool of this run."""
        if self._pool is None:
            self._pool = Pool(self.workers or None, self.item_seconds, self.item_memory_mb << 20)
        return self._pool

    @contextmanager
    def yield_for_execution(
        self, context: dg.InitResourceContext
    ) -> Generator["PoolResource", None, None]:
        """Ends the workers when the run ends, however it ends."""
        try:
            yield self
        finally:
            if self._pool is not None:
                self._pool.close()
                self._pool = None
