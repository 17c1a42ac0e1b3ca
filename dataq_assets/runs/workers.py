"""The workers of a run, started before its steps ask for them: one, or all where it pays."""

from __future__ import annotations

from concurrent.futures import Future

from dataq_assets.runs.news import News
from dataq_assets.stages.readying import get_ready
from dataq_lake.embedders import DEFAULT_MODEL
from dataq_lake.lake import open_lake
from dataq_resources.early_pool import KEY, EarlyPool
from dataq_resources.handover import Handover
from dataq_resources.home import Home
from dataq_resources.progress import Progress

MANY_ITEMS = 256
"""So many are worth a second worker, which costs half a second of a processor to start."""


class Workers:
    """Has one worker start as soon as a source has news, and the others if that is much."""

    def __init__(self, handover: Handover) -> None:
        self.handover = handover
        self._pool: EarlyPool | None = None

    def hear_news(self, asked: Future[News]) -> None:
        """Start the first, and the others at once where everything is new."""
        if asked.cancelled() or asked.exception() or asked.result().is_empty:
            return
        self.handover.prepare(KEY, self._made)
        if self._pool and asked.result().is_first:
            self._pool.grow()

    def hear_progress(self, progress: Progress) -> None:
        """Start the others."""
        if self._pool and progress.stage == "raw" and progress.done >= MANY_ITEMS:
            self._pool.grow()

    def judge(self, home: Home) -> None:
        """Have them judge what is new while Dagster prepares the run whose gate takes it."""
        from dataq_assets.plans import gate_plans
        from dataq_assets.stages import cases

        lake, pool = open_lake(home.lake), self._pool
        if pool is not None:
            early = cases.early_cases(lambda: cases.Cases(lake, pool.ready(), gate_plans(home)))
            self.handover.offer(cases.KEY, early)

    def _made(self) -> EarlyPool:
        self._pool = EarlyPool(get_ready, DEFAULT_MODEL)
        return self._pool
