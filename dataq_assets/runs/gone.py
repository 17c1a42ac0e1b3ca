"""Tasks whose process is gone: nobody else would ever say that they have ended."""

from __future__ import annotations

import time

from dataq_resources.jobs.store import JobStore
from dataq_resources.jobs.task import STOPPED, Task
from dataq_resources.jobs.waiting import LEASE_SECONDS, PROCESS_GONE, Waiting
from dataq_resources.processes import is_alive

START_SECONDS = 60
"""A task of a job whose process has not begun by then is lost."""
GONE = "its process is gone: it was killed, or did not begin"
SILENT = f"its process was not heard of for {LEASE_SECONDS} seconds: it was killed, or is cut off"


def end_what_is_gone(store: JobStore) -> None:
    """Ends tasks whose process is gone, and such as never began.

    An extraction that was taken but not begun waits again.
    """
    waiting = Waiting(store)
    for task, is_silent in waiting.with_processes():
        gone = _is_gone(store, task, is_silent)
        if task.state == "queued" and task.request:
            if gone or is_silent:
                waiting.give_back(task.id)
        elif task.state == "queued":
            if time.time() - task.created_at > START_SECONDS:
                _end(store, task, GONE)
        elif gone:
            _end(store, task, GONE if task.place in ("", store.place) else SILENT)


def what_became(task: Task, reason: str = GONE) -> tuple[str, str]:
    """State and reason of a task whose process is gone without a word."""
    if task.stopping:
        return "stopped", STOPPED[task.stopping]
    return "failed", reason


def _is_gone(store: JobStore, task: Task, is_silent: bool) -> bool:
    """Only a process of this machine and home can be looked at; others have to be heard of."""
    if task.place in ("", store.place):
        return not is_alive(task.process or "")
    return is_silent


def _end(store: JobStore, task: Task, reason: str) -> None:
    state, why = what_became(task, reason)
    kind = PROCESS_GONE if state == "failed" else None
    store.end(task.id, state, why, task.run_ids, error_type=kind)
