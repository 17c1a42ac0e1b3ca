"""Runs whose process is gone: reported as failed, and what ended runs still hold is freed."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING

from dataq_resources.processes import PROCESS_TAG, is_alive, name_of

if TYPE_CHECKING:
    from dagster import DagsterInstance, DagsterRun

CLOCK_SECONDS = 2
"""By so much the start of a process, counted from that of the machine, may seem too late."""


def bury(instance: DagsterInstance) -> list[str]:
    """The ids of the runs that were open and whose process is gone; they are failed now."""
    from dagster import DagsterRunStatus, RunsFilter

    open_ = [
        DagsterRunStatus.NOT_STARTED,
        DagsterRunStatus.STARTING,
        DagsterRunStatus.STARTED,
        DagsterRunStatus.CANCELING,
    ]
    dead = []
    for run in instance.get_runs(RunsFilter(statuses=open_)):
        process = run.tags.get(PROCESS_TAG)
        if is_alive(process) if process else _is_at_work(instance, run):
            continue
        instance.report_run_failed(
            run, "its process is gone: it was killed, or the machine went down"
        )
        dead.append(run.run_id)
    _free(instance)
    return dead


def _free(instance: DagsterInstance) -> None:
    """Frees what runs that have ended hold of pools: one may have been failed by the daemon."""
    storage = instance.event_log_storage
    for run_id in storage.get_concurrency_run_ids():
        run = instance.get_run_by_id(run_id)
        if run is None or run.is_finished:
            storage.free_concurrency_slots_for_run(run_id)


def _is_at_work(instance: DagsterInstance, run: DagsterRun) -> bool:
    """Whether the process that told the last of a run, one of Dagster's own, still runs.

    What waits in the queue, or has told nothing yet, counts as at work: it is the daemon's.
    """
    from dagster import DagsterRunStatus

    if run.status is DagsterRunStatus.NOT_STARTED:
        return True
    last = instance.get_records_for_run(run.run_id, limit=1, ascending=False).records
    event = last[0].event_log_entry.dagster_event if last else None
    if event is None or event.pid is None:
        return True
    began = _began(event.pid)
    return began is not None and began <= last[0].event_log_entry.timestamp + CLOCK_SECONDS


def _began(pid: int) -> float | None:
    """When a process began, Unix seconds; None if it has ended."""
    name = name_of(pid)
    if name is None:
        return None
    boot = re.search(rb"^btime (\d+)", Path("/proc/stat").read_bytes(), re.MULTILINE)
    ticks = int(name.rpartition("/")[2])
    return int(boot[1] if boot else 0) + ticks / os.sysconf("SC_CLK_TCK")
