"""The worker processes that analyzers run in."""

from collections.abc import Generator
from contextlib import contextmanager

import dagster as dg
from pydantic import PrivateAttr

from dataq_analyzers.pool import Pool
from dataq_resources.early_pool import EarlyPool, key_of
from dataq_resources.handover import taken


class PoolResource(dg.ConfigurableResource["PoolResource"]):
    """Worker processes, started when the first task comes and ended with the run."""

    item_seconds: float = 30
    item_memory_mb: int = 2048
    patient_seconds: float = 3600
    workers: int = 0
    _pools: dict[str, Pool] = PrivateAttr(default_factory=dict)

    def get(self) -> Pool:
        """The pool for things that take moments."""
        return self._made("usual", self.workers or None, self.item_seconds)

    def patient(self) -> Pool:
        """The pool for a few large things, one at a time."""
        return self._made("patient", 1, self.patient_seconds)

    def rest(self) -> None:
        """Frees the memory of all workers but one, until there is work for more."""
        for pool in self._pools.values():
            pool.rest()

    def _made(self, name: str, workers: int | None, seconds: float) -> Pool:
        if name not in self._pools:
            pool = Pool(workers, seconds, self.item_memory_mb << 20)
            early: EarlyPool | None = taken(key_of(pool))
            self._pools[name] = early.ready() if early else pool
        return self._pools[name]

    @contextmanager
    def yield_for_execution(
        self,
        context: dg.InitResourceContext,  # noqa: ARG002
    ) -> Generator["PoolResource", None, None]:
        """Ends the workers when the run ends, however it ends."""
        try:
            yield self
        finally:
            for pool in self._pools.values():
                pool.close()
            self._pools.clear()
