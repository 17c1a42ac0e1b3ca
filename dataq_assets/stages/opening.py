"""Opens containers in worker processes and makes rows of what is inside."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

import polars as pl

from dataq_assets.stages.quarantine import rejected, resolved
from dataq_assets.stages.rule import Rejection
from dataq_assets.stages.sent import Sent
from dataq_assets.stages.unpacking import Inner, Outer, Unpacked, unpack, weight
from dataq_lake.content import open_content, read_contents
from dataq_lake.ids import make_id
from dataq_lake.location import Location, located

if TYPE_CHECKING:
    from dataq_analyzers.pool import Pool
    from dataq_lake.lake import Lake

STAGE = "assets"
# What is larger is opened from its file, one at a time, with more patience.
LARGE_BYTES = 32 << 20


@dataclass(frozen=True)
class Opened:
    """What came out of one container: rows of assets and quarantine, its own row aside."""

    asset_id: str
    members: list[dict[str, Any]]
    rejected: list[dict[str, Any]]
    status: str


@dataclass
class Opening:
    """Where containers are opened: `pool` for the usual ones, `patient` for the large."""

    lake: Lake
    pool: Pool
    patient: Pool
    run_id: str
    now_us: int
    _sent: Sent[dict[str, Any]] = field(default_factory=Sent, init=False)

    def opened(self, tops: pl.DataFrame, again: Mapping[str, dict[str, Any]]) -> Iterator[Opened]:
        """One outcome a container, in the order of completion; `again` are rows to replace."""
        small = tops.filter(pl.col("file_size") <= LARGE_BYTES)
        large = tops.filter(pl.col("file_size") > LARGE_BYTES)
        for pool, tasks in ((self.pool, self._small(small)), (self.patient, self._large(large))):
            self._sent = Sent()
            for outcome in pool.map(unpack, tasks, size=weight):
                yield self._rows(self._sent.take(outcome.index), outcome, again)

    def _small(self, tops: pl.DataFrame) -> Iterator[Outer]:
        rows = {row["id"]: row for row in tops.to_dicts()}
        for id_, data in read_contents(self.lake, tops):
            yield self._outer(rows[id_], data, None)

    def _large(self, tops: pl.DataFrame) -> Iterator[Outer]:
        for row in tops.sort("file_size", "id").to_dicts():
            yield self._outer(row, None, str(file_of(self.lake, row)))

    def _outer(self, row: dict[str, Any], data: bytes | None, file: str | None) -> Outer:
        self._sent.note(row)
        blobs = str(self.lake.blobs.place)
        return Outer(row["mime_type"], row["filename"], data, file, row["file_size"], blobs)

    def _rows(
        self, top: dict[str, Any], outcome: Any, again: Mapping[str, dict[str, Any]]
    ) -> Opened:
        from dataq_analyzers.outcome import Failed

        if isinstance(outcome, Failed):
            unpacked = Unpacked([], [((), outcome.reason)])
            rule = "unpack_" + outcome.kind
        else:
            unpacked, rule = outcome.value, "container"
        members = self._members(top, unpacked.members)
        held = [
            self._held(top, "member", inner.place, inner.problem)
            for inner in unpacked.members
            if inner.problem
        ]
        held += [self._held(top, rule, place, reason) for place, reason in unpacked.problems]
        status = "stored" if not held else "partial" if members else "unopened"
        return Opened(top["id"], members, self._settled(top, held, again), status)

    def _members(self, top: dict[str, Any], inners: list[Inner]) -> list[dict[str, Any]]:
        ids: list[str] = []
        rows = []
        for inner in inners:
            parent = top["id"] if inner.parent is None else ids[inner.parent]
            ids.append(make_id("member", parent, inner.place[-1], inner.content_hash))
            if inner.problem is None:
                rows.append(self._member(top, inner, ids[-1], parent))
        return rows

    def _member(self, top: dict[str, Any], inner: Inner, id_: str, parent: str) -> dict[str, Any]:
        return {
            "id": id_,
            "item_id": top["item_id"],
            "parent_id": parent,
            "source": top["source"],
            "source_id": top["source_id"],
            "sequence": top["sequence"],
            "timestamp": _time(inner.modified, top["timestamp"]),
            "filename": inner.place[-1].rpartition("/")[2],
            "path": path_of(top["path"], inner.place),
            "depth": len(inner.place),
            "file_hash": inner.content_hash,
            "file_size": inner.size,
            "mime_type": inner.media_type,
            "storage_path": inner.blob_uri or "row",
            "payload": inner.data,
            "upload_context": [{"key": k, "value": v} for k, v in inner.context] or None,
            "processing_status": "stored",
            "run_id": self.run_id,
        }

    def _held(
        self, top: dict[str, Any], rule: str, place: tuple[str, ...], reason: str
    ) -> dict[str, Any]:
        path = path_of(top["path"], place)
        subject = {**top, "asset_id": make_id("place", top["id"], *place)}
        rejection = Rejection(rule, "container", "warning", f"{path}: {reason}")
        row = rejected(STAGE, rejection, subject, self.run_id, self.now_us)
        return {**row, "asset_id": top["id"]}

    def _settled(
        self, top: dict[str, Any], held: list[dict[str, Any]], again: Mapping[str, dict[str, Any]]
    ) -> list[dict[str, Any]]:
        """The rows to write: what is held now, and what was held before and no longer is."""
        now = {row["id"] for row in held}
        before = [row for row in again.values() if row["item_id"] == top["item_id"]]
        done = [resolved(row, self.run_id, self.now_us) for row in before if row["id"] not in now]
        counted = [
            {**row, "attempts": again[row["id"]]["attempts"] + 1} if row["id"] in again else row
            for row in held
        ]
        return counted + done


def path_of(outer: str, place: tuple[str, ...]) -> str:
    """A member's path: outer!/inner, and so on for each container opened."""
    return "!/".join((outer, *place))


def _time(modified: datetime | None, otherwise: Any) -> Any:
    return modified if modified is not None else otherwise


def file_of(lake: Lake, top: Mapping[str, Any]) -> Location:
    """The file in the blob store that holds a large asset."""
    file: Any = open_content(lake, top)  # so large a content lies in a file, which has a name
    with file:
        return located(file.name)
