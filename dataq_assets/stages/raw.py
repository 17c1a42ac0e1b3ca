"""Turns what a plugin sent into rows of raw: only what differs from the latest row of its id."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any, NamedTuple, Protocol

import polars as pl
import pyarrow as pa

from dataq_assets.stages.windows import Windowing
from dataq_lake.ids import make_id
from dataq_lake.schemas import RAW


class Stored(Protocol):
    """Content that is already in the blob store."""

    @property
    def uri(self) -> str: ...
    @property
    def sha256(self) -> str: ...


class Observed(Protocol):
    """What is needed of a plugin's item; times in microseconds since 1970, UTC."""

    @property
    def source_id(self) -> str: ...
    @property
    def timestamp_us(self) -> int | None: ...
    @property
    def content_type(self) -> str: ...
    @property
    def content(self) -> bytes | None: ...
    @property
    def blob(self) -> Stored | None: ...
    @property
    def size(self) -> int: ...
    @property
    def metadata(self) -> Mapping[str, str]: ...
    @property
    def op(self) -> str: ...
    @property
    def problem(self) -> str | None: ...


class Head(NamedTuple):
    """The latest row of one source_id, as far as a repeat is told by it."""

    item_id: str
    op: str
    content_hash: str | None
    metadata_hash: str
    timestamp_us: int
    window: str
    problem: str | None


HEAD_COLUMNS = (
    "source_id",
    "sequence",
    "item_id",
    "op",
    "content_hash",
    "metadata_hash",
    "timestamp",
    "window",
    "problem",
)


def heads_of(raw: pl.LazyFrame) -> pl.DataFrame:
    """The latest row of each source_id, in the columns of HEAD_COLUMNS without sequence."""
    latest = raw.select(HEAD_COLUMNS).sort("sequence").group_by("source_id").last()
    return latest.with_columns(pl.col("timestamp").dt.epoch("us")).drop("sequence").collect()


@dataclass
class Counts:
    """What became of the items: rows are new, changed or deleted; the rest were repeats."""

    seen: int = 0
    new: int = 0
    changed: int = 0
    deleted: int = 0
    problems: int = 0
    bytes: int = 0


@dataclass
class Observer:
    """Remembers the latest row of each id and makes rows of what differs from it.

    The run's own rows count too: A, B, A in one run are three versions.
    """

    source: str
    heads: pl.DataFrame
    next_sequence: int
    windowing: Windowing
    run_id: str
    plugin_id: str
    plugin_version: str
    now_us: Callable[[], int]
    counts: Counts = field(default_factory=Counts)
    _recent: dict[str, Head] = field(default_factory=dict)

    def observe(self, items: Iterable[Observed]) -> pa.RecordBatch:
        """The rows of the items that are news, in the schema of raw and in their order."""
        batch = list(items)
        known = self._known(batch)
        rows = []
        for item in batch:
            row = self._row(item, known.get(item.source_id))
            self.counts.seen += 1
            if row is not None:
                known[item.source_id] = self._recent[item.source_id] = _head(row)
                rows.append(row)
        return _record_batch(rows)

    def _known(self, batch: list[Observed]) -> dict[str, Head]:
        ids = pl.Series("source_id", [item.source_id for item in batch], dtype=pl.String)
        known: dict[str, Head] = {}
        if self.heads.height:
            found = self.heads.join(ids.unique().to_frame(), on="source_id", how="semi")
            known = {row[0]: Head(*row[1:]) for row in found.select(_ORDER).iter_rows()}
        known.update((name, self._recent[name]) for name in ids if name in self._recent)
        return known

    def _row(self, item: Observed, head: Head | None) -> dict[str, Any] | None:
        if item.op == "delete":
            return self._tombstone(item, head)
        content_hash = _content_hash(item)
        metadata_hash = make_id(*(part for pair in sorted(item.metadata.items()) for part in pair))
        if head is not None and _is_repeat(item, head, content_hash, metadata_hash):
            return None
        self.counts.new += head is None
        self.counts.changed += head is not None
        self.counts.problems += item.problem is not None
        self.counts.bytes += item.size
        now = self.now_us()
        time = now if item.timestamp_us is None else item.timestamp_us
        return {
            **self._common(item, head, time, content_hash, metadata_hash),
            "observed_at": now,
            "window": self.windowing.label(time, now),
            "content_type": item.content_type,
            "size": item.size,
            "payload": item.content,
            "blob_uri": item.blob.uri if item.blob else None,
            "metadata": sorted(item.metadata.items()),
            "problem": item.problem,
        }

    def _tombstone(self, item: Observed, head: Head | None) -> dict[str, Any] | None:
        if head is None or head.op == "delete":
            return None
        self.counts.deleted += 1
        now = self.now_us()
        time = now if item.timestamp_us is None else item.timestamp_us
        return {
            **self._common(item, head, time, None, make_id()),
            "observed_at": now,
            "window": head.window,
            "content_type": "",
            "size": 0,
            "payload": None,
            "blob_uri": None,
            "metadata": sorted(item.metadata.items()),
            "problem": None,
        }

    def _common(
        self,
        item: Observed,
        head: Head | None,
        time: int,
        content_hash: str | None,
        metadata_hash: str,
    ) -> dict[str, Any]:
        previous = head.item_id if head else None
        identity = (
            self.source,
            item.source_id,
            previous,
            item.op,
            content_hash,
            metadata_hash,
            time,
        )
        self.next_sequence += 1
        return {
            "item_id": make_id(*identity),
            "source": self.source,
            "source_id": item.source_id,
            "sequence": self.next_sequence - 1,
            "timestamp": time,
            "op": item.op,
            "content_hash": content_hash,
            "metadata_hash": metadata_hash,
            "plugin_id": self.plugin_id,
            "plugin_version": self.plugin_version,
            "run_id": self.run_id,
        }


_ORDER = ["source_id", *Head._fields[:4], "timestamp", "window", "problem"]


def _content_hash(item: Observed) -> str | None:
    if item.problem is not None:
        return None
    return item.blob.sha256 if item.blob else sha256(item.content or b"").hexdigest()


def _is_repeat(item: Observed, head: Head, content_hash: str | None, metadata_hash: str) -> bool:
    # A source without times would give a new version at every look if capture time counted.
    same_time = item.timestamp_us is None or item.timestamp_us == head.timestamp_us
    return (
        same_time
        and head.op == item.op
        and head.content_hash == content_hash
        and head.metadata_hash == metadata_hash
        and head.problem == item.problem
    )


def _head(row: Mapping[str, Any]) -> Head:
    return Head(
        row["item_id"],
        row["op"],
        row["content_hash"],
        row["metadata_hash"],
        row["timestamp"],
        row["window"],
        row["problem"],
    )


def _record_batch(rows: list[dict[str, Any]]) -> pa.RecordBatch:
    columns = [
        pa.array([row[name] for row in rows], type=RAW.field(name).type) for name in RAW.names
    ]
    return pa.RecordBatch.from_arrays(columns, schema=RAW)
