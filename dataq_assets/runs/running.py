"""One whole way through: sources side by side, then one run of all that follows."""

from __future__ import annotations

import gc
import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Self

from dataq_assets.runs.news import News, ask_all
from dataq_assets.runs.outcome import Failure, Outcome
from dataq_assets.stages.readying import get_ready
from dataq_lake.embedders import DEFAULT_MODEL
from dataq_lake.lake import open_lake
from dataq_plugins.errors import PluginError, UnknownPlugin
from dataq_plugins.host.running import cancel_all
from dataq_resources.early_pool import KEY, EarlyPool
from dataq_resources.errors import UnknownSource
from dataq_resources.finishing import listening_for_assets
from dataq_resources.handover import Handover, handing_over
from dataq_resources.home import Home
from dataq_resources.locks import locked
from dataq_resources.progress import OnProgress, Progress, listening
from dataq_resources.sources import SourceConfig, Sources, read_sources

if TYPE_CHECKING:
    import dagster as dg

SIDE_BY_SIDE = 8
WAKE_SECONDS = 0.5
MANY_ITEMS = 256
"""So many are worth a second worker, which costs a second of a processor to start."""
COLLECTED_EVERY = (50_000, 20, 20)
"""Objects until garbage is looked for; Python's 700 is for programs that make few of them."""


def run(
    home: Home | Path,
    names: Sequence[str] = (),
    on_progress: OnProgress | None = None,
    full: bool = False,
) -> Outcome:
    """Archives the sources `names` (all if none), processes everything new, and publishes it.

    `full` asks plugins also for what they have sent before. Raises UnknownSource; all else that
    goes wrong is in the outcome.
    """
    begun = time.monotonic()
    home = home if isinstance(home, Home) else Home(home)
    home.prepare()
    found = read_sources(home)
    sources = _chosen(found, names)
    outcome = Outcome()
    if not names:
        outcome.failures += [Failure(each.path.parent.name, str(each)) for each in found.broken]
    with ExitStack() as stack:
        handover = stack.enter_context(handing_over())
        workers = _Workers(handover)
        stack.enter_context(listening(on_progress))
        stack.enter_context(listening(workers.hear_progress))
        asked = ask_all(open_lake(home.lake), sources, handover, full)
        for news in asked.values():
            news.add_done_callback(workers.hear_news)
        try:
            _work(home, found.good, asked, handover, full, outcome)
        except BaseException:
            # The threads know of no Ctrl-C: they end when their plugins do.
            handover.end()
            cancel_all()
            raise
    outcome.seconds = time.monotonic() - begun
    return outcome


def _work(
    home: Home,
    known: Sequence[SourceConfig],
    asked: dict[str, Future[News]],
    handover: Handover,
    full: bool,
    outcome: Outcome,
) -> None:
    with _Session(home, known) as session:
        _archive(session, asked, full, outcome)
        with locked(home.locks, "derived"):
            news = any(outcome.rows.values())
            derived = session.derive_and_check(handover) if news else session.derive()
            outcome.add(derived)
            if derived.ok:  # else they would tell what is known already, a line each
                outcome.add(session.check())


class _Workers:
    """Has one worker start as soon as a source has news, and the others if that is much."""

    def __init__(self, handover: Handover) -> None:
        self._handover = handover
        self._pool: EarlyPool | None = None

    def hear_news(self, asked: Future[News]) -> None:
        """Start the first."""
        if not asked.cancelled() and not asked.exception() and not asked.result().is_empty:
            self._handover.prepare(KEY, self._made)

    def hear_progress(self, progress: Progress) -> None:
        """Start the others."""
        if self._pool and progress.stage == "raw" and progress.done >= MANY_ITEMS:
            self._pool.grow()

    def _made(self) -> EarlyPool:
        self._pool = EarlyPool(get_ready, DEFAULT_MODEL)
        return self._pool


def derive(home: Home, on_progress: OnProgress | None = None) -> Outcome:
    """What came of all that derived tables and the index lack, without asking any source."""
    with ExitStack() as stack:
        stack.enter_context(listening(on_progress))
        session = stack.enter_context(_Session(home, read_sources(home).good))
        stack.enter_context(locked(home.locks, "derived"))
        return session.derive()


def check(home: Home | Path) -> Outcome:
    """Runs every asset check, whatever has changed."""
    home = home if isinstance(home, Home) else Home(home)
    with _Session(home, read_sources(home).good) as session:
        return session.check(everything=True)


def _chosen(found: Sources, names: Sequence[str]) -> list[SourceConfig]:
    good = {source.name: source for source in found.good}
    broken = {each.path.parent.name: each for each in found.broken}
    for name in names:
        if name in broken:
            raise broken[name]
        if name not in good:
            raise UnknownSource(
                f"no source is called {name!r}; there is {', '.join(good) or 'none'}"
            )
    return [source for name, source in good.items() if not names or name in names]


def _archive(
    session: _Session, asked: dict[str, Future[News]], full: bool, outcome: Outcome
) -> None:
    with ThreadPoolExecutor(SIDE_BY_SIDE, "archive") as threads:
        futures = {
            name: threads.submit(session.archive, news, full) for name, news in asked.items()
        }
        for name, future in futures.items():
            try:
                outcome.add(_result(future))
            except PluginError as error:
                outcome.failures.append(Failure(name, str(error)))
            except UnknownPlugin as error:
                outcome.failures.append(Failure(name, f"source {name}: {error}"))
            except KeyboardInterrupt:
                threads.shutdown(wait=False, cancel_futures=True)
                cancel_all()
                raise


def _import_engines() -> None:
    with suppress(ImportError):
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


def _result(future: Future[Outcome]) -> Outcome:
    # Polars makes Ctrl-C restart a wait instead of ending it, so each wait is short.
    while not future.done():
        wait([future], timeout=WAKE_SECONDS)
    return future.result()


class _Session:
    """Dagster, loaded once, with the definitions of one home."""

    def __init__(self, home: Home, sources: Sequence[SourceConfig]) -> None:
        with _uncollected():
            from dataq_assets.definitions import build
            from dataq_assets.runs.dead import bury
            from dataq_assets.runs.launch import open_instance

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
        outcome = Outcome()
        clusters = told.clusters
        if clusters:
            # While the plugin is waited for; an error shows where the index is published.
            threading.Thread(target=_import_engines, daemon=True).start()
        for first, last in clusters:
            outcome.add(self._extract(told, first, last, full))
            if not outcome.ok:
                break
        return outcome

    def _extract(self, news: News, first: str, last: str, full: bool) -> Outcome:
        import dagster as dg

        from dataq_assets.runs.launch import launch

        name = f"raw_{news.source.name}"
        tags = {
            "dagster/asset_partition_range_start": first,
            "dagster/asset_partition_range_end": last,
            "dataq/source": news.source.name,
        }
        config = {"ops": {name: {"config": {"full": full, "everything": news.everything}}}}
        return launch(
            self._instance, self._definitions, [dg.AssetKey(name)], tags=tags, config=config
        )

    def derive(self) -> Outcome:
        """What came of everything that follows from raw."""
        from dataq_assets.runs.launch import launch

        return launch(self._instance, self._definitions, self._derived())

    def derive_and_check(self, handover: Handover) -> Outcome:
        """The same with all checks, in one run."""
        from dataq_assets.runs.launch import launch

        checks = self._definitions.resolve_asset_graph().asset_check_keys
        with self._foreseeing(handover):
            return launch(self._instance, self._definitions, self._derived(), checks)

    @contextmanager
    def _foreseeing(self, handover: Handover) -> Iterator[None]:
        """Begins each check once its asset is stored; the checks' step takes what was seen."""
        from dataq_assets.defs.checks import checks_of
        from dataq_assets.foreseen import KEY, Foreseen

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
        graph = self._definitions.resolve_asset_graph()
        keys = graph.materializable_asset_keys
        return [key for key in keys if not key.path[0].startswith("raw_")]
