"""Sees to it that a task ends: `python -m dataq_assets.runs.stopping ID SECONDS`.

Nobody types this: `Jobs.stop` starts it, as a process that goes on when whoever stopped ends.
"""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Callable
from contextlib import suppress

from dataq_assets.runs.gone import what_became
from dataq_resources.home import Home, home_from_environment
from dataq_resources.jobs.store import JobStore
from dataq_resources.jobs.task import Task
from dataq_resources.processes import is_alive, pid_of, signal_process

TERMINATED = 0.5
"""The part of the time that it has to end by itself that it has once it was terminated."""
LEFT_SECONDS = 2.0
"""How long what the process has started may take to end after it."""
EVERY_SECONDS = 0.1


def main(task_id: str, seconds: float) -> int:
    """Wait so long for the end of a task that was asked to; help where it does not come."""
    home = home_from_environment()
    with JobStore(home) as store:
        task = store.task(task_id)
        if task.state != "running" or not task.process:
            return 0
        if insist(store, task, seconds, seconds * TERMINATED):
            _clean(home)
    return 0


def insist(store: JobStore, task: Task, asked: float, terminated: float) -> bool:
    """Return, once the task's process and its group are gone, whether they had to be killed."""
    process = task.process or ""
    group = _group(process)
    since = task.stop_at or time.time()
    killed = False
    for seconds, stopping, number in (
        (asked, "terminated", signal.SIGTERM),
        (asked + terminated, "killed", signal.SIGKILL),
    ):
        if _within(since + seconds, lambda: not is_alive(process)):
            break
        store.stop(task.id, stopping)
        killed = number == signal.SIGKILL
        signal_process(process, number)
    while is_alive(process):
        time.sleep(EVERY_SECONDS)
    if group and not _within(time.time() + LEFT_SECONDS, lambda: not _is_there(group)):
        with suppress(ProcessLookupError):
            os.killpg(group, signal.SIGKILL)
    store.end(task.id, *what_became(store.task(task.id)))
    return killed


def _group(process: str) -> int:
    """The group that the process leads, 0 if it leads none: it was started as its leader."""
    pid = pid_of(process)
    with suppress(ProcessLookupError):
        if is_alive(process) and os.getpgid(pid) == pid:
            return pid
    return 0


def _is_there(group: int) -> bool:
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    return True


def _within(until: float, happened: Callable[[], bool]) -> bool:
    """Whether it happened before this time."""
    while not happened():
        if time.time() >= until:
            return False
        time.sleep(EVERY_SECONDS)
    return True


def _clean(home: Home) -> None:
    """Has Dagster know that the run of a killed process is over, and frees what it held."""
    from dataq_assets.runs.dead import bury
    from dataq_assets.runs.launch import open_instance

    with open_instance(home) as instance:
        bury(instance)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], float(sys.argv[2])))
