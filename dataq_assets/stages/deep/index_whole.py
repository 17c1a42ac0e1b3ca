"""Every published search index has what its manifest says, byte for byte."""

from __future__ import annotations

from collections.abc import Iterator

from dataq_assets.stages.deep_check import Finding, Look, Remedy
from dataq_lake.indexes.folder import indexes_in

NAME = "index_whole"
UNIT = "bytes"


def findings(at: Look) -> Iterator[Finding]:
    """The damaged parts and snapshots; each names the snapshot that has to go."""
    folder = indexes_in(at.lake.root)
    done = 0

    def told(read: int) -> None:
        nonlocal done
        done += read
        at.tell(NAME, done, max(total, done))

    total = folder.size()
    for name, damage in folder.damage(told):
        remedy: Remedy = "publish" if damage.mendable else "none"
        yield Finding(NAME, damage.place, damage.reason, remedy, name)
