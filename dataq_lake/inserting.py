"""Writes that may be repeated: rows by key, once, and differences, each as one atomic change."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import replace

import numpy as np
import polars as pl
import pyarrow as pa

from dataq_lake import reading
from dataq_lake.accepting import gathered
from dataq_lake.committing import Change, commit, ensure
from dataq_lake.compacting import tidy
from dataq_lake.declared_table import BATCH_BYTES
from dataq_lake.difference import Difference
from dataq_lake.errors import FixTheCall, Retry
from dataq_lake.keys import KeyIndex
from dataq_lake.location import Location
from dataq_lake.log_entries import DataFile, Snapshot
from dataq_lake.part_file import Part
from dataq_lake.parts import PartWriter, discard
from dataq_lake.table import TableHandle
from dataq_lake.writing import full
from dataq_lake.written import CommitInfo, Written

ATTEMPTS = 40


def insert_new(
    handle: TableHandle,
    batches: Iterable[pa.RecordBatch],
    info: CommitInfo,
    committed: Callable[[Written], None] | None = None,
) -> Written:
    """Adds the rows whose key is not there, in commits of at least 10,000 rows or 32 MB."""
    nothing = pl.Series([], dtype=pl.String)
    return Insertion(handle, info, nothing, handle.table.key[0], committed).run(batches)


def apply(handle: TableHandle, difference: Difference, info: CommitInfo) -> Written:
    """Takes away what is gone and adds what is new; one commit if anything is gone."""
    key = difference.key or handle.table.key[0]
    if key not in handle.table.schema.names:
        raise FixTheCall(f"table {handle.name} has no column {key} to find what is gone")
    gone = pl.Series("gone", list(difference.gone), dtype=pl.String).unique()
    if gone.len() and handle.table.insert_only:
        raise FixTheCall(f"table {handle.name} is insert-only: its rows do not go")
    return Insertion(handle, info, gone, key).run(difference.new)


class Insertion:
    """One write: what is staged, and the snapshot against which it was found to be new."""

    def __init__(
        self,
        handle: TableHandle,
        info: CommitInfo,
        gone: pl.Series,
        key: str,
        committed: Callable[[Written], None] | None = None,
    ) -> None:
        self.handle = handle
        self.table = handle.table
        self.info = info
        self.committed = committed
        self.gone = gone.alias(key).to_frame()
        self.key = key
        self.base: Snapshot | None = None
        self.index = handle.borrow_keys() or KeyIndex(self.table.key, self.table.schema)
        self.staged: tuple[Part, ...] = ()
        self.writer = PartWriter(handle.table, handle.folder)

    def run(self, batches: Iterable[pa.RecordBatch]) -> Written:
        """Stages and commits `batches`; a failure leaves what was committed and nothing else."""
        total = Written(version=self.handle.version())
        self.index.begin()
        try:
            for batch in gathered(batches, self.table):
                started = time.perf_counter()
                self._stage(batch)
                # what is gone and what replaces it must become visible together
                if full(self.writer) and not self._leaving:
                    total += self._publish()
                total = replace(total, seconds=total.seconds + time.perf_counter() - started)
            if self.writer.rows or self._leaving:
                total += self._publish()
        except BaseException:
            self.writer.abort()
            raise
        self.handle.keep_keys(self.index)
        tidy(self.handle, self.info)
        return total

    @property
    def _leaving(self) -> bool:
        return self.gone.height > 0

    def _stage(self, batch: pa.RecordBatch) -> None:
        if self.base is None:
            ensure(self.handle)
            self.base = self.handle.snapshot()
            self.index.cover(self.base.files if self.base else (), self._keys)
        fresh = self.index.unseen(batch, self._stored)
        if fresh.num_rows:
            self.writer.write(fresh)

    def _publish(self) -> Written:
        self.staged = tuple(self.writer.finish())
        for attempt in range(ATTEMPTS):
            now = self.handle.snapshot()
            if now is None:  # nothing to take away, nothing to add
                return Written()
            self._catch_up(now)
            change = self._change(now)
            if not change.data_change:
                return Written(version=now.version)
            written = commit(self.handle, change, self.info, only_after=now.version)
            if written is not None:
                return self._published(change, written)
            discard(self.handle.folder, change.rewritten)
            time.sleep(0.005 * attempt)
        discard(self.handle.folder, self.staged)
        raise Retry(f"table {self.handle.name}: other writers were faster too often, run again")

    def _published(self, change: Change, written: Written) -> Written:
        self.staged = ()
        self.base = self.handle.snapshot()
        self.index.committed(part.file for part in [*change.new, *change.rewritten])
        if self.committed:
            self.committed(written)
        return written

    def _catch_up(self, now: Snapshot) -> None:
        """Drops staged rows that another writer has committed since they were found to be new."""
        others = self.index.unknown(now.files) if self.staged else []
        if not others:
            return
        self.index.cover(others, self._keys)
        on = list(self.table.key)
        staged = self._keys([part.file for part in self.staged])
        live = self._live(others)
        twice = staged.join(live, on=on, how="semi", nulls_equal=True).collect()
        if twice.height:
            old, self.staged = self.staged, self._without(self.staged, twice)
            discard(self.handle.folder, old)

    def _change(self, now: Snapshot) -> Change:
        """What is staged, and the files that hold what is gone with others in their place."""
        if not self._leaving:
            return Change(self.staged)
        name = "__file__"
        holding = (
            reading.scan(self.table, self._paths(now.files), name)
            .select(self.key, name)
            .join(self.gone.lazy(), on=self.key, how="semi")
            .group_by(name)
            .len()
            .collect(engine="streaming")
        )
        counts = dict(holding.iter_rows())
        removed = tuple(f for f in now.files if str(self.handle.folder / f.path) in counts)
        rewritten = self._without([Part(file, 0) for file in removed], self.gone)
        return Change(self.staged, rewritten, removed, sum(counts.values()))

    def _without(self, parts: Iterable[Part], leaving: pl.DataFrame) -> tuple[Part, ...]:
        """New files with the rows of `parts` but those whose columns are in `leaving`."""
        on = leaving.columns
        writer = PartWriter(self.table, self.handle.folder)
        try:
            paths = self._paths(part.file for part in parts)
            for batch in reading.batches(self.table, paths, None, BATCH_BYTES):
                keys = pl.DataFrame(batch.select(on)).with_row_index("row")
                past = keys.join(leaving, on=on, how="semi", nulls_equal=True)["row"]
                stay = np.ones(batch.num_rows, np.bool_)
                stay[past] = False
                if stay.any():
                    writer.write(batch.filter(pa.array(stay)) if len(past) else batch)
            return tuple(writer.finish())
        except BaseException:
            writer.abort()
            raise

    def _keys(self, files: Iterable[DataFile]) -> pl.LazyFrame:
        return reading.scan(self.table, self._paths(files)).select(self.table.key)

    def _stored(self) -> pl.LazyFrame:
        return self._live(self.base.files if self.base else ())

    def _live(self, files: Iterable[DataFile]) -> pl.LazyFrame:
        """The keys in `files`, less those that leave with this write."""
        on = list(self.table.key)
        rows = reading.scan(self.table, self._paths(files)).select({*on, self.key})
        if self._leaving:
            rows = rows.join(self.gone.lazy(), on=self.key, how="anti")
        return rows.select(on)

    def _paths(self, files: Iterable[DataFile]) -> list[Location]:
        return [self.handle.folder / file.path for file in files]
