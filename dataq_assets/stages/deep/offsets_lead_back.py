"""The text of a segment is what its text has between the segment's offsets."""

from __future__ import annotations

from collections.abc import Iterator

from dataq_assets.stages.deep_check import Finding, Look, remedy_for
from dataq_assets.stages.offsets import COLUMNS, misplaced

NAME = "offsets_lead_back"
UNIT = "rows"


def findings(at: Look) -> Iterator[Finding]:
    """The segments that have another text than their offsets lead to."""
    if not at.whole("texts"):
        return
    for handle in at.handles("segments"):
        total, done, wrong, first = handle.count(), 0, 0, ""
        for batch in handle.batches(COLUMNS):
            for bad in misplaced(at.lake, [batch]):
                wrong, first = wrong + bad.height, first or bad["segment_id"][0]
            done += batch.num_rows
            at.tell(NAME, done, total)
        if wrong:
            reason = f"{wrong} segments have another text than at their place, {first} among them"
            yield Finding(NAME, handle.name, reason, *remedy_for(handle.name))
