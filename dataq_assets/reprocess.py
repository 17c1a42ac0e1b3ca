"""Re-processing in a home: what may be asked for, and that nobody derives while rows go."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import ExitStack

from dataq_assets.asked_windows import expect_windows
from dataq_assets.stages.reprocessing import taken_away, unfinished
from dataq_assets.stages.scope import Scope
from dataq_lake.lake import open_lake
from dataq_lake.written import CommitInfo
from dataq_resources.changes import Changes, Round
from dataq_resources.errors import FixScope, UnknownAnalyzer
from dataq_resources.home import Home
from dataq_resources.locks import locked
from dataq_resources.sources import chosen, read_sources

STEPS = ("items", "assets", "texts", "segments")


def checked(home: Home, scope: Scope) -> Scope:
    """`scope` with both ends of its range.

    Raises FixScope, UnknownSource, UnknownWindow, UnknownAnalyzer.
    """
    if scope.analyzer_version is not None and scope.analyzer is None:
        raise FixScope(f"version {scope.analyzer_version} of what? Name the analyzer too")
    if scope.source is None and scope.analyzer is None:
        raise FixScope("say what to derive again: a source, an analyzer, or both")
    if scope.analyzer is not None:
        _expect_analyzer(home, scope.analyzer)
    if scope.source is None:
        if scope.first_window or scope.last_window:
            raise FixScope("windows are those of one source: name it too")
        return scope
    (source,) = chosen(read_sources(home), [scope.source])
    expect_windows(source, scope.first_window, scope.last_window)
    return scope


def at_rest(home: Home, rounds: Iterable[Round]) -> Iterator[Round]:
    """The rounds, while no step derives what they take away."""
    with ExitStack() as held:
        for step in STEPS:
            held.enter_context(locked(home.locks, f"stage_{step}"))
        yield from rounds


def go_on(home: Home, run_id: str = "") -> None:
    """Takes away what an interrupted request has left; nothing and no time where there is none."""
    lake = open_lake(home.lake)
    if unfinished(lake, "open"):
        Changes(at_rest(home, taken_away(lake))).commit(lake, CommitInfo(run_id, "reprocess"))


def _expect_analyzer(home: Home, name: str) -> None:
    from dataq_analyzers.registry import analyzers

    work = open_lake(home.lake).table("analyses").scan(["analyzer"]).unique().collect()
    known = {each.name for each in analyzers()} | set(work["analyzer"])
    if name not in known:
        raise UnknownAnalyzer(
            f"no analyzer is called {name!r}; there is {', '.join(sorted(known))}"
        )
