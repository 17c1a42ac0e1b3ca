"""The versions of a lake's ranking: which there are, which is in force, and what each holds."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Literal

from dataq_lake.errors import FixTheCall
from dataq_lake.feedback.judged import Judged, Parameters
from dataq_lake.feedback.voting import Confidence, Judgement
from dataq_lake.ids import make_id
from dataq_lake.written import CommitInfo

if TYPE_CHECKING:
    from dataq_lake.lake import Lake

TABLE, USES = "rankings", "ranking_uses"
NONE: Literal["none"] = "none"
_SEEN = ("version", "sequence", "used_at", "id")


@dataclass(frozen=True)
class Version:
    """One version as people see it; basis, parameters and figures as they were when it was made."""

    id: str
    version: int
    in_force: bool
    created_at: datetime
    basis: dict[str, Any]
    parameters: dict[str, Any]
    figures: dict[str, Any]
    run_id: str

    def as_dict(self) -> dict[str, Any]:
        """By name."""
        return asdict(self)


def versions(lake: Lake) -> list[Version]:
    """Every version, the newest first."""
    now = in_force(lake)
    rows = lake.table(TABLE).scan().sort("version", descending=True).collect().to_dicts()
    return [_version(row, now) for row in rows]


def in_force(lake: Lake) -> int | None:
    """The version that ranks; None where it is only the retrievers, as in a lake without any."""
    if lake.table(USES).version() is None:  # what most searches pay for feedback
        return None
    rows = lake.table(USES).scan(_SEEN).collect().rows(named=True)
    last = max(rows, key=lambda row: (row["sequence"], row["used_at"], row["id"]), default=None)
    return last["version"] if last else None


def parsed(text: str) -> int | None:
    """The version that `text` names, None for "none"; raises FixTheCall."""
    if text == NONE:
        return None
    if not (text.isdecimal() and text.isascii() and int(text)):
        raise FixTheCall(f"{text[:32]!r} is no ranking: write its number, or none")
    return int(text)


def judged(lake: Lake, version: int) -> Judged:
    """The ranking of this number; raises FixTheCall naming those that there are."""
    import polars as pl

    found = {each.version: each for each in versions(lake)}
    if version not in found:
        there = ", ".join(map(str, sorted(found))) or "none"
        raise FixTheCall(f"no ranking {version}: there is {there} (`dataq ranking build`)")
    one = found[version]
    mine = pl.col("ranking_id") == one.id
    said = lake.table("ranking_judgements").scan().filter(mine).sort("id").collect().to_dicts()
    doubts = lake.table("ranking_confidences").scan().filter(mine).sort("id").collect().to_dicts()
    return Judged(
        [_judgement(row) for row in said],
        Parameters(**one.parameters),
        version,
        [_confidence(row) for row in doubts],
    )


def use(lake: Lake, version: int | None, by: str | None = None, note: str | None = None) -> None:
    """Puts a version into force, None for no ranking at all; raises FixTheCall for an unknown one.

    What was in force before stays on record.
    """
    import pyarrow as pa

    if version is not None and version not in {each.version for each in versions(lake)}:
        judged(lake, version)
    handle = lake.table(USES)
    row = use_row(lake, version, by, note)
    batch = pa.RecordBatch.from_pylist([row], schema=handle.table.schema)
    handle.insert_new([batch], CommitInfo(asset=USES))


def use_row(lake: Lake, version: int | None, by: str | None, note: str | None) -> dict[str, Any]:
    """The row of ranking_uses that puts a version into force."""
    last = lake.table(USES).scan(["sequence"]).max().collect().item()
    now, sequence = datetime.now(UTC), 1 if last is None else last + 1
    return {
        "id": make_id("use", sequence, version, by, now.isoformat()),
        "sequence": sequence,
        "version": version,
        "by": by,
        "note": note,
        "used_at": now,
    }


def _version(row: dict[str, Any], now: int | None) -> Version:
    return Version(
        id=row["id"],
        version=row["version"],
        in_force=row["version"] == now,
        created_at=row["created_at"],
        basis=json.loads(row["basis"]),
        parameters=json.loads(row["parameters"]),
        figures=json.loads(row["figures"]),
        run_id=row["run_id"],
    )


def _judgement(row: dict[str, Any]) -> Judgement:
    return Judgement(
        row["query"],
        frozenset(row["terms"]),
        row["entity_id"],
        row["entity_type"],
        row["asset_id"],
        row["value"],
        row["votes"],
    )


def _confidence(row: dict[str, Any]) -> Confidence:
    return Confidence(
        row["entity_id"], row["about"], row["detail"], row["correct"], row["incorrect"]
    )
