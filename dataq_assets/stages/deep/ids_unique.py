"""No key is in a table twice."""

from __future__ import annotations

from collections.abc import Iterator

from dataq_assets.stages.deep_check import Finding, Look, remedy_for
from dataq_lake.key_hashes import count, keys_of, twice

NAME = "ids_unique"
UNIT = "tables"
ADVICE = "raw is insert-only: the copy has the same bytes, so only its count is wrong"


def findings(at: Look) -> Iterator[Finding]:
    """The tables with repeated keys."""
    handles = at.handles(*at.lake.stored())
    for done, handle in enumerate(handles):
        at.tell(NAME, done, len(handles))
        double, first = twice(keys_of([handle], handle.table.key), count([handle]))
        if double:
            remedy, target = remedy_for(handle.name)
            advice = ADVICE if remedy == "none" else ""
            reason = f"{double} keys are there more than once, {first} among them"
            yield Finding(NAME, handle.name, reason, remedy, target, advice)
    at.tell(NAME, len(handles), len(handles))
