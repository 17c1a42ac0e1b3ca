"""Runs whose process is gone: reported as failed, and what they held is freed."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dagster import DagsterInstance

PROCESS_TAG = "dataq/process"


def this_process() -> str:
    """A name for this process that no other one ever has: boot, id, time of start."""
    return _name_of(os.getpid()) or ""


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
        if process is None or is_alive(process):
            continue
        instance.report_run_failed(
            run, "its process is gone: it was killed, or the machine went down"
        )
        instance.event_log_storage.free_concurrency_slots_for_run(run.run_id)
        dead.append(run.run_id)
    return dead


def is_alive(process: str) -> bool:
    """Whether the process of this name still runs."""
    pid = process.rpartition("/")[0].rpartition("/")[2]
    return pid.isdigit() and _name_of(int(pid)) == process


def _name_of(pid: int) -> str | None:
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
        stat = Path(f"/proc/{pid}/stat").read_bytes()
    except OSError:
        return None
    fields = stat.rpartition(b")")[2].split()
    if fields[0] in (b"Z", b"X"):
        return None
    return f"{boot}/{pid}/{fields[19].decode()}"
