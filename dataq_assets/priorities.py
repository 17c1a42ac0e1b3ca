"""Which run goes first when several wait: by hand, of a change, of a schedule, in bulk."""

from __future__ import annotations

ORIGIN = "dataq/origin"
PRIORITY = "dagster/priority"
# Runs that are started by hand have none, which Dagster reads as 0.
PRIORITIES = {"change": -1, "schedule": -2, "bulk": -3}


def tags_of(origin: str) -> dict[str, str]:
    """The tags of a run that something of PRIORITIES has started."""
    return {ORIGIN: origin, PRIORITY: str(PRIORITIES[origin])}
