"""Every table's log is complete, and its files are there, whole and readable to the last byte."""

from __future__ import annotations

from collections.abc import Iterator

from dataq_assets.stages.deep_check import Finding, Look, remedy_for
from dataq_lake.damage import Damage
from dataq_lake.errors import LakeError

FIRST = True
NAME = "tables_readable"
UNIT = "bytes"
ADVICE = {
    "raw": "restore it from a backup: what was observed cannot be derived; "
    "`dataq run --full` archives again what the source still has",
    "plugin_state": "restore it from a backup, or remove lake/tables/plugin_state: "
    "plugins then send everything again, and nothing of it is stored twice",
    "deliveries": "restore it from a backup, or remove lake/tables/deliveries: everything is then "
    "delivered again, which only a receiver that knows its keys takes once",
    "collection_names": "restore it from a backup, or remove lake/tables/collection_names: "
    "collections are then called by what their members share",
    "manual_tags": "restore it from a backup, or remove lake/tables/manual_tags: what people have "
    "said of tags is then forgotten",
    "reprocessings": "restore it from a backup, or remove lake/tables/reprocessings: a request "
    "that was interrupted is then forgotten, so ask for it again",
}


def findings(at: Look) -> Iterator[Finding]:
    """The damaged logs and files of all tables."""
    names = at.lake.stored()
    sizes = [_bytes(at, name) for name in names]
    done, total = 0, sum(sizes)

    def told(read: int) -> None:
        nonlocal done
        done += read
        at.tell(NAME, done, total)

    for name in names:
        try:
            _ = at.lake.table(name).table
            damaged = list(at.lake.table(name).damage(told))
        except LakeError as error:  # a folder whose name no table has
            yield Finding(NAME, name, str(error), advice="look what it is, and remove it")
            at.unreadable.add(name)
            continue
        if damaged:
            at.unreadable.add(name)
        for each in damaged:
            yield _finding(name, each)


def _finding(table: str, damage: Damage) -> Finding:
    if not damage.mendable:  # its reason says what to do
        return Finding(NAME, damage.place, damage.reason)
    remedy, target = remedy_for(table)
    kind = "raw" if table.startswith("raw_") else table
    return Finding(NAME, damage.place, damage.reason, remedy, target, ADVICE.get(kind, ""))


def _bytes(at: Look, name: str) -> int:
    try:
        snapshot = at.lake.table(name).snapshot()
    except LakeError:
        return 0
    return sum(file.size for file in snapshot.files) if snapshot else 0
