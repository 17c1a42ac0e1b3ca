"""Names of processes that no other one ever has, so that one that is gone is known as such."""

from __future__ import annotations

import os
import signal
from pathlib import Path

PROCESS_TAG = ".dagster/dataq_process"
"""Of a run in Dagster: the process that executes it. Its pages show no tag that begins so."""


def this_process() -> str:
    """A name for this process that no other one ever has: boot, id, time of start."""
    return name_of(os.getpid()) or ""


def is_alive(process: str) -> bool:
    """Whether the process of this name still runs."""
    pid = pid_of(process)
    return pid > 0 and name_of(pid) == process


def place_of(folder: Path) -> str:
    """Where the names of processes are known by this one: boot, namespace of ids, and a folder."""
    boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    namespace = Path("/proc/self/ns/pid").stat().st_ino
    return f"{boot}/{namespace}/{folder}"


def pid_of(process: str) -> int:
    """The id of the process of this name, whether or not it runs; 0 if that is no name."""
    pid = process.rpartition("/")[0].rpartition("/")[2]
    return int(pid) if pid.isdigit() else 0


def name_of(pid: int) -> str | None:
    """The name of a process; None if there is none, or nothing but its exit code."""
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
        stat = Path(f"/proc/{pid}/stat").read_bytes()
    except OSError:
        return None
    fields = stat.rpartition(b")")[2].split()
    if fields[0] in (b"Z", b"X"):
        return None
    return f"{boot}/{pid}/{fields[19].decode()}"


def signal_process(process: str, number: int) -> bool:
    """Sends a signal to the process of this name, never to another one; False if it is gone."""
    try:
        handle = os.pidfd_open(pid_of(process))
    except OSError:
        return False
    try:
        # The handle is of whatever has the number now; that this is the one is seen afterwards.
        if not is_alive(process):
            return False
        signal.pidfd_send_signal(handle, number)
    except ProcessLookupError:
        return False
    finally:
        os.close(handle)
    return True
