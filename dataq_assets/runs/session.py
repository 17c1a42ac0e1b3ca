"""Dagster, loaded once for all that one command runs."""

from __future__ import annotations

import gc
import os
import threading
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any, Self

from dataq_assets.runs.news import News
from dataq_assets.runs.outcome import Outcome
from dataq_lake.lake import open_lake
from dataq_resources.finishing import listening_for_assets
from dataq_resources.handover import Handover
from dataq_resources.home import EVENTS_AT_ONCE, Home
from dataq_resources.sources import SourceConfig
from dataq_resources.stored import Stored, is_counted, stored

if TYPE_CHECKING:
    import dagster as dg

COLLECTED_EVERY = (50_000, 20, 20)
"""Objects until garbage is looked for; Python's 700 is for programs that make few of them."""


class Session:
    """Dagster, loaded once, with the definitions of one home."""

    def __init__(self, home: Home, sources: Sequence[SourceConfig]) -> None:
        with _uncollected():
            from dataq_assets.definitions import build
            from dataq_assets.runs.dead import bury
            from dataq_assets.runs.launch import open_instance

            for name, value in EVENTS_AT_ONCE.items():
                os.environ.setdefault(name, value)
            self._lake = open_lake(home.lake)
            self._instance = open_instance(home)
            self._definitions = build(home, sources)
        bury(self._instance)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._instance.dispose()

    def archive(self, news: Future[News], full: bool) -> Outcome:
        """What came of one source: a run for each cluster of windows, one after another."""
        told = news.result()
        told.announce()
        outcome = Outcome()
        clusters = told.clusters
        if clusters:
            # While the plugin is waited for; an error shows where the step needs it.
            threading.Thread(target=_load_steps, daemon=True).start()
        for first, last in clusters:
            outcome.add(self.extract(told, first, last, full))
            if not outcome.ok:
                break
        return outcome

    def extract(
        self, news: News, first: str, last: str, full: bool, tags: Mapping[str, str] | None = None
    ) -> Outcome:
        """What came of one run over the windows of a source from the first to the last."""
        import dagster as dg

        from dataq_assets.runs.launch import launch

        name = f"raw_{news.source.name}"
        tags = {
            **(tags or {}),
            "dagster/asset_partition_range_start": first,
            "dagster/asset_partition_range_end": last,
            "dataq/source": news.source.name,
        }
        config = {"ops": {name: {"config": {"full": full, "everything": news.everything}}}}
        outcome = launch(
            self._instance, self._definitions, [dg.AssetKey(name)], tags=tags, config=config
        )
        if is_counted() and outcome.ok and not news.everything:
            stored(Stored(news.source.name, windows=news.windows_of(first, last)))
        return outcome

    def take_away(self, scope: Mapping[str, str | None]) -> Outcome:
        """What came of taking away what is to be derived again; `scope` as the asset's config."""
        from dataq_assets.defs.reprocess import KEY
        from dataq_assets.runs.launch import launch

        given = {name: value for name, value in scope.items() if value is not None}
        config = {"ops": {KEY.to_python_identifier(): {"config": given}}}
        return launch(self._instance, self._definitions, [KEY], config=config)

    def derive(self) -> Outcome:
        """What came of everything that follows from raw."""
        from dataq_assets.runs.launch import launch

        return launch(self._instance, self._definitions, self._derived())

    def derive_and_check(self, handover: Handover) -> Outcome:
        """The same with all checks of what it stores, in one run."""
        from dataq_assets.runs.launch import ASKED, RELATED, launch

        apart = {*RELATED, *ASKED}
        keys = self._definitions.resolve_asset_graph().asset_check_keys
        checks = [key for key in keys if key.asset_key.path[0] not in apart]
        with self._foreseeing(handover):
            return launch(self._instance, self._definitions, self._derived(), checks)

    def relate(self, relations: Sequence[str] = ()) -> Outcome:
        """What came of bringing these relations (all if none) up to date, and of their checks.

        Collections and tags follow from them.
        """
        from dataq_assets.runs.launch import RELATED

        config = {"ops": {RELATED[0]: {"config": {"relations": list(relations)}}}}
        return self.alone(RELATED, config)

    def alone(self, assets: Sequence[str], config: Mapping[str, Any] | None = None) -> Outcome:
        """What came of assets that runs of sources do not wait for, and of their checks."""
        import dagster as dg

        from dataq_assets.runs.launch import launch

        wanted = [dg.AssetKey(name) for name in assets]
        keys = self._definitions.resolve_asset_graph().asset_check_keys
        checks = [key for key in keys if key.asset_key in wanted]
        return launch(self._instance, self._definitions, wanted, checks, config=config)

    @contextmanager
    def _foreseeing(self, handover: Handover) -> Iterator[None]:
        """Begins each check once its asset is stored; the checks' step takes what was seen."""
        from dataq_assets.foreseen import KEY, Foreseen
        from dataq_assets.stages.check import checks_of

        sources = self._lake.raw_sources()
        foreseen = Foreseen(self._lake, checks_of(sources))
        handover.offer(KEY, foreseen)
        for source in sources:
            foreseen.begin((f"raw_{source}",))
        with listening_for_assets(foreseen.begin):
            yield

    def check(self, everything: bool = False) -> Outcome:
        """What came of the asset checks that are due, or of all."""
        from dataq_assets.runs.checking import launch_checks

        return launch_checks(self._instance, self._definitions, self._lake, everything)

    def _derived(self) -> list[dg.AssetKey]:
        from dataq_assets.runs.launch import derived_keys

        return derived_keys(self._definitions)


def _load_steps() -> None:
    """What the steps after raw load: analyzers, the engines of the index, and their own modules."""
    with suppress(ImportError):
        from dataq_analyzers.members import is_container
        from dataq_analyzers.registry import analyzer_for
        from dataq_assets.stages import assets, embeddings, gate, indexes, segments, texts
        from dataq_lake import inserting
        from dataq_lake.indexes import publish

        _ = assets, embeddings, gate, indexes, segments, texts, inserting, publish
        _ = analyzer_for("text/plain"), is_container("text/plain")
        import faiss  # noqa: F401
        import tantivy  # noqa: F401


@contextmanager
def _uncollected() -> Iterator[None]:
    """Spares what is loaded for good from being looked through for garbage: a tenth of the time."""
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.set_threshold(*COLLECTED_EVERY)
        gc.enable()
