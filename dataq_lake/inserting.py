"""Writes that may be repeated: rows by key, once, and differences, each as one atomic change."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import polars as pl
import pyarrow as pa

from dataq_lake import reading
from dataq_lake.accepting import accept
from dataq_lake.difference import Difference
from dataq_lake.errors import FixTheCall, Retry
from dataq_lake.keys import KeyIndex
from dataq_lake.log import DataFile, Snapshot
from dataq_lake.parts import Part, PartWriter, discard
from dataq_lake.table import TableHandle
from dataq_lake.writing import commit, ensure, full
from dataq_lake.written import CommitInfo, Written

ATTEMPTS = 30


def insert_new(handle: TableHandle, batches: Iterable[pa.RecordBatch], info: CommitInfo) -> Written:
    """Adds the rows whose key is not there, in commits of at least 10,000 rows or 32 MB."""
    return _Insertion(handle, info, pl.Series([], dtype=pl.String), handle.table.key[0]).run(batches)


def apply(handle: TableHandle, difference: Difference, info: CommitInfo) -> Written:
    """Takes away what is gone and adds what is new; one commit if anything is gone."""
    key = difference.key or handle.table.key[0]
    if key not in handle.table.schema.names:
        raise FixTheCall(f"table {handle.table.name} has no column {key} to find what is gone")
    gone = pl.Series("gone", list(difference.gone), dtype=pl.String).unique()
    if gone.len() and handle.table.insert_only:
        raise FixTheCall(f"table {handle.table.name} is insert-only: its rows do not go")
    return _Insertion(handle, info, gone, key).run(difference.new)


class _Insertion:
    """One write: what is staged, and the snapshot against which it was found to be new."""

    def __init__(self, handle: TableHandle, info: CommitInfo, gone: pl.Series, key: str) -> None:
        self.handle = handle
        self.table = handle.table
        self.info = info
        self.gone = gone.alias(key).to_frame().lazy()
        self.leaving = bool(gone.len())
        self.key = key
        self.base: Snapshot | None = None
        self.index: KeyIndex | None = None
        self.staged: list[Part] = []
        self.writer = PartWriter(handle.table, handle.folder)

    def run(self, batches: Iterable[pa.RecordBatch]) -> Written:
        started = time.perf_counter()
        total = Written(version=self.handle.version())
        try:
            for batch in batches:
                self._stage(accept(self.table, batch))
                # what is gone and what replaces it must become visible together
                if full(self.writer) and not self.leaving:
                    total += self._publish()
            if self.writer.rows or self.leaving:
                total += self._publish()
        except BaseException:
            self.writer.abort()
            discard(self.handle.folder, self.staged)
            raise
        return replace(total, seconds=time.perf_counter() - started)

    def _stage(self, batch: pa.RecordBatch) -> None:
        if self.index is None:
            ensure(self.handle)
            self.base = self.handle.snapshot()
            self.index = KeyIndex(self.table.key, lambda: self._keys(self.base))
        fresh = self.index.unseen(batch)
        if fresh.num_rows:
            self.writer.write(fresh)

    def _publish(self) -> Written:
        self.staged = self.writer.finish()
        for attempt in range(ATTEMPTS):
            now = self.handle.snapshot()
            if now is None:  # nothing to take away, nothing to add
                return Written()
            self._catch_up(now)
            removed, rewritten, deleted = self._without_gone(now)
            if not self.staged and not removed:
                return Written(version=now.version)
            written = commit(
                self.handle, [*rewritten, *self.staged], removed, self.info, deleted, now.version
            )
            if written is not None:
                return self._published(written, rewritten)
            discard(self.handle.folder, rewritten)
            time.sleep(0.005 * attempt)
        raise Retry(f"table {self.table.name}: other writers were faster too often, run again")

    def _published(self, written: Written, rewritten: list[Part]) -> Written:
        self.staged = []
        self.base = self.handle.snapshot()
        if self.index:
            self.index.committed()
        return replace(written, rows=written.rows - sum(part.rows for part in rewritten))

    def _catch_up(self, now: Snapshot) -> None:
        """Drops staged rows that another writer has committed since they were found to be new."""
        if self.base is None or self.index is None or now.version == self.base.version:
            return
        known = set(self.base.files)
        others = [file for file in now.files if file not in known]
        self.base = now
        if not others:
            return
        keys = self._live(others)
        self.index.add_stored(keys)
        staged = reading.scan(self.table, self._paths([part.file for part in self.staged]))
        on = list(self.table.key)
        twice = staged.select(on).join(keys, on=on, how="semi", nulls_equal=True).collect()
        if twice.height:
            old, self.staged = self.staged, self._rewrite(self.staged, twice, on)
            discard(self.handle.folder, old)

    def _without_gone(self, now: Snapshot) -> tuple[list[DataFile], list[Part], int]:
        """The files that hold what is gone, what is to replace them, and how many rows leave."""
        if not self.leaving:
            return [], [], 0
        name = "__file__"
        found = (
            reading.scan(self.table, self._paths(now.files), name)
            .select(self.key, name)
            .join(self.gone, on=self.key, how="semi")
            .group_by(name)
            .len()
            .collect(engine="streaming")
        )
        deleted = dict(found.iter_rows())
        removed = [f for f in now.files if str(self.handle.folder / f.path) in deleted]
        old = [Part(file, 0) for file in removed]
        return removed, self._rewrite(old, self.gone.collect(), [self.key]), sum(deleted.values())

    def _rewrite(self, parts: list[Part], leaving: pl.DataFrame, on: list[str]) -> list[Part]:
        """New files with the rows of `parts` but those in `leaving`."""
        writer = PartWriter(self.table, self.handle.folder)
        try:
            paths = self._paths([part.file for part in parts])
            for batch in reading.batches(self.table, paths, None, 32 << 20):
                keys = pl.DataFrame(batch.select(on)).with_row_index("row")
                stay = keys.join(leaving, on=on, how="anti", nulls_equal=True, maintain_order="left")
                if stay.height:
                    writer.write(batch.take(stay["row"].to_arrow()))
            return writer.finish()
        except BaseException:
            writer.abort()
            raise

    def _keys(self, snapshot: Snapshot | None) -> pl.LazyFrame:
        return self._live(snapshot.files if snapshot else ())

    def _live(self, files: Iterable[DataFile]) -> pl.LazyFrame:
        """The keys in `files`, less those that leave with this write."""
        on = list(self.table.key)
        rows = reading.scan(self.table, self._paths(files)).select({*on, self.key})
        return (rows.join(self.gone, on=self.key, how="anti") if self.leaving else rows).select(on)

    def _paths(self, files: Iterable[DataFile]) -> list[Path]:
        return [self.handle.folder / file.path for file in files]
