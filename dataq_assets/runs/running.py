"""One whole way through: sources side by side, then one run of all that follows."""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import ExitStack
from pathlib import Path

from dataq_assets.reprocess import go_on
from dataq_assets.runs.news import News, ask_all
from dataq_assets.runs.outcome import Failure, Outcome, failure_of
from dataq_assets.runs.session import Session
from dataq_assets.runs.workers import Workers
from dataq_lake.lake import open_lake
from dataq_plugins.errors import PluginError, UnknownPlugin
from dataq_plugins.host.running import cancel_all
from dataq_resources.handover import handing_over
from dataq_resources.home import Home
from dataq_resources.locks import locked
from dataq_resources.progress import OnProgress, listening
from dataq_resources.sources import SourceConfig, chosen, read_sources

SIDE_BY_SIDE = 8
WAKE_SECONDS = 0.5
PLUGINS_FIRST_SECONDS = 0.5


def run(
    home: Home | Path,
    names: Sequence[str] = (),
    on_progress: OnProgress | None = None,
    full: bool = False,
) -> Outcome:
    """Archives the sources `names` (all if none), processes everything new, and publishes it.

    `full` asks plugins also for what they have sent before. Raises UnknownSource, UpgradeLake; all
    else that goes wrong is in the outcome.
    """
    begun = time.monotonic()
    home = home if isinstance(home, Home) else Home(home)
    home.prepare()
    found = read_sources(home)
    sources = chosen(found, names)
    go_on(home)
    outcome = Outcome()
    if not names:
        outcome.failures += [Failure(each.path.parent.name, str(each)) for each in found.broken]
    with ExitStack() as stack:
        handover = stack.enter_context(handing_over())
        workers = Workers(handover)
        stack.enter_context(listening(on_progress))
        stack.enter_context(listening(workers.hear_progress))
        asked = ask_all(open_lake(home.lake), sources, handover, full)
        for news in asked.values():
            news.add_done_callback(workers.hear_news)
        if "dagster" in sys.modules:  # there is little to do meanwhile, and plugins are to start
            wait(asked.values(), PLUGINS_FIRST_SECONDS)
        try:
            _expect_upgraded(home)
            _work(home, found.good, asked, workers, full, outcome)
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
    workers: Workers,
    full: bool,
    outcome: Outcome,
) -> None:
    with Session(home, known) as session:
        _archive(session, asked, full, outcome)
        derive_what_is_new(home, session, workers, outcome)


def derive_what_is_new(home: Home, session: Session, workers: Workers, outcome: Outcome) -> None:
    """Adds to an outcome of extractions what came of everything after them."""
    with locked(home.locks, "derived"):
        news = any(outcome.rows.values())
        if news:
            workers.judge(home)
        derived = session.derive_and_check(workers.handover) if news else session.derive()
        outcome.add(derived)
        if derived.ok:  # else they would tell what is known already, a line each
            outcome.add(session.check())


def _expect_upgraded(home: Home) -> None:
    """While the plugins think: this loads what reads tables."""
    from dataq_lake.upgrading import expect_upgraded

    expect_upgraded(open_lake(home.lake))


def derive(home: Home, on_progress: OnProgress | None = None) -> Outcome:
    """What came of all that derived tables and the index lack, without asking any source."""
    with ExitStack() as stack:
        stack.enter_context(listening(on_progress))
        session = stack.enter_context(Session(home, read_sources(home).good))
        stack.enter_context(locked(home.locks, "derived"))
        return session.derive()


def check(home: Home | Path) -> Outcome:
    """Runs every asset check, whatever has changed."""
    home = home if isinstance(home, Home) else Home(home)
    with Session(home, read_sources(home).good) as session:
        return session.check(everything=True)


def _archive(
    session: Session, asked: dict[str, Future[News]], full: bool, outcome: Outcome
) -> None:
    with ThreadPoolExecutor(SIDE_BY_SIDE, "archive") as threads:
        futures = {
            name: threads.submit(session.archive, news, full) for name, news in asked.items()
        }
        for name, future in futures.items():
            try:
                outcome.add(_result(future))
            except PluginError as error:
                outcome.failures.append(failure_of(name, str(error), error))
            except UnknownPlugin as error:
                outcome.failures.append(failure_of(name, f"source {name}: {error}", error))
            except KeyboardInterrupt:
                threads.shutdown(wait=False, cancel_futures=True)
                cancel_all()
                raise


def _result(future: Future[Outcome]) -> Outcome:
    # Polars makes Ctrl-C restart a wait instead of ending it, so each wait is short.
    while not future.done():
        wait([future], timeout=WAKE_SECONDS)
    return future.result()
