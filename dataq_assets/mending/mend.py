"""Blobs first, then the tables and the index that are derived, then one look at all of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from dataq_assets.mending.blobs import fetch_again, lost_of_raw, take_away
from dataq_assets.runs.running import derive
from dataq_assets.stages.deep_check import Finding, look
from dataq_assets.stages.telling import Tell, silent
from dataq_lake.indexes.folder import indexes_in
from dataq_lake.lake import open_lake
from dataq_lake.written import CommitInfo
from dataq_resources.home import Home
from dataq_resources.locks import locked
from dataq_resources.progress import OnProgress

WITH = {
    "items": ("items",),
    "quarantine": ("quarantine", "analyses", "assets"),
    "assets": ("assets",),
    "entities": ("entities",),
    "texts": ("texts", "analyses"),
    "analyses": ("analyses",),
    "messages": ("messages", "segments"),
    "events": ("events", "segments"),
    "segments": ("segments", "messages", "events"),
    "embeddings": ("embeddings",),
    "relationships": ("relationships", "relations"),
    "collections": ("collections", "relations"),
    "collection_members": ("collection_members", "relations"),
    "tags": ("tags", "relations"),
    "relations": ("relations",),
    "links": ("links", "relations"),
    "sketches": ("sketches", "relations"),
    "positions": ("positions", "relations"),
    "regions": ("regions", "positions", "relations"),
    "snapshots": ("snapshots",),
}
"""The tables that are emptied for one to be derived again: those that say it is done already."""


@dataclass
class Mended:
    """What was done, a line each, and what is still wrong after it."""

    done: list[str] = field(default_factory=list)
    left: list[Finding] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)


def mend(
    home: Home,
    findings: Sequence[Finding],
    tell: Tell = silent,
    on_progress: OnProgress | None = None,
) -> Mended:
    """Mends what can be had again from raw or from the sources, and looks at everything once more.

    Nothing is taken away that could not be derived: tables stay as they are while raw is damaged,
    or a log that cannot be mended.
    """
    mended = Mended()
    blobs = [each.target for each in findings if each.remedy == "fetch"]
    reason = _obstacle(findings)
    if not reason and blobs:
        mended.done += fetch_again(home, blobs)
        lost = sorted(lost_of_raw(open_lake(home.lake), blobs))
        reason = f"{lost[0]} is lost" if lost else ""
    _take_away(home, findings, reason, mended)
    if not reason:
        mended.done += take_away(home, blobs)
        _derive(home, mended, on_progress)
    mended.left = list(look(open_lake(home.lake), tell))
    return mended


def _take_away(home: Home, findings: Sequence[Finding], reason: str, mended: Mended) -> None:
    """Takes away what is to be made anew; nothing where there is a `reason` not to."""
    lake = open_lake(home.lake)
    tables = {each.target for each in findings if each.remedy == "derive"}
    snapshots = sorted({each.target for each in findings if each.remedy == "publish"})
    if reason and (tables or snapshots):
        what = ", ".join([*sorted(tables), *snapshots])
        mended.failures.append(f"{what} not made anew, for it might not come back: {reason}")
        return
    with locked(home.locks, "derived"):
        for table in sorted({each for name in tables for each in WITH[name]}):
            gone = lake.table(table).clear(CommitInfo(asset="repair")).deleted
            mended.done.append(f"emptied {table}, {gone} rows, to derive it again")
        if snapshots:
            indexes_in(lake.root).remove(snapshots)
            mended.done.append(f"removed {len(snapshots)} damaged snapshots of the search index")


def _derive(home: Home, mended: Mended, on_progress: OnProgress | None) -> None:
    outcome = derive(home, on_progress)
    mended.failures += [f"{each.where}: {each.reason}" for each in outcome.failures]
    derived = [f"derived {rows} rows of {table}" for table, rows in outcome.rows.items() if rows]
    mended.done += derived


def _obstacle(findings: Sequence[Finding]) -> str:
    """Why nothing can be derived now, or "": raw, or a log that every derivation has to read."""
    for each in findings:
        table = each.place.partition("/")[0]
        read = table.startswith("raw_") or table in WITH
        if each.remedy == "none" and each.check != "ids_unique" and read:
            return f"{each.place} is damaged"
    return ""
