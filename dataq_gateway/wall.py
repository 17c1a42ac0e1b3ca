"""What holds a question of a stranger even where DuckDB does not: limits of this very process."""

from __future__ import annotations

import os
import resource
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dataq_lake.limits import Limits

OWN_PROCESS = "dataq.own_process"  # in click's context: whether the process is the command's own
HEADROOM = 1 << 30  # bytes: the interpreter, its libraries, and what holds the rows on their way
_UNITS = {"K": 10**3, "M": 10**6, "G": 10**9, "T": 10**12}


def walled(limits: Limits) -> None:
    """Bounds the memory of this process: some functions of DuckDB take it without counting.

    Only for a process that ends with the question.
    """
    wall = _in_use() + _bytes(limits.memory) + HEADROOM
    soft, hard = resource.getrlimit(resource.RLIMIT_DATA)
    allowed = [each for each in (wall, soft, hard) if each != resource.RLIM_INFINITY]
    resource.setrlimit(resource.RLIMIT_DATA, (min(allowed), hard))


def stop(limits: Limits) -> None:
    """Ends this process at once, in the one line that every failure gets."""
    line = (
        f"error: the question was stopped after {limits.seconds:g} seconds: ask for less, or allow "
        "more (--seconds, DATAQ_SQL_SECONDS)\n"
    )
    sys.stderr.write(line)
    sys.stderr.flush()
    os._exit(1)


def _in_use() -> int:
    """Bytes of data that this process has mapped by now."""
    for line in Path("/proc/self/status").read_text(encoding="ascii").splitlines():
        if line.startswith("VmData:"):
            return int(line.split()[1]) * 1024
    return 0


def _bytes(size: str) -> int:
    number = size.rstrip("BbIi").rstrip()
    unit = number[-1:].upper()
    factor = _UNITS.get(unit, 1)
    return int(float(number[:-1] if unit in _UNITS else number) * factor)
