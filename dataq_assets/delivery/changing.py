"""What is delivered where a receiver keeps a true copy: rows that are new, changed or gone."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import chain

import polars as pl
import pyarrow as pa

from dataq_assets.delivery.envelope import GONE, ChangePacker, row_hashes
from dataq_assets.delivery.packing import GROUP_ROWS, grouped, together
from dataq_assets.delivery.planned import Lost, Planned
from dataq_assets.delivery.records import SUPERSEDED, Record, Records
from dataq_assets.delivery.selection import Selection, expect_whole, rows_in_order
from dataq_lake.errors import FixTheCall
from dataq_resources.destinations import Destination


class Changing:
    """The difference between what is there now and what each key was sent as last.

    A delivery without an end on record is sent again only as it was. Where one of its rows has
    changed since, or was sent later, it is superseded: what these rows are now goes out instead,
    for nobody knows what the receiver has. So a key's changes go out in order, each run's after
    those of the run before, and none twice in one run.
    """

    def __init__(self, destination: Destination, selection: Selection, records: Records) -> None:
        self._destination, self._selection = destination, selection
        self._key = destination.config.key_column
        self._sequence = records.sequence()
        self._version = selection.version()
        self._records = records
        self._waiting = list(records.waiting())
        known = self._version is not None
        as_it_was = known and self._version == records.watermark(changes=True)
        self._is_to_compare = bool(self._waiting) or not as_it_was
        self.is_likely = self._is_to_compare and known
        self.rows = 0
        self.lost: list[Lost] = []
        self._upserts = self._deletes = pl.Series([], dtype=pl.String)

    def look(self) -> None:
        """Compares what is there with what was sent, unless both are as they were."""
        if self._is_to_compare:
            self._compare()
        self.rows = len(self._upserts) + len(self._deletes)
        self.rows += sum(len(each.row_ids) for each in self._waiting)
        rows = self._selection.rows(self._upserts) if len(self._upserts) else iter(())
        self._groups: Iterator[pa.Table] = grouped(rows, self._destination.config.batch_rows)

    def begin(self) -> None:
        """Reads the first rows."""
        first = next(self._groups, None)
        self._groups = chain([] if first is None else [first], self._groups)

    def again(self, form: str) -> Iterator[list[Planned | Lost]]:
        """Deliveries that were planned before, of the same rows in the same order."""
        packer = ChangePacker(self._destination, form, self._selection.schema())
        for records in together(self._waiting):
            upserts = [() if is_deletion(each) else each.row_ids for each in records]
            found = rows_in_order(self._selection, self._key, upserts)
            yield [self._repeated(packer, *each) for each in zip(records, found, strict=True)]

    def new(self, form: str) -> Iterator[list[Planned]]:
        """New deliveries, a group at a time; deletions first, for they may make room."""
        packer = ChangePacker(self._destination, form, self._selection.schema())
        left = len(self._upserts) + len(self._deletes)
        for keys in self._deletes.to_frame().iter_slices(GROUP_ROWS):
            left -= len(keys)
            yield self._numbered(packer.gone(keys.to_series().to_list(), self._sequence), left)
        for rows in self._groups:
            left -= rows.num_rows
            yield self._numbered(packer.packed(rows, self._sequence), left)

    def _compare(self) -> None:
        now = fingerprints(self._selection.everything(), self._key)
        expect_whole(self._destination.name, self._key, now["key"])
        if now["key"].is_duplicated().any():
            raise FixTheCall(
                f"destination {self._destination.name}: several rows have the same {self._key}: "
                "changes need a key that tells rows apart, so name another one"
            )
        waiting = self._waiting
        fit = repeatable(waiting, now, self._records.sent())
        self._waiting = [each for each in waiting if each.id in fit]
        self.lost = [superseded(each) for each in waiting if each.id not in fit]
        sent = self._records.sent([each.id for each in self.lost])
        self._upserts, self._deletes = differences(now, sent)

    def _repeated(self, packer: ChangePacker, record: Record, rows: pa.Table) -> Planned | Lost:
        if is_deletion(record):
            delivery = packer.same(record.id, record.row_ids, record.sequence or 0, None)
        elif rows.num_rows and row_hashes(rows) == record.row_hashes:
            delivery = packer.same(record.id, record.row_ids, record.sequence or 0, rows)
        else:  # changed within this moment: the next run sees that it was superseded
            return superseded(record)
        return Planned(delivery, record.step)

    def _numbered(self, planned: list[Planned], left: int) -> list[Planned]:
        self._sequence += len(planned)
        if left <= 0 and planned:
            planned[-1] = planned[-1].marked(self._version)
        return planned


def is_deletion(record: Record) -> bool:
    """Whether a delivery tells of rows that are gone: it then tells of nothing else."""
    return record.row_hashes is not None and GONE in record.row_hashes


def superseded(record: Record) -> Lost:
    """The record's end where it cannot be sent as it was."""
    reason = "its rows have changed since: what they are now goes out instead"
    return Lost(record.id, record.step, len(record.row_ids), SUPERSEDED, reason)


def fingerprints(batches: Iterable[pa.RecordBatch], key: str) -> pl.DataFrame:
    """The key and the hash of every row: columns key, hash."""
    found = [pl.DataFrame(schema={"key": pl.String, "hash": pl.String})]
    for batch in batches:
        rows = pa.Table.from_batches([batch])
        keys = pl.Series("key", rows.column(key)).cast(pl.String)
        found.append(pl.DataFrame([keys, pl.Series("hash", row_hashes(rows), pl.String)]))
    return pl.concat(found)


def repeatable(waiting: Iterable[Record], now: pl.DataFrame, sent: pl.DataFrame) -> set[str]:
    """The ids of those deliveries of which every row is as it was, and was not sent later."""
    rows = [
        (each.id, key, hash_, each.sequence)
        for each in waiting
        if each.row_hashes is not None
        for key, hash_ in zip(each.row_ids, each.row_hashes, strict=True)
    ]
    names = {"id": pl.String, "key": pl.String, "was": pl.String, "at": pl.Int64}
    planned = pl.DataFrame(rows, schema=names, orient="row")
    both = planned.join(now, on="key", how="left").join(sent, on="key", how="left", suffix="_sent")
    same = pl.col("hash").fill_null(GONE) == pl.col("was")
    last = pl.col("sequence") == pl.col("at")
    told = both.group_by("id").agg((same & last).fill_null(False).all().alias("fits"))
    return set(told.filter("fits")["id"])


def differences(now: pl.DataFrame, sent: pl.DataFrame) -> tuple[pl.Series, pl.Series]:
    """The keys of rows that are new or changed, and of those that are gone, each sorted."""
    both = now.join(sent, on="key", how="left", suffix="_sent")
    upserts = both.filter(pl.col("hash").ne_missing(pl.col("hash_sent")))["key"]
    gone = sent.join(now, on="key", how="anti")
    deletes = gone.filter(pl.col("hash").ne_missing(pl.lit(GONE)))["key"]
    return upserts.sort(), deletes.sort()
