"""The process of one task: `python -m dataq_assets.runs.job_process ID`. Nobody types this."""

from __future__ import annotations

import signal
import sys
import traceback
from collections.abc import Callable
from contextlib import ExitStack, suppress

from dataq_assets.runs.counting import TASK_TAG, run_ids_of, stored_by
from dataq_assets.runs.dispatching import NOT_MINE
from dataq_assets.runs.heart import Heart
from dataq_assets.runs.launch import tagged
from dataq_assets.runs.outcome import Outcome
from dataq_assets.runs.telling import Teller
from dataq_resources.home import Home, home_from_environment
from dataq_resources.jobs.definition import JobDefinition
from dataq_resources.jobs.extraction import Extraction
from dataq_resources.jobs.meter import ARCHIVING, DELIVERING
from dataq_resources.jobs.store import JobStore
from dataq_resources.jobs.task import STOPPED, Task
from dataq_resources.processes import this_process
from dataq_resources.stored import listening_for_stored


def main(task_id: str) -> int:
    """Do a task that waits; the exit code is 0 once its end is on record, good or bad."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    home = home_from_environment()
    with JobStore(home) as store:
        if not store.claim(task_id, this_process()):
            return NOT_MINE
        task = store.task(task_id)
        what = task.extraction or store.job(task.job, task.version).definition
    teller = _teller(home, task, what)
    outcome = Outcome()
    with ExitStack() as during:
        during.enter_context(tagged(_tags(task)))
        during.enter_context(listening_for_stored(teller.hear_stored))
        heart = during.enter_context(Heart(home, task))
        try:
            _work(home, what, teller, outcome)
        except KeyboardInterrupt:
            heart.rest()
            _count(home, what, teller, outcome, task_id)
            teller.stopped(lambda store: STOPPED[store.task(task_id).stopping], outcome.run_ids)
            return 0
        except Exception as error:  # noqa: BLE001 - whatever it is belongs into the task's record
            heart.rest()
            hide = _hiding(home, what)
            _count(home, what, teller, outcome, task_id)
            kind = type(error).__name__
            trace = hide(traceback.format_exc())
            teller.failed(hide(f"{kind}: {error}"), kind, trace, outcome.run_ids)
            return 0
        heart.rest()
        teller.finish(outcome, _hiding(home, what))
    return 0


def _tags(task: Task) -> dict[str, str]:
    return {TASK_TAG: task.id, **({"dataq/job": task.job} if task.job else {})}


def _teller(home: Home, task: Task, what: JobDefinition | Extraction) -> Teller:
    if isinstance(what, Extraction):
        return Teller(home, task.id, ARCHIVING, by_commits=True)
    stages = ARCHIVING * bool(what.sources) + DELIVERING * bool(what.destinations)
    return Teller(home, task.id, stages)


def _work(home: Home, what: JobDefinition | Extraction, teller: Teller, outcome: Outcome) -> None:
    from dataq_assets.runs.backfill import backfill
    from dataq_assets.runs.delivering import deliver
    from dataq_assets.runs.running import run

    sources = _sources(what)
    if isinstance(what, Extraction) and what.windows:
        outcome.add(backfill(home, what.source, what.windows, teller.hear))
    elif sources:
        outcome.add(run(home, sources, teller.hear, what.full))
    if sources:
        teller.archived(stored_by(home, sources, outcome.run_ids))
    if isinstance(what, JobDefinition) and what.destinations and outcome.ok:
        outcome.add(deliver(home, what.destinations, teller.hear, what.question))


def _sources(what: JobDefinition | Extraction) -> tuple[str, ...]:
    return (what.source,) if isinstance(what, Extraction) else what.sources


def _count(
    home: Home, what: JobDefinition | Extraction, teller: Teller, outcome: Outcome, task_id: str
) -> None:
    """Adds what the runs of a task have stored that was interrupted, so that it told of none."""
    with suppress(Exception):  # it is ending for another reason, which is the one to tell
        outcome.run_ids[:] = run_ids_of(home, task_id)
        teller.archived(stored_by(home, _sources(what), outcome.run_ids))


def _hiding(home: Home, what: JobDefinition | Extraction) -> Callable[[str], str]:
    """What takes the secrets of the sources out of a text; those that are not there are in none."""
    from dataq_plugins.errors import ConfigError
    from dataq_plugins.host.secrets import Redactor, is_reference, resolve
    from dataq_resources.sources import load_sources

    hidden = Redactor()
    for source in load_sources(home):
        if source.name not in _sources(what):
            continue
        for value in source.config.values():
            if isinstance(value, str) and is_reference(value):
                with suppress(ConfigError):
                    hidden.add([resolve(value)])
    return hidden


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
