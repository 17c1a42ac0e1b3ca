"""What started a run, and what follows from that: which goes first, and how often it is tried."""

from __future__ import annotations

from typing import NamedTuple


class Origin(NamedTuple):
    """`priority` in Dagster's queue, where what is started by hand has 0; tries after a failure."""

    priority: int
    retries: int


# The sensor of a source asks again by itself for what a failed run has left.
ORIGINS = {
    "change": Origin(-1, 0),
    "derive": Origin(-1, 1),
    "schedule": Origin(-2, 2),
    "bulk": Origin(-3, 2),
}


def tags_of(origin: str) -> dict[str, str]:
    """The tags of a run that something of ORIGINS has started."""
    found = ORIGINS[origin]
    return {
        "dataq/origin": origin,
        "dagster/priority": str(found.priority),
        "dagster/max_retries": str(found.retries),
    }
